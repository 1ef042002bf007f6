"""Real processes on a data folder of their own."""

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

from healthsocial.supervisor.children import BASE

SECONDS = 45.0  # how long anything may take before a test gives up; a busy machine is slow


def environment(data: Path, **more: str) -> dict[str, str]:
    """A clean environment: nothing of the developer's own settings reaches the processes, except the database server."""
    ours = (
        "HEALTHSOCIAL_",
        "DATABASE_",
        "REDIS_",
        "EMAIL_",
        "DJANGO_",
        "PYTEST_",
        "PYTHONWARNINGS",
        "PORT",
        "HOST",
        "DEMO",
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "HEALTHSOCIAL_DATA": str(data), "DEMO": "0", **more}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def manage(data: Path, *arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=BASE,
        env=environment(data, **more),
        text=True,
        capture_output=True,
        check=False,
    )


def python(data: Path, code: str, **more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=BASE,
        env=environment(data, **more),
        text=True,
        capture_output=True,
        check=False,
    )


def living(data: Path) -> dict[int, str]:
    """Every process that was started for this data folder, by the environment it was given; zombies do not count."""
    found = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal() or int(folder.name) == os.getpid():
            continue
        try:
            given = (folder / "environ").read_bytes().split(b"\0")
            state = (folder / "stat").read_text().rsplit(")", 1)[1].split()[0]
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        ours = (
            f"HEALTHSOCIAL_DATA={data}".encode() in given or f"{data}/" in command
        )  # Redis overwrites its environment
        if ours and state != "Z":
            found[int(folder.name)] = command
    return found


@dataclass
class Machine:
    """A supervisor that runs on `data`."""

    data: Path
    port: int = field(default_factory=free_port)
    more: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def __enter__(self) -> "Machine":
        self.process = subprocess.Popen(
            [sys.executable, "-m", "healthsocial.supervisor"],
            cwd=BASE,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment(self.data, PORT=str(self.port), **self.more),
        )
        self.reader = Thread(target=self._read)
        self.reader.start()
        return self

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    def __exit__(self, *problem: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reader.join(SECONDS)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def until(self, text: str) -> str:
        """Wait for a line that holds `text`, and return it."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            for line in self.lines:
                if text in line:
                    return line
            if self.process.poll() is not None and not self.reader.is_alive():
                break
            time.sleep(0.02)
        raise AssertionError(f"{text!r} was not said; what was: {self.lines}")

    def until_there(self, number: int) -> None:
        """Wait until `number` processes of this data folder live."""
        end = time.monotonic() + SECONDS
        while len(living(self.data)) < number:
            assert time.monotonic() < end, living(self.data)
            time.sleep(0.05)

    def until_gone(self) -> float:
        """Wait until no process of this data folder is left; return how long that took."""
        begin = time.monotonic()
        while living(self.data):
            assert time.monotonic() - begin < SECONDS, living(self.data)
            time.sleep(0.05)
        return time.monotonic() - begin

    def pid_of(self, words: str) -> int:
        return min(pid for pid, command in living(self.data).items() if words in command)
