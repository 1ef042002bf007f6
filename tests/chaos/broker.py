"""A private redis-server that may be hurt, on a unix socket of its own."""

import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType

import redis


class Broker:
    def __init__(self, *options: str) -> None:
        # Not the test's own folder: a socket's path has to be short.
        self.folder = Path(tempfile.mkdtemp(prefix="hs-", dir="/tmp"))
        self.options = options
        self.socket = self.folder / "s"
        self.url = f"redis+socket://{self.socket}?virtual_host=0"
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Broker":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        shutil.rmtree(self.folder)

    def start(self) -> None:
        program = shutil.which("redis-server") or shutil.which("valkey-server")
        assert program, "redis-server is not installed"
        command = [program, "--port", "0", "--unixsocket", str(self.socket), "--save", "", "--dir", str(self.folder)]
        self.process = subprocess.Popen([*command, *self.options], stdout=subprocess.DEVNULL)
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                self.client().ping()
                return
            except redis.RedisError:
                time.sleep(0.02)
        raise AssertionError("redis-server did not start")

    def client(self) -> "redis.Redis":
        return redis.Redis(unix_socket_path=str(self.socket), socket_timeout=5)

    def flush(self) -> None:
        self.client().flushall()

    def messages(self) -> int:
        return int(self.client().llen("celery"))

    def hang(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
