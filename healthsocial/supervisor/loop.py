"""Keeping the processes alive, passing on what they say, and stopping them in order. One thread."""

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType

from healthsocial.supervisor import children
from healthsocial.supervisor.children import Spec
from healthsocial.supervisor.problem import Problem, say

LONGEST_PAUSE = 30.0
CALM_SECONDS = 60.0  # a process that lived this long starts again at once
CRASHES_BEFORE_READY = 3


@dataclass
class Child:
    spec: Spec
    process: "subprocess.Popen[bytes]"
    started: float
    partial: bytes = b""


@dataclass
class Loop:
    """The running set. `env` is what the processes see; `lock` is the descriptor that the guard inherits."""

    env: dict[str, str]
    lock: int
    children: dict[str, Child] = field(default_factory=dict)
    crashes: dict[str, int] = field(default_factory=dict)
    waiting: dict[str, tuple[float, Spec]] = field(default_factory=dict)
    stops: int = 0
    ready: bool = False
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)

    def __post_init__(self) -> None:
        self.guard = children.start_guard(self.lock)
        wake, self._wake_write = os.pipe()
        for descriptor in (wake, self._wake_write):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        self.selector.register(wake, selectors.EVENT_READ, None)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._asked_to_stop)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # started with nohup: a closed terminal is no reason
            signal.signal(signal.SIGHUP, self._asked_to_stop)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)  # only wakes the loop

    def _asked_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stops += 1

    # --- starting -----------------------------------------------------------------------------------------
    def start(self, spec: Spec) -> None:
        process = children.start(spec.command, {**self.env, **spec.env}, subprocess.PIPE)
        self._tell_guard("+", process.pid)
        child = Child(spec, process, time.monotonic())
        self.children[spec.name] = child
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        self.selector.register(process.stdout, selectors.EVENT_READ, child)

    def _tell_guard(self, sign: str, pid: int) -> None:
        try:
            assert self.guard.stdin is not None
            self.guard.stdin.write(f"{sign}{pid}\n".encode())
        except BrokenPipeError:
            self._replace_guard()

    def _replace_guard(self) -> None:
        """Somebody ended the guard: start another one, which learns everything again."""
        self.guard.wait()
        self.guard = children.start_guard(self.lock)
        for child in self.children.values():
            self._tell_guard("+", child.process.pid)

    def wait_until(self, answers: Callable[[], bool], seconds: float) -> bool:
        """Keep everything running until `answers()` is true; False after `seconds` or when asked to stop."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.stops:
            self.turn(0.05)
            if answers():
                return True
        return False

    # --- running ------------------------------------------------------------------------------------------
    def run(self) -> None:
        """Stay until somebody asks to stop."""
        self.ready = True
        while not self.stops:
            self.turn(1.0)

    def turn(self, longest: float) -> None:
        """One round: pass on output, notice ends, start again what is due."""
        due = [at for at, _spec in self.waiting.values()]
        pause = min([longest, *(max(0.0, at - time.monotonic()) for at in due)])
        for key, _events in self.selector.select(pause):
            if key.data is None:
                with contextlib.suppress(BlockingIOError):
                    os.read(key.fd, 4096)
            else:
                self._pass_on(key.data)
        if self.guard.poll() is not None:
            self._replace_guard()
        for child in list(self.children.values()):
            if child.process.poll() is not None:
                self._ended(child)
            elif child.spec.socket is not None and self.ready and not child.spec.socket.exists():
                say(f"{child.spec.name} lost its socket")
                child.process.kill()
        for name, (at, spec) in list(self.waiting.items()):
            if at <= time.monotonic() and not self.stops:
                del self.waiting[name]
                self.start(spec)

    def _pass_on(self, child: Child) -> None:
        """Write the complete lines that a process said, with its name in front."""
        assert child.process.stdout is not None
        try:
            data = os.read(child.process.stdout.fileno(), 65536)
        except BlockingIOError:
            return
        if not data:
            self.selector.unregister(child.process.stdout)
            child.process.stdout.close()
            return
        *lines, child.partial = (child.partial + data).split(b"\n")
        for line in lines:
            if line.strip():
                say(f"{child.spec.name:<8} | {line.decode('utf-8', 'replace').rstrip()}")

    def drop(self, name: str) -> None:
        """Give up a process for good, running or waiting."""
        self.waiting.pop(name, None)
        if name in self.children:
            self._stop_one(self.children[name])

    def _forget(self, child: Child) -> None:
        """Drop an ended process with everything of its group, and pass on its last words."""
        _signal_group(child.process.pid, signal.SIGKILL)
        stdout = child.process.stdout
        while stdout is not None and not stdout.closed and _readable(stdout.fileno()):
            self._pass_on(child)
        if stdout is not None and not stdout.closed:
            self.selector.unregister(stdout)
            stdout.close()
        del self.children[child.spec.name]
        self._tell_guard("-", child.process.pid)

    def _ended(self, child: Child) -> None:
        """A process ended by itself: start it again, later each time; give up when nothing was ready yet."""
        self._forget(child)
        name, code = child.spec.name, child.process.returncode
        calm = time.monotonic() - child.started > CALM_SECONDS
        self.crashes[name] = 1 if calm else self.crashes.get(name, 0) + 1
        if not self.ready and self.crashes[name] >= CRASHES_BEFORE_READY:
            raise Problem(
                f"The {name} process ended {self.crashes[name]} times before it was ready; its last lines are above."
            )
        pause = min(LONGEST_PAUSE, 2.0 ** (self.crashes[name] - 1))
        say(f"{name} ended ({_how(code)}); it starts again in {pause:.0f} s")
        self.waiting[name] = (time.monotonic() + pause, child.spec)

    # --- stopping -----------------------------------------------------------------------------------------
    def stop(self) -> None:
        """Stop everything in order. Another Ctrl-C meanwhile ends at once what is still busy."""
        self.waiting.clear()
        for name in children.STOP_ORDER:
            if name in self.children:
                self._stop_one(self.children[name])
        assert self.guard.stdin is not None
        self.guard.stdin.close()
        self.guard.wait()

    def _stop_one(self, child: Child) -> None:
        asked, told = self.stops, False
        begin = time.monotonic()
        child.process.terminate()
        while child.process.poll() is None:
            for key, _events in self.selector.select(0.05):
                if key.data is None:
                    with contextlib.suppress(BlockingIOError):
                        os.read(key.fd, 4096)
                else:
                    self._pass_on(key.data)
            waited = time.monotonic() - begin
            if waited > child.spec.grace or self.stops > max(asked, 1):
                _signal_group(child.process.pid, signal.SIGKILL)
                child.process.wait()
            elif waited > 5 and not told:
                told = True
                say(f"{child.spec.name} is finishing its work; press Ctrl-C again to end it now")
        how = "" if child.process.returncode in {0, -signal.SIGTERM} else f" ({_how(child.process.returncode)})"
        self._forget(child)
        say(f"{child.spec.name} stopped{how}")


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _readable(descriptor: int) -> bool:
    """True while a pipe holds data; the writers may be gone."""
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        return bool(selector.select(0))


def _how(code: int | None) -> str:
    if code is not None and code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"
