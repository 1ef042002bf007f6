"""Databases and a broker for the time of one run. Nothing of the person's own data is read or written."""

import contextlib
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

BASE = Path(__file__).resolve().parents[2]
LOOPBACK = "postgres://postgres@127.0.0.1:5432/postgres"
_numbers = itertools.count(1)


class Absent(Exception):
    """Something a row needs is not on this machine; the message is what the table says."""


def say(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


def postgres_server() -> str:
    """The address of a PostgreSQL server where databases may be made."""
    url = os.environ.get("DATABASE_URL") or LOOPBACK
    server = url.rpartition("/")[0] + "/postgres"
    try:
        with psycopg.connect(server, connect_timeout=2, autocommit=True) as connection:
            row = connection.execute("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user")
            if row.fetchone() != (True,):
                raise Absent("the PostgreSQL user may not make databases")
    except psycopg.Error as error:
        raise Absent("no PostgreSQL server answers (DATABASE_URL)") from error
    return server


def best_engine() -> str:
    """PostgreSQL where it answers, else SQLite."""
    try:
        postgres_server()
    except Absent:
        return "sqlite"
    return "postgres"


def redis_program() -> str:
    from healthsocial.supervisor import preflight

    found = preflight.redis_program()
    if not found:
        raise Absent("no redis-server program")
    return str(found)


@dataclass
class Place:
    """A data folder, a database, and the environment that leads to both."""

    folder: Path
    url: str = ""  # empty: SQLite in the folder
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def env(self) -> dict[str, str]:
        return {
            "HEALTHSOCIAL_ENV": "local",
            "HEALTHSOCIAL_DATA": str(self.folder),
            "DATABASE_URL": self.url,
            "REDIS_URL": "",
            "DJANGO_SETTINGS_MODULE": "tests.bench.settings",
            "PYTHONPATH": str(BASE),
            "PYTHONWARNINGS": "ignore",
            "HEALTHSOCIAL_LOG_LEVEL": "ERROR",
            **self.extra,
        }


class Places:
    """Makes places and takes all of them away again. A database is migrated once per engine and then copied."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="healthsocial-bench-"))
        self._stack = contextlib.ExitStack()
        self._migrated: dict[str, Place] = {}
        self._databases: list[str] = []

    def __enter__(self) -> "Places":
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()
        for name in reversed(self._databases):
            with psycopg.connect(postgres_server(), autocommit=True) as connection:
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        shutil.rmtree(self.root, ignore_errors=True)

    def migrated(self, engine: str) -> Place:
        """A place of its own with empty tables. `engine` is sqlite or postgres."""
        if engine not in self._migrated:
            place = self.empty(engine)
            say(f"migrating a temporary {engine} database")
            run_manage(place.env, "migrate", "--verbosity", "0")
            self._migrated[engine] = place
        return self.copy(self._migrated[engine])

    def empty(self, engine: str) -> Place:
        folder = self._folder()
        return Place(folder, self._database() if engine == "postgres" else "")

    def copy(self, place: Place) -> Place:
        """The same rows once more. Nobody may be connected to the first one."""
        folder = self._folder()
        shutil.copytree(place.folder, folder, dirs_exist_ok=True)
        return Place(folder, self._database(template=place.url.rpartition("/")[2]) if place.url else "")

    def redis(self) -> str:
        """The address of a private broker, which ends with the run."""
        program, folder = redis_program(), self._folder()
        socket = folder / "redis.sock"
        server = subprocess.Popen(
            [
                program,
                "--port",
                "0",
                "--unixsocket",
                str(socket),
                "--dir",
                str(folder),
                "--save",
                "",
                "--daemonize",
                "no",
            ],
            stdout=subprocess.DEVNULL,
        )
        self._stack.callback(end, server)
        wait_for(socket.exists, 10)
        return f"unix://{socket}"

    def keep(self, process: "subprocess.Popen[bytes]") -> None:
        """End this process with the run, if nobody did before."""
        self._stack.callback(end, process)

    def _folder(self) -> Path:
        folder = self.root / str(next(_numbers))
        folder.mkdir()
        return folder

    def _database(self, template: str = "template1") -> str:
        server = postgres_server()
        name = f"healthsocial_bench_{os.getpid()}_{next(_numbers)}"
        with psycopg.connect(server, autocommit=True) as connection:
            words = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
            connection.execute(words.format(sql.Identifier(name), sql.Identifier(template)))
        self._databases.append(name)
        return server.rpartition("/")[0] + "/" + name


def run_manage(env: Mapping[str, str], *arguments: str) -> None:
    subprocess.run(
        [sys.executable, str(BASE / "manage.py"), *arguments], cwd=BASE, env={**os.environ, **env}, check=True
    )


def end(process: "subprocess.Popen[bytes]", grace: float = 15) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=grace)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(true: "object", seconds: float, pause: float = 0.02) -> None:
    """Until `true()`; an error after so many seconds."""
    assert callable(true)
    limit = time.monotonic() + seconds
    while not true():
        if time.monotonic() > limit:
            raise TimeoutError("waited in vain")
        time.sleep(pause)
