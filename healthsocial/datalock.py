"""One set of processes per data folder: an advisory lock that ends with its holders, whatever ends them (leaf)."""

import errno
import fcntl
import json
import os
from pathlib import Path


class DataInUse(Exception):
    """Processes work on the data folder already. The text is one sentence that names them."""


def run_folder(data: Path) -> Path:
    """The folder for lock, socket and other things that mean nothing after a restart; private to its owner."""
    folder = data / "run"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def take(data: Path, *, address: str = "", what: str = "HealthSocial") -> int:
    """Lock the data folder and return the descriptor; raise DataInUse that names who holds it."""
    path = run_folder(data) / "lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        held = os.read(descriptor, 1000)
        os.close(descriptor)
        if error.errno not in {errno.EAGAIN, errno.EACCES}:
            raise
        raise DataInUse(_held_by(data, held)) from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "address": address, "what": what}).encode(), 0)
    return descriptor


def address(data: Path) -> str:
    """Where the processes on this data folder answer, if any run; else an empty text. Creates nothing."""
    try:
        holder = json.loads((data / "run" / "lock").read_text(encoding="utf-8"))
        return str(holder["address"]) if _alive(int(holder["pid"])) else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _held_by(data: Path, held: bytes) -> str:
    try:
        holder = json.loads(held)
        pid, address, what = int(holder["pid"]), str(holder["address"]), str(holder["what"])
    except (ValueError, KeyError, TypeError):
        return f"Another process works on {data}; stop it first."
    if not _alive(pid):
        return f"The earlier run (process {pid}) on {data} is still stopping; try again in a few seconds."
    where = f", {address}" if address else ""
    return f"{what} already runs on {data} (process {pid}{where}); stop it first."


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
