"""`make run` as a person meets it: start, second start, crash, stop, kill -9. Real processes."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from healthsocial import datalock
from healthsocial.supervisor import guard
from healthsocial.supervisor.children import BASE
from tests.run.machine import SECONDS, Machine, environment, free_port, living, python

pytestmark = pytest.mark.processes

ORDER = ["beat", "dispatch", "worker", "web", "redis"]


def start_and_fail(data: Path, **more: str) -> str:
    """Start where it cannot work; return the one sentence."""
    done = subprocess.run(
        [sys.executable, "-m", "healthsocial.supervisor"],
        cwd=BASE,
        text=True,
        capture_output=True,
        check=False,
        timeout=SECONDS,
        env=environment(data, **{"PORT": str(free_port()), **more}),
    )
    assert done.returncode == 1, done
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 1, done.stdout
    return done.stdout.strip()


def health(port: int) -> dict[str, object]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/healthz")
    answer = connection.getresponse()
    assert answer.status == 200
    facts: dict[str, object] = json.loads(answer.read())
    connection.close()
    return facts


def test_from_nothing_to_ready_through_a_crash_to_a_stop_in_order(short: Path, tmp_path: Path) -> None:
    data = short / "data"
    with Machine(data) as machine:
        machine.until("HealthSocial is ready")
        assert any("create_first_admins" in line for line in machine.lines)
        facts = health(machine.port)
        assert (facts["database"], facts["redis"]) == ("ok", {"configured": True, "ok": True})
        assert not [path for path in data.rglob("*") if path.stat().st_mode & 0o077], "data is private"

        assert start_and_fail(data) == (
            f"HealthSocial already runs on {data} (process {machine.process.pid}, http://127.0.0.1:{machine.port}); stop it first."
        )
        assert start_and_fail(tmp_path / "other", PORT=str(machine.port)).startswith(
            f"Port {machine.port} on 127.0.0.1 is taken"
        )

        first = machine.pid_of("gunicorn")
        os.kill(first, signal.SIGKILL)
        machine.until("web ended (signal SIGKILL); it starts again in 1 s")
        end = time.monotonic() + 30
        while time.monotonic() < end:
            try:
                facts = health(machine.port)
                break
            except OSError:
                time.sleep(0.1)
        assert facts["database"] == "ok"
        assert machine.pid_of("gunicorn") != first

        machine.process.send_signal(signal.SIGINT)
        assert machine.process.wait(45) == 0
    said = [line.split()[0] for line in machine.lines if line.split()[1:2] == ["stopped"]]
    assert said == ORDER
    assert living(data) == {}


def test_kill_9_leaves_no_orphan_and_a_new_start_works(prepared: Path) -> None:
    with Machine(prepared) as machine:
        machine.until("HealthSocial is ready")
        os.kill(machine.pid_of("guard.py"), signal.SIGKILL)  # even that must not matter
        machine.until_there(10)  # supervisor, a new guard, redis, 2 web, dispatch, 3 of the worker, beat
        machine.process.kill()
        machine.process.wait()
        machine.until_gone()
    os.close(datalock.take(prepared))


def test_a_damaged_database_is_one_sentence(prepared: Path) -> None:
    path = prepared / "healthsocial.sqlite3"
    content = bytearray(path.read_bytes())
    content[4096:40960] = b"\xa5" * (40960 - 4096)
    path.write_bytes(content)
    assert start_and_fail(prepared) == (
        f"The database file {path} is damaged; bring the last backup back with `manage.py restore BACKUP --replace`."
    )


def test_wrong_settings_are_one_sentence(prepared: Path) -> None:
    assert start_and_fail(prepared, DEMO="yes") == "DEMO must be True, False, 1 or 0, not 'yes'."
    assert "HEALTHSOCIAL_SECRET_KEY must be set" in start_and_fail(prepared, HEALTHSOCIAL_ENV="production")
    assert "does not answer" in start_and_fail(prepared, DATABASE_URL="postgres://nobody@127.0.0.1:1/none")
    (prepared / "keys" / "field.keys").unlink()
    assert "field.keys is missing" in start_and_fail(prepared)


def test_a_taken_port_is_found_before_anything_is_written(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert start_and_fail(tmp_path / "data", PORT=str(port)).startswith(f"Port {port} on 127.0.0.1 is taken")
    assert not (tmp_path / "data" / "healthsocial.sqlite3").exists()


def test_the_guard_ends_what_does_not_want_to_end() -> None:
    stubborn = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(60)",
        ],
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert stubborn.stdout is not None
    stubborn.stdout.readline()
    guard.clean_up([stubborn.pid], grace=0.2)
    assert stubborn.wait(5) == -signal.SIGKILL
    stubborn.stdout.close()


CUT_OFF = """
import os, signal
from pathlib import Path
import django
django.setup()
from django.db import connection
from healthsocial.supervisor import prepare

def cut(execute, sql, *rest):
    if sql.startswith("CREATE TRIGGER"):
        os.kill(os.getpid(), signal.SIGKILL)
    return execute(sql, *rest)

with connection.execute_wrapper(cut):
    prepare.database(Path(os.environ["HEALTHSOCIAL_DATA"]))
"""


def test_a_migration_that_was_cut_off_is_brought_to_its_end(short: Path) -> None:
    """Killed when the tables stand and the triggers do not: the next start installs them and goes on."""
    killed = python(short, CUT_OFF, DJANGO_SETTINGS_MODULE="healthsocial.settings")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    mark = short / "run" / "migrating"
    assert mark.exists()
    with Machine(short) as machine:
        machine.until("HealthSocial is ready")
    assert not mark.exists()


def test_control_triggers_that_are_missing_for_no_known_reason_stop_the_start(short: Path) -> None:
    assert python(short, CUT_OFF, DJANGO_SETTINGS_MODULE="healthsocial.settings").returncode == -signal.SIGKILL
    (short / "run" / "migrating").unlink()
    assert "is missing or was changed. Run manage.py migrate" in start_and_fail(short)


AHEAD = """
import django
django.setup()
from datetime import UTC, datetime
from healthsocial.audit.models import Event
Event.objects.create(
    seq=1, at=datetime(2999, 1, 1, tzinfo=UTC), verb="test.ahead", actor_kind="system", actor_name="x", body="{}", digest="1"
)
from healthsocial.supervisor import prepare
prepare._look_at_the_clock()
"""


def test_a_clock_behind_the_record_is_said_at_the_start(prepared: Path) -> None:
    done = python(prepared, AHEAD, DJANGO_SETTINGS_MODULE="healthsocial.settings")
    assert done.stderr == ""
    assert "but the last recorded event is of 2999-01-01 00:00 UTC: look at the clock of the machine." in done.stdout


def test_control_a_clock_that_agrees_is_not_spoken_of(prepared: Path) -> None:
    done = python(prepared, AHEAD.replace("2999", "1999"), DJANGO_SETTINGS_MODULE="healthsocial.settings")
    assert (done.stderr, done.stdout) == ("", "")
