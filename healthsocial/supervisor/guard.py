"""Cleans up after a supervisor that was killed.

Reads `+PID` and `-PID` lines (process groups) from its standard input; the end of the input means that the
supervisor is gone. What is left then gets SIGTERM, and SIGKILL after a grace. It inherits the lock of the data
folder, so no second start can meet the remains. Runs alone (`python -I guard.py`), hence no imports of ours.
"""

import os
import signal
import sys
import time

GRACE_SECONDS = 10.0


def read_groups() -> list[int]:
    """Follow the supervisor until it ends; return the groups that it left behind, first started first."""
    groups: list[int] = []
    for line in sys.stdin:
        pid = int(line[1:])
        if line[0] == "+":
            groups.append(pid)
        elif pid in groups:
            groups.remove(pid)
    return groups


def send(pid: int, number: int, *, group: bool) -> bool:
    """Signal a process or its group; False when nothing of it is left."""
    try:
        (os.killpg if group else os.kill)(pid, number)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def clean_up(groups: list[int], grace: float = GRACE_SECONDS) -> None:
    for pid in reversed(groups):
        send(pid, signal.SIGTERM, group=False)
    end = time.monotonic() + grace
    while groups and time.monotonic() < end:
        time.sleep(0.05)
        groups = [pid for pid in groups if send(pid, 0, group=True)]
    for pid in groups:
        send(pid, signal.SIGKILL, group=True)


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    clean_up(read_groups())


if __name__ == "__main__":
    main()
