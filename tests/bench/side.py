"""A process of its own per side of a ratio: it is set up, then does what it is asked and answers with JSON.

One line in: {"what": name, …arguments}; one line out. Each side has its own settings, database and memory, and the
parent asks both in turn, so that a drifting machine hits both.
"""

import contextlib
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

READY = "ready"
Steps = Mapping[str, Callable[..., Any]]


class SideFailed(Exception):
    """The process ended; the end of what it wrote to stderr says why."""


class Side:
    """The parent's end."""

    def __init__(self, steps: str, env: Mapping[str, str], *, python: str = sys.executable, script: str = "") -> None:
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115  lives as long as the process
        command = [python, script] if script else [python, "-m", "tests.bench.side", steps]
        self.process = subprocess.Popen(
            command,
            env={**os.environ, **env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        try:
            ready = self._read() == READY
        except BaseException:
            self.close()
            raise
        if not ready:
            self.close()
            raise SideFailed("not ready")

    def ask(self, what: str, **arguments: Any) -> Any:
        self.begin(what, **arguments)
        return self.answer()

    def begin(self, what: str, **arguments: Any) -> None:
        """Ask without waiting, for sides that work at the same time."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"what": what, **arguments}) + "\n")
        self.process.stdin.flush()

    def answer(self) -> Any:
        return self._read()

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self._errors.close()

    def _read(self) -> Any:
        assert self.process.stdout is not None
        text = self.process.stdout.readline()
        if not text:
            self.process.wait(timeout=20)
            self._errors.seek(0)
            raise SideFailed(self._errors.read()[-2000:].strip() or "ended without a word")
        return json.loads(text)


@contextlib.contextmanager
def sides(*wanted: tuple[str, Mapping[str, str]]) -> Iterator[list[Side]]:
    """Several sides, closed whatever happens."""
    with contextlib.ExitStack() as stack:
        started = []
        for steps, env in wanted:
            side = Side(steps, env)
            stack.callback(side.close)
            started.append(side)
        yield started


def timed(call: Callable[[], object], times: int, clock: Callable[[], float] = time.perf_counter) -> list[float]:
    """Seconds of each call; with `time.process_time` those that the processor worked for it."""
    found = []
    for _n in range(times):
        begin = clock()
        call()
        found.append(clock() - begin)
    return found


def serve(steps: Steps) -> None:
    """The child's end. What the steps print goes to stderr: stdout is the pipe."""
    pipe, sys.stdout = sys.stdout, sys.stderr
    print(json.dumps(READY), file=pipe, flush=True)
    for text in sys.stdin:
        request = json.loads(text)
        print(json.dumps(steps[request.pop("what")](**request)), file=pipe, flush=True)


if __name__ == "__main__":
    module, _, name = sys.argv[1].partition(":")
    serve(getattr(importlib.import_module(module), name)())
