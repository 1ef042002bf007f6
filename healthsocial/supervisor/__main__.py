"""`python -m healthsocial.supervisor`: look, prepare, start, watch, stop. Exit code 0 after a stop, 1 after a sentence."""

import errno
import http.client
import os
import shutil
import signal
import socket
import sys
import time
from pathlib import Path
from types import FrameType

from healthsocial import datalock
from healthsocial.supervisor import children, preflight, prepare
from healthsocial.supervisor.loop import Loop
from healthsocial.supervisor.problem import Problem, say

READY_SECONDS = 60.0
REDIS_SECONDS = 10.0


def main() -> int:
    os.umask(0o077)
    for number in (signal.SIGINT, signal.SIGTERM):  # also in a script's background, where Ctrl-C is ignored
        signal.signal(number, _interrupt)
    data = Path(os.environ.get("HEALTHSOCIAL_DATA") or children.BASE / "var").resolve()
    try:
        return _run(data)
    except (Problem, datalock.DataInUse) as problem:
        say(str(problem))
    except OSError as error:
        if error.errno == errno.ENOSPC:
            say(preflight.full(data))
        else:
            say(f"The start stopped at {error.filename or data}: {error.strerror}.")
    except KeyboardInterrupt:
        say("Stopped before it was ready.")
        return 130
    return 1


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _run(data: Path) -> int:
    begin = time.monotonic()
    host = os.environ.get("HOST") or "127.0.0.1"
    port = preflight.port_number(os.environ.get("PORT") or "8000")
    address = f"http://{_visible(host)}:{port}"
    preflight.data_folder(data)
    os.environ["HEALTHSOCIAL_DATA"] = str(data)
    os.environ.setdefault("HEALTHSOCIAL_URL", address)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "healthsocial.settings")
    held = datalock.take(data, address=address)
    preflight.free_port(host, port)
    prepare.database(data)
    logins = prepare.logins()
    loop = Loop(_environment(), held)
    scratch = preflight.redis_folder(datalock.run_folder(data))
    try:
        _start_all(loop, data, scratch, host, port)
        if not loop.wait_until(lambda: _answers(host, port), READY_SECONDS) and not loop.stops:
            raise Problem(
                f"The web server did not answer within {READY_SECONDS:.0f} seconds; its last lines are above."
            )
        if not loop.stops:
            took = time.monotonic() - begin
            say(f"HealthSocial is ready after {took:.1f} s: {os.environ['HEALTHSOCIAL_URL']} (Ctrl-C stops it)")
            if logins:
                say(logins)
            loop.run()
    finally:
        loop.stop()
        shutil.rmtree(scratch, ignore_errors=True)
    return 0


def _visible(host: str) -> str:
    if host in {"0.0.0.0", "::"}:  # noqa: S104  (comparing, not binding)
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _environment() -> dict[str, str]:
    """What the processes see."""
    env = dict(os.environ)
    env["PYTHONUNBUFFERED"] = "1"
    # Celery advises against running as root at every start; in a container there is nobody else.
    env.setdefault("PYTHONWARNINGS", "ignore:You're running the worker with superuser privileges")
    return env


def _start_all(loop: Loop, data: Path, scratch: Path, host: str, port: int) -> None:
    broker = bool(loop.env.get("REDIS_URL") or loop.env.get("REDIS_URL_FILE"))
    if not broker:
        broker = _start_redis(loop, scratch, datalock.run_folder(data) / "redis.log")
    if loop.stops:
        return
    pool = bool(loop.env.get("DATABASE_URL") or loop.env.get("DATABASE_URL_FILE"))
    loop.start(children.web(host, port, pool=pool))
    loop.start(children.dispatch())
    if broker:
        schedule = datalock.run_folder(data) / "beat-schedule"
        for leftover in schedule.parent.glob("beat-schedule*"):
            leftover.unlink()  # says when tasks ran last; a torn one would keep beat from starting
        loop.start(children.worker())
        loop.start(children.beat(schedule))


def _start_redis(loop: Loop, folder: Path, log: Path) -> bool:
    """Start the private Redis; without one everything still works, because dispatch does the work itself."""
    program = preflight.redis_program()
    if not program:
        say("There is no redis-server or valkey-server here: dispatch does the work of the worker, a little later.")
        return False
    path = folder / "redis.sock"
    log.unlink(missing_ok=True)
    loop.start(children.redis(program, folder, log))
    try:
        alive = loop.wait_until(lambda: _pong(path), REDIS_SECONDS)
    except Problem:
        alive = False
    if not alive and not loop.stops:
        say(f"Redis did not start (see {log}): dispatch does the work of the worker, a little later.")
        loop.drop("redis")
        return False
    loop.env["REDIS_URL"] = f"unix://{path}"
    return True


def _pong(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(1)
        try:
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def _answers(host: str, port: int) -> bool:
    """True when /healthz says that the web server reaches the database."""
    connection = http.client.HTTPConnection(_visible(host).strip("[]"), port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
