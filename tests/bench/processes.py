"""Processes: how soon the first page comes, and how much memory they hold, beside bare Django and bare Celery."""

import contextlib
import http.client
import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tests.bench.places import BASE, Absent, Place, Places, end, wait_for
from tests.bench.side import Steps, sides
from tests.bench.table import Row, at_most, ratios

ROUNDS = 5
BARE = "tests.bench.bare.settings"
SETUP = (
    sys.executable,
    "-c",
    "import django; django.setup(); from django.urls import get_resolver; get_resolver().url_patterns",
)


def start() -> Iterator[Row]:
    """From the start of gunicorn to the first page; and the processor time of loading everything."""
    with Places() as places:
        mine, other, _cookie, _post = _two(places)
        found, loaded = [], []
        for _round in range(ROUNDS):
            found.append((_first_page(mine, "healthsocial.wsgi", "/account/login/"), _first_page(other, _WSGI, "/")))
            loaded.append((_cpu(SETUP, mine.env), _cpu(SETUP, other.env)))
        name = "cold start of the web process to its first page / bare Django"
        note = f"{sorted(one for one, _other in found)[len(found) // 2]:.2f} s"
        yield Row(name, ratios(*zip(*found, strict=True)), at_most(2.5), note=note)
        yield Row("loading apps and addresses / bare Django, processor time", ratios(*zip(*loaded, strict=True)))


def memory() -> Iterator[Row]:
    """Proportional set size: what processes share is counted once. Checks (spaCy) are said apart."""
    if not Path("/proc/self/smaps_rollup").exists():
        raise Absent("this system does not say what a process shares (no /proc/…/smaps_rollup)")
    with Places() as places:
        mine, other, cookie, post = _two(places)
        found = []
        for _round in range(3):
            pages = ("/", "/review/", f"/posts/{post}/")
            one = _serving(mine, "healthsocial.wsgi", pages, cookie)
            found.append((one, _serving(other, _WSGI, ("/", "/one/500/", "/"), "")))
        yield _memory_row("memory of the web process / bare Django under gunicorn", found)
        broker = places.redis()
        mine.extra["REDIS_URL"] = broker
        other.extra["BENCH_BROKER"] = "redis+socket://" + broker.removeprefix("unix://")
        found = []
        for _round in range(3):
            found.append((_working(mine, "healthsocial"), _working(other, "tests.bench.bare.celery_app")))
        yield _memory_row("memory of a worker (two processes) / bare Celery with Django", found)
        with sides(("tests.bench.processes:checker", mine.env)) as (side,):
            yield Row("checks loaded: spaCy and the packs, per process that checks", (side.ask("loaded"),), unit="MB")


_WSGI = "tests.bench.bare.wsgi"


def _memory_row(name: str, found: list[tuple[float, float]]) -> Row:
    one, other = sorted(found)[len(found) // 2]
    return Row(name, ratios(*zip(*found, strict=True)), at_most(1.5), note=f"{one:.0f} and {other:.0f} MB")


def _two(places: Places) -> tuple[Place, Place, str, str]:
    """Both projects on SQLite with rows in them; a session and a post of ours."""
    mine, other = places.migrated("sqlite"), places.empty("sqlite")
    other.extra["DJANGO_SETTINGS_MODULE"] = BARE
    with sides(("tests.bench.pages:build", mine.env), ("tests.bench.bare.side:pages", other.env)) as (ours, _theirs):
        ours.ask("thousand")
        cookie, post = ours.ask("cookie")
    return mine, other, cookie, post


@contextlib.contextmanager
def _gunicorn(place: Place, application: str) -> Iterator[tuple[int, int]]:
    """The server as the supervisor starts it; yields its process and port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = "--worker-class gthread --workers 1 --threads 8 --no-control-socket --log-level critical --bind"
    command = [sys.executable, "-m", "gunicorn", application, *options.split(), f"127.0.0.1:{port}"]
    process = subprocess.Popen(command, cwd=BASE, env={**os.environ, **place.env}, stdout=subprocess.DEVNULL)
    try:
        yield process.pid, port
    finally:
        end(process)


def _get(port: int, path: str, cookie: str = "") -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers={"Cookie": cookie} if cookie else {})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status}")
        return True
    except ConnectionRefusedError:
        return False
    finally:
        connection.close()


def _first_page(place: Place, application: str, path: str) -> float:
    begin = time.perf_counter()
    with _gunicorn(place, application) as (_pid, port):
        wait_for(lambda: _get(port, path), 60)
        return time.perf_counter() - begin


def _cpu(command: tuple[str, ...], env: Mapping[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=BASE, env={**os.environ, **env}, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _serving(place: Place, application: str, paths: tuple[str, ...], cookie: str) -> float:
    with _gunicorn(place, application) as (pid, port):
        wait_for(lambda: _get(port, paths[0], cookie), 60)
        for _n in range(10):
            for path in paths:
                _get(port, path, cookie)
        return megabytes(pid)


def _working(place: Place, application: str) -> float:
    options = "worker --concurrency 2 --without-gossip --without-mingle --loglevel ERROR"
    command = [sys.executable, "-m", "celery", "--quiet", "-A", application, *options.split()]
    process = subprocess.Popen(command, cwd=BASE, env={**os.environ, **place.env}, stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: len(_tree(process.pid)) == 3, 60)
        _settled(lambda: megabytes(process.pid))
        return megabytes(process.pid)
    finally:
        end(process)


def _settled(size: Callable[[], float]) -> None:
    """Until it grows no more: a worker goes on loading after its children are there."""
    before, limit = 0.0, time.monotonic() + 40
    while abs(size() - before) > 0.5 and time.monotonic() < limit:
        before = size()
        time.sleep(1.5)


def megabytes(pid: int) -> float:
    """Proportional set size of a process and all below it."""
    total = 0
    for member in _tree(pid):
        for text in Path(f"/proc/{member}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if text.startswith("Pss:"):
                total += int(text.split()[1])
    return total / 1024


def _tree(pid: int) -> list[int]:
    below = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [pid, *(member for child in below for member in _tree(int(child)))]


# --- side ----------------------------------------------------------------------------------------------------------
def checker() -> Steps:
    import django

    django.setup()

    def loaded() -> float:
        from tests.bench.checks import check, text

        before = megabytes(os.getpid())
        check(text(280))
        return megabytes(os.getpid()) - before

    return {"loaded": loaded}
