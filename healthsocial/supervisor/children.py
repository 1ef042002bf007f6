"""What runs: the command of each process, and how it is started so that it cannot outlive the supervisor."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

BASE = Path(__file__).resolve().parent.parent.parent
STOP_ORDER = ("beat", "dispatch", "worker", "web", "redis")
PR_SET_PDEATHSIG = 1
KEEP_CONNECTION = "300"  # seconds; PostgreSQL only


@dataclass(frozen=True)
class Spec:
    """A process to keep alive. `grace` is how many seconds it gets between SIGTERM and SIGKILL."""

    name: str
    command: tuple[str, ...]
    grace: float
    env: dict[str, str] = field(default_factory=dict)
    socket: Path | None = None  # a process whose socket is gone is no use, and is started again


def redis(program: str, folder: Path, log: Path) -> Spec:
    """A private server on a unix socket; no TCP port. The append-only file keeps the queue over its own crash."""
    return Spec(
        "redis",
        (
            program,
            "--port",
            "0",
            "--unixsocket",
            str(folder / "redis.sock"),
            "--unixsocketperm",
            "700",
            "--dir",
            str(folder),
            "--appendonly",
            "yes",
            "--save",
            "",
            "--maxmemory-policy",
            "noeviction",
            "--daemonize",
            "no",
            "--loglevel",
            "notice",
            "--logfile",
            str(log),
        ),
        10,
        socket=folder / "redis.sock",
    )


def web(host: str, port: int, *, pool: bool) -> Spec:
    """`pool`: keep database connections between requests. Web only: Celery would share the pool across forks."""
    bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return Spec(
        "web",
        (
            sys.executable,
            "-m",
            "gunicorn",
            "healthsocial.wsgi:application",
            "--worker-class",
            "gthread",
            "--workers",
            "1",
            "--threads",
            "8",
            "--bind",
            bind,
            "--timeout",
            "60",
            "--graceful-timeout",
            "10",
            "--no-control-socket",
            "--log-level",
            "warning",
        ),
        15,
        {"HEALTHSOCIAL_DB_POOL": "1"} if pool else {},
    )


def dispatch() -> Spec:
    # A delivery on its way waits for its network; it is cut off only when that takes longer than promised.
    return Spec("dispatch", (sys.executable, "manage.py", "dispatch"), 35, {"HEALTHSOCIAL_DB_MAX_AGE": KEEP_CONNECTION})


def worker() -> Spec:
    return Spec(
        "worker",
        (
            sys.executable,
            "-m",
            "celery",
            "--quiet",
            "-A",
            "healthsocial",
            "worker",
            "--concurrency",
            "2",
            "--without-gossip",
            "--without-mingle",
            "--loglevel",
            "WARNING",
        ),
        35,
        {"HEALTHSOCIAL_DB_MAX_AGE": KEEP_CONNECTION},
    )


def beat(schedule: Path) -> Spec:
    return Spec(
        "beat",
        (
            sys.executable,
            "-m",
            "celery",
            "--quiet",
            "-A",
            "healthsocial",
            "beat",
            "--schedule",
            str(schedule),
            "--pidfile",
            "",
            "--loglevel",
            "WARNING",
        ),
        5,
    )


def start(command: tuple[str, ...], env: dict[str, str], output: int | None = None) -> "subprocess.Popen[bytes]":
    """Start a process in a session and group of its own; `output` takes both of its streams, None leaves them to ours.

    Call it from the main thread only: on Linux the kernel sends SIGTERM to the process when the *thread* that made it ends.
    """
    return subprocess.Popen(  # noqa: S603  (commands of this module)
        command,
        cwd=BASE,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=None if output is None else subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=_tie(os.getpid()),
    )


def start_guard(lock: int) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-I", "-S", str(Path(__file__).with_name("guard.py"))],
        cwd=BASE,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        pass_fds=(lock,),
        bufsize=0,
    )


def _tie(parent: int) -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None  # the guard does it alone
    prctl = ctypes.CDLL(None).prctl

    def tie() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # the parent died between fork and prctl
            os.kill(os.getpid(), signal.SIGKILL)

    return tie
