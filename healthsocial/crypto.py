"""Encryption of stored secrets and keyed digests of text.

One key file (or environment variable) holds Fernet keys, newest first; rotation puts a new one in front and
re-encrypts. The HMAC key is derived from the *oldest* key's line, which rotation keeps, so stored digests stay comparable.
"""

import fcntl
import hashlib
import hmac
import os
import tempfile
from functools import lru_cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

CANARY = "healthsocial"


class KeyProblem(Exception):
    """The keys are missing, malformed, or do not open the stored data."""


def read_keys() -> list[str]:
    """Return the configured keys, newest first; raise KeyProblem with one clear sentence when there are none."""
    if settings.FIELD_KEYS:
        keys = [key.strip() for key in settings.FIELD_KEYS.split(",") if key.strip()]
    else:
        path = Path(settings.FIELD_KEY_FILE)
        if not path.exists():
            raise KeyProblem(f"The key file {path} is missing. Put it back, or set HEALTHSOCIAL_FIELD_KEYS.")
        keys = [line.strip() for line in path.read_text(encoding="ascii").splitlines() if line.strip()]
    if not keys:
        raise KeyProblem("The key file is empty. Put the right one back.")
    return keys


def create_secret_file(path: Path, text: str) -> None:
    """Write a secret, readable by the owner only, whole or not at all. Never replaces a file: the first one stays."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = _write_private(path, text)
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass  # another process was first
    finally:
        temporary.unlink()


def _write_private(path: Path, text: str) -> Path:
    """Write text to a new file beside `path`, on the disk before this returns."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as handle:
            handle.write(text + "\n")
            handle.flush()
            os.fsync(handle.fileno())
    except OSError:
        Path(name).unlink()
        raise
    return Path(name)


def create_key_file(path: Path) -> None:
    """Write a first key. Never replaces a file."""
    create_secret_file(path, Fernet.generate_key().decode("ascii"))


def add_key(path: Path) -> None:
    """Put a new key in front of the file's keys: a crash leaves either the old file or the new one, and both open the data."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)  # two rotations at once must not lose a key
        lines = [Fernet.generate_key().decode("ascii"), *read_keys()]
        replace_secret_file(path, "\n".join(lines))
    finally:
        os.close(folder)


def replace_secret_file(path: Path, text: str) -> None:
    """Replace a secret file in one step."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write_private(path, text).replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the rename itself must survive a power cut before anything is encrypted with the new key
    finally:
        os.close(folder)


def opens(keys: list[str], token: str) -> bool:
    """Whether one of these keys opens the token (for example the canary of a backup)."""
    try:
        MultiFernet([Fernet(key) for key in keys]).decrypt(token.encode("ascii"))
    except (InvalidToken, ValueError):
        return False
    return True


def canary() -> str:
    """A token that tells later whether the keys belong to the data."""
    return encrypt(CANARY)


@lru_cache(maxsize=4)
def _boxes(keys: tuple[str, ...]) -> tuple[MultiFernet, bytes]:
    try:
        box = MultiFernet([Fernet(key) for key in keys])
    except ValueError as error:
        raise KeyProblem("A key in the key file is not a Fernet key (44 characters of base64).") from error
    return box, hashlib.sha256(b"healthsocial-mac:" + keys[-1].encode("ascii")).digest()


def _current() -> tuple[MultiFernet, bytes]:
    return _boxes(tuple(read_keys()))


def encrypt(text: str) -> str:
    return _current()[0].encrypt(text.encode("utf-8")).decode("ascii")


def decrypt(token: str) -> str:
    """Return the text; raise KeyProblem when none of the keys opens it."""
    try:
        return _current()[0].decrypt(token.encode("ascii")).decode("utf-8")
    except InvalidToken as error:
        raise KeyProblem(
            "The keys do not open the stored data. Use the key file that belongs to this database."
        ) from error


def rotate(token: str) -> str:
    """Re-encrypt one stored value under the newest key."""
    try:
        return _current()[0].rotate(token.encode("ascii")).decode("ascii")
    except InvalidToken as error:
        raise KeyProblem("The keys do not open the stored data. Nothing was changed.") from error


def mac(*parts: str) -> str:
    """HMAC-SHA256 (hex) of the parts under the instance key: short text must not be guessable from its digest."""
    message = b"\x00".join(part.encode("utf-8", "surrogatepass") for part in parts)
    return hmac.new(_current()[1], message, hashlib.sha256).hexdigest()


def signing_key() -> Ed25519PrivateKey:
    """Signs checkpoints and exports of the audit record; whoever has its public half can check them without us.

    Made from the oldest key, which rotation keeps and which is backed up already, so there is no further secret to lose.
    """
    return Ed25519PrivateKey.from_private_bytes(
        hashlib.sha256(b"healthsocial-sign:" + read_keys()[-1].encode("ascii")).digest()
    )


def public_key() -> str:
    """The public half of `signing_key`, as 64 hexadecimal digits."""
    return signing_key().public_key().public_bytes_raw().hex()


def sign(text: str) -> str:
    """Ed25519 signature (hex) of a text."""
    return signing_key().sign(text.encode("utf-8")).hex()
