"""A time limit for work that reads no database and can be given up at any point."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

AGAIN_SECONDS = 0.05


class TookTooLong(Exception):
    """The limit passed. Carries no words."""


@contextlib.contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raise TookTooLong inside the block after `seconds` of real time.

    Python delivers signals to the main thread only (dispatch and worker processes do their work there); in any other
    thread there is no limit, and the lease of the row is what ends it. The alarm goes on ringing, because Python swallows
    an exception raised in a finalizer or a callback of the garbage collector.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise TookTooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN_SECONDS)
    try:
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:  # twice, in case it rang just then
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
