"""Child processes that kill themselves with SIGKILL at a named point. The product knows nothing of it: a child wraps

a function or the commit of its own copy of the program, and dies there without a chance to tidy up.
"""

import os
import signal
import sys
import warnings
from collections.abc import Callable
from typing import Any

from django.db import connection, connections

from posts import guards
from posts.actions import deliver, leases
from posts.networks import practice

Install = Callable[[], None]


def die(*_args: object, **_kwargs: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def before(module: Any, name: str) -> Install:
    """Die when this function is called."""
    return lambda: setattr(module, name, die)


def after(module: Any, name: str) -> Install:
    """Die when this function has done its work."""

    def install() -> None:
        real = getattr(module, name)

        def wrapped(*args: object, **kwargs: object) -> None:
            real(*args, **kwargs)
            die()

        setattr(module, name, wrapped)

    return install


def at_commit(number: int, when: str, *, of: tuple[Any, str] = (deliver, "claim_delivery")) -> Install:
    """Die before or after the n-th commit since this step began (by default: since the claim began)."""

    def install() -> None:
        count = [-1]
        begin, commit = getattr(*of), connection.commit

        def counting(*args: object, **kwargs: object) -> object:
            count[0] = 0
            return begin(*args, **kwargs)

        def counted() -> None:
            count[0] += count[0] >= 0
            if count[0] == number and when == "before":
                die()
            commit()
            if count[0] == number:
                die()

        setattr(*of, counting)
        connection.commit = counted

    return install


# From before the claim to after the receipt, in the order in which a delivery passes them.
POINTS: dict[str, Install] = {
    "before the claim": before(deliver, "claim_delivery"),
    "claim written": at_commit(1, "before"),
    "claim committed": at_commit(1, "after"),
    "guards read": after(guards, "may_leave"),
    "intent written": at_commit(2, "before"),
    "intent committed": at_commit(2, "after"),
    "before the call": before(practice.PracticeNetwork, "send"),
    "accepted, no answer yet": after(practice, "_accept"),
    "answer returned": before(deliver, "keep_outcome"),
    "outcome written, not concluded": before(deliver, "_conclude"),
    "receipt written": at_commit(3, "before"),
    "receipt committed": at_commit(3, "after"),
}
# What dispatch does with what others left behind.
LOST_CLAIM_POINTS: dict[str, Install] = {
    "lost claim, return written": at_commit(1, "before", of=(leases, "return_lost_claim")),
    "lost claim, return committed": at_commit(1, "after", of=(leases, "return_lost_claim")),
}
LOST_SENDING_POINTS: dict[str, Install] = {
    "lost sending, before the read-back": before(practice.PracticeNetwork, "find"),
    "lost sending, read back": before(leases, "keep_outcome"),
    "lost sending, settlement written": at_commit(1, "before", of=(leases, "settle_lost_sending")),
    "lost sending, settlement committed": at_commit(1, "after", of=(leases, "settle_lost_sending")),
}


def in_child(step: Callable[[], object], *install: Install) -> int:
    """Do the step in a forked process; returns how it ended: 0, 1 for an exception, or the negative signal."""
    return ended(start_child(step, *install))


def start_child(step: Callable[[], object], *install: Install) -> int:
    """Begin the step in a forked process; returns its number."""
    connections.close_all()  # two processes must not share a connection
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forking beside the test runner's own threads
        pid = os.fork()
    if pid == 0:
        code = 1
        try:
            connection.ensure_connection()
            for put in install:
                put()
            step()
            code = 0
        except BaseException as error:  # noqa: BLE001  whatever happens, the child must not run the rest of the tests
            sys.stderr.write(f"child: {type(error).__name__}: {error}\n")
        finally:
            os._exit(code)
    return pid


def ended(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def killed(step: Callable[[], object], install: Install) -> None:
    """The step must die at its point: one that is never reached proves nothing."""
    assert in_child(step, install) == -signal.SIGKILL
