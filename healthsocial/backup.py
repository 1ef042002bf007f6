"""Backups: one folder with the database, the media and a manifest; the keys in a file of their own.

Whoever finds a backup folder cannot read the encrypted fields without the keys, so the two are never in one place.
`create` and `verify` work on folders; `restore_sqlite` and `restore_postgres` put a database back. The command does
the talking, the lock and the keys.
"""

import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection, transaction

FORMAT = 1
MANIFEST = "manifest.json"
NAMES = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}

# Everything of ours in the schema goes before the dump comes back; both in one transaction.
DROP_ALL = """
DO $body$ DECLARE item record; BEGIN
  FOR item IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema() LOOP
    EXECUTE format('DROP TABLE %I CASCADE', item.tablename);
  END LOOP;
  FOR item IN SELECT p.oid::regprocedure AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = current_schema() AND p.prorettype = 'trigger'::regtype LOOP
    EXECUTE format('DROP FUNCTION %s CASCADE', item.name);
  END LOOP;
END $body$;
"""
# In the transaction of the restore itself: a crash right after it must not leave a database that publishes.
STOP = "UPDATE org_organisation SET publishing_stopped_at = now(), publishing_stopped_why = 'restored from a backup';\n"


class BackupProblem(Exception):
    """A backup cannot be made, trusted or brought back. The text is one sentence and holds no data."""


@dataclass(frozen=True)
class Manifest:
    """What a backup holds. `canary` is a token that only the right keys open; `files` maps a path to size and SHA-256."""

    format: int
    version: str
    created_at: str
    engine: str
    audit_seq: int
    audit_digest: str
    canary: str
    files: dict[str, list[int | str]]


def create(folder: Path) -> Manifest:
    """Write a backup to `folder`, which must not exist; it appears whole or not at all."""
    if folder.exists():
        raise BackupProblem(f"{folder} exists already; a backup never overwrites anything.")
    partial = folder.with_name(folder.name + ".partial")
    partial.parent.mkdir(parents=True, exist_ok=True)
    try:
        partial.mkdir(mode=0o700)
    except FileExistsError as error:
        raise BackupProblem(
            f"{partial} is left over from a backup that was interrupted; remove it and try again."
        ) from error
    try:
        target = partial / NAMES[connection.vendor]
        facts = _copy_sqlite(target) if connection.vendor == "sqlite" else _dump_postgres(target)
        target.chmod(0o600)
        if Path(settings.MEDIA_ROOT).is_dir():
            shutil.copytree(settings.MEDIA_ROOT, partial / "media")
        made = datetime.now(UTC).isoformat(timespec="seconds")
        manifest = Manifest(FORMAT, settings.VERSION, made, connection.vendor, *facts, _digests(partial))
        (partial / MANIFEST).write_text(json.dumps(asdict(manifest), indent=2) + "\n", encoding="utf-8")
        partial.rename(folder)
    except (OSError, sqlite3.Error, DatabaseError) as error:
        raise BackupProblem(f"The backup could not be written: {error}.") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return manifest


