"""Backup and restore, there and back again, on real data folders (and on PostgreSQL when the suite runs on it)."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from healthsocial import datalock
from healthsocial.backup import BackupProblem, verify
from tests.run.machine import manage, python

pytestmark = pytest.mark.processes
SERVER = os.environ.get("DATABASE_URL", "")
ENGINES = ["sqlite", "postgresql"] if SERVER else ["sqlite"]

PREPARE = """
import sys, django; django.setup()
from pathlib import Path
from django.conf import settings
from django.core.management import call_command
call_command("migrate", verbosity=0)
call_command("create_first_admins", "ada@example.org", "bo@example.org", stdout=open("/dev/null", "w"))
from compliance.models import Subject
from healthsocial.org.models import User
from healthsocial import clock
ada = User.objects.get(email="ada@example.org")
Subject.objects.create(token="P-TEST1", name="Jo Example", created_by=ada, created_at=clock.now())
Path(settings.MEDIA_ROOT).mkdir(); (Path(settings.MEDIA_ROOT) / "picture.jpg").write_bytes(b"picture")
call_command("backup", sys.argv[1], "--keys", sys.argv[2])
"""
LOOK = """
import json, django; django.setup()
from pathlib import Path
from django.conf import settings
from django.core.management import call_command
from compliance.models import Subject
from healthsocial.audit.models import Event
from healthsocial.audit import triggers
from healthsocial.org.models import Organisation
call_command("verify_audit", stdout=open("/dev/null", "w"))
stop = Event.objects.get(verb="publishing.stopped")
print(json.dumps({
    "name": Subject.objects.get().name, "media": (Path(settings.MEDIA_ROOT) / "picture.jpg").read_text(),
    "stopped": Organisation.objects.get().publishing_stopped_at is not None, "missing": triggers.missing(),
    "event": json.loads(stop.body)["data"], "before": stop.seq - 1,
}))
"""


@pytest.fixture(params=ENGINES)
def databases(request: pytest.FixtureRequest) -> Iterator[list[dict[str, str]]]:
    """The environments of two empty databases."""
    more = {"DJANGO_SETTINGS_MODULE": "healthsocial.settings"}
    if request.param == "sqlite":
        yield [more, more]
        return
    names = [f"hs_run_{uuid4().hex[:10]}" for _ in range(2)]
    with psycopg.connect(SERVER, autocommit=True) as server:
        for name in names:
            server.execute(f'CREATE DATABASE "{name}"')
        try:
            yield [{**more, "DATABASE_URL": SERVER.rsplit("/", 1)[0] + f"/{name}"} for name in names]
        finally:
            for name in names:
                server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def run(data: Path, code: str, *arguments: str, more: dict[str, str]) -> str:
    done = python(data, f"import sys; sys.argv[1:] = {list(arguments)!r}\n{code}", **more)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(data: Path, *arguments: str, more: dict[str, str]) -> str:
    """Run a restore that must not work; return its one sentence."""
    done = manage(data, "restore", *arguments, **more)
    assert done.returncode == 1, done
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr.strip().removeprefix("CommandError: ")


def test_there_and_back_again(databases: list[dict[str, str]], tmp_path: Path) -> None:
    old, new, folder, keys = tmp_path / "old", tmp_path / "new", tmp_path / "backup", tmp_path / "keys"
    run(old, PREPARE, str(folder), str(keys), more=databases[0])
    manifest = json.loads((folder / "manifest.json").read_text())
    assert keys.read_text() == (old / "keys" / "field.keys").read_text()
    assert (keys.stat().st_mode | folder.stat().st_mode) & 0o077 == 0
    assert not [path for path in folder.rglob("*") if path.is_file() and keys.read_bytes().strip() in path.read_bytes()]

    assert refused(new, str(folder), more=databases[1]).startswith("These keys do not open the backup")
    done = manage(new, "restore", str(folder), "--keys", str(keys), **databases[1])
    assert done.returncode == 0, done.stderr
    assert "manage.py resume_publishing --by EMAIL" in done.stdout
    assert json.loads(run(new, LOOK, more=databases[1])) == {
        "name": "Jo Example",
        "media": "picture",
        "stopped": True,
        "missing": [],
        "before": manifest["audit_seq"],
        "event": {"restored_seq": manifest["audit_seq"], "replaced_seq": None, "checkpoint": None},
    }

    assert refused(new, str(folder), more=databases[1]) == "There is a database already; --replace replaces it."
    held = datalock.take(new)
    assert "already runs on" in refused(new, str(folder), "--replace", more=databases[1])
    os.close(held)
    kept = manage(new, "audit_checkpoint", **databases[1])
    assert kept.returncode == 0, kept.stderr
    checkpoint = json.loads(kept.stdout.splitlines()[1])
    assert manage(new, "restore", str(folder), "--replace", **databases[1]).returncode == 0
    looked = json.loads(run(new, LOOK, more=databases[1]))
    assert looked["event"]["replaced_seq"] == manifest["audit_seq"] + 1
    assert looked["event"]["checkpoint"] == f"{checkpoint['seq']}:{checkpoint['digest']}"
    again = manage(new, "audit_checkpoint", **databases[1])
    assert (again.returncode, "does not hold its last checkpoint" in again.stderr) == (1, True), again


def test_a_damaged_backup_is_not_brought_back(migrated: Path, tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    assert manage(migrated, "backup", str(folder)).returncode == 0
    again = manage(migrated, "backup", str(folder))
    assert again.stderr == f"CommandError: {folder} exists already; a backup never overwrites anything.\n"
    inside = manage(migrated, "backup", str(tmp_path / "b"), "--keys", str(tmp_path / "b" / "keys"))
    assert "must not be inside the backup" in inside.stderr

    with (folder / "database.sqlite3").open("r+b") as handle:
        handle.seek(5000)
        handle.write(b"x")
    assert refused(tmp_path / "new", str(folder), more={}) == "The backup is damaged: database.sqlite3 is changed."
    assert not (tmp_path / "new" / "healthsocial.sqlite3").exists()
    (folder / "extra").touch()
    (folder / "database.sqlite3").unlink()
    with pytest.raises(BackupProblem, match=r"damaged: database\.sqlite3 is missing"):
        verify(folder)
    (folder / "manifest.json").unlink()
    with pytest.raises(BackupProblem, match=r"is not a backup: its manifest\.json is missing"):
        verify(folder)


def test_a_damaged_database_is_replaced_and_kept_aside(prepared: Path, tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    assert manage(prepared, "backup", str(folder)).returncode == 0
    path = prepared / "healthsocial.sqlite3"
    shutil.copyfile("/bin/sh", path)
    assert "There is a database already" in refused(prepared, str(folder), more={})
    done = manage(prepared, "restore", str(folder), "--replace")
    assert done.returncode == 0, done.stderr
    aside = next(prepared.glob("before-restore-*"))
    assert (aside / path.name).read_bytes() == Path("/bin/sh").read_bytes()
    assert manage(prepared, "check", "--database", "default").returncode == 0