def verify(folder: Path) -> Manifest:
    """Read the manifest and compare every file with it; raise BackupProblem on any difference."""
    try:
        manifest = Manifest(**json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise BackupProblem(f"{folder} is not a backup: its {MANIFEST} is missing or damaged.") from error
    if manifest.format != FORMAT or _numbers(manifest.version) > _numbers(settings.VERSION):
        raise BackupProblem(
            f"The backup was made by version {manifest.version}, this is {settings.VERSION}; install that one."
        )
    found = _digests(folder)
    for name in sorted(set(found) | set(manifest.files)):
        if found.get(name) != manifest.files.get(name):
            how = "missing" if name not in found else "not in the manifest" if name not in manifest.files else "changed"
            raise BackupProblem(f"The backup is damaged: {name} is {how}.")
    return manifest


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


def _digests(folder: Path) -> dict[str, list[int | str]]:
    found: dict[str, list[int | str]] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path != folder / MANIFEST:
            with path.open("rb") as handle:
                found[path.relative_to(folder).as_posix()] = [
                    path.stat().st_size,
                    file_digest(handle, "sha256").hexdigest(),
                ]
    return found


# --- SQLite ---------------------------------------------------------------------------------------------------
def _copy_sqlite(target: Path) -> tuple[int, str, str]:
    """Copy the running database with the online backup, check the copy, and read the record's head from the copy."""
    connection.ensure_connection()
    with _sqlite(target) as copy:
        connection.connection.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, no companions
        if copy.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
            raise BackupProblem("The database is damaged (integrity check); the backup was not made.")
        return _facts(copy)


def _facts(cursor: sqlite3.Connection) -> tuple[int, str, str]:
    head = cursor.execute("SELECT seq, digest FROM audit_head WHERE id = 1").fetchone() or (0, "0" * 64)
    canary = cursor.execute("SELECT key_canary FROM org_organisation WHERE id = 1").fetchone() or ("",)
    return head[0], head[1], canary[0]


@contextmanager
def _sqlite(path: Path) -> Iterator[sqlite3.Connection]:
    database = sqlite3.connect(path)
    try:
        yield database
        database.commit()
    finally:
        database.close()


def sqlite_path() -> Path:
    return Path(str(connection.settings_dict["NAME"]))


@contextmanager
def restored_sqlite(folder: Path) -> Iterator[None]:
    """Work on a copy of the backup beside the real database; put it in its place at the end, when nothing was raised.

    Inside the block Django's connection is on the copy, so migrations and the stop of publishing are part of it: a
    crash leaves the old database, or a whole new one that does not publish.
    """
    final = sqlite_path()
    copy = final.with_name(final.name + ".restoring")
    remove_sqlite(copy)
    final.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copyfile(folder / NAMES["sqlite"], copy)
    copy.chmod(0o600)
    connection.close()
    connection.settings_dict["NAME"] = copy
    try:
        yield
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        remove_sqlite(final)
        copy.rename(final)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = final
        remove_sqlite(copy)


def remove_sqlite(path: Path) -> None:
    for companion in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + companion).unlink(missing_ok=True)


# --- PostgreSQL -----------------------------------------------------------------------------------------------
def _dump_postgres(target: Path) -> tuple[int, str, str]:
    """Dump a snapshot, and read the record's head from the same snapshot."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("SELECT pg_export_snapshot()")
        snapshot = cursor.fetchone()[0]
        cursor.execute("SELECT seq, digest FROM audit_head WHERE id = 1")
        head = cursor.fetchone() or (0, "0" * 64)
        cursor.execute("SELECT key_canary FROM org_organisation WHERE id = 1")
        canary = (cursor.fetchone() or ("",))[0]
        _client(
            "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", f"--file={target}"
        )
    return head[0], head[1], canary


def restore_postgres(folder: Path) -> None:
    """Replace everything in the schema by the dump, in one transaction that also stops publishing."""
    script = Path(settings.DATA_DIR) / "restoring.sql"
    descriptor = os.open(script, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
            handle.write(DROP_ALL)
            handle.flush()
            _client(
                "pg_restore",
                "--no-owner",
                "--no-privileges",
                "--file=-",
                str(folder / NAMES["postgresql"]),
                stdout=handle.fileno(),
            )
            handle.seek(0, os.SEEK_END)
            handle.write("RESET search_path;\n" + STOP)  # the dump empties the search path
        connection.close()
        _client(
            "psql",
            "--quiet",
            "--no-psqlrc",
            "--single-transaction",
            "--set=ON_ERROR_STOP=1",
            f"--file={script}",
            stdout=subprocess.DEVNULL,
        )
    finally:
        script.unlink(missing_ok=True)


def others_connected() -> int:
    """How many other sessions use the PostgreSQL database (web, workers, dispatch; also on other machines)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        )
        return int(cursor.fetchone()[0])


def _client(program: str, *arguments: str, stdout: int | None = None) -> None:
    """Run one of PostgreSQL's programs on the configured database; the password travels in the environment."""
    path = shutil.which(program)
    if path is None:
        raise BackupProblem(
            f"{program} is not installed; install PostgreSQL's client programs (Debian: postgresql-client)."
        )
    facts = connection.settings_dict
    names = {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "USER", "PGPASSWORD": "PASSWORD", "PGDATABASE": "NAME"}
    env = {**os.environ, **{variable: str(facts[key]) for variable, key in names.items() if facts[key]}}
    options = facts.get("OPTIONS") or {}
    encryption = {"sslmode", "sslrootcert", "sslcert", "sslkey"} & set(options)
    env.update({f"PG{name.upper()}": str(options[name]) for name in encryption})
    done = subprocess.run([path, *arguments], env=env, stdout=stdout, stderr=subprocess.PIPE, check=False)  # noqa: S603
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        # Only the first line: later ones may quote rows.
        raise BackupProblem(f"{program} failed: {said[0][:300] if said else f'exit code {done.returncode}'}")
