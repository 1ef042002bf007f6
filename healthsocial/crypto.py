"""Encryption of stored secrets and keyed digests of text.

One key file (or environment variable) holds Fernet keys, newest first; rotation puts a new one in front and
re-encrypts. The HMAC key is derived from the *oldest* key's line, which rotation keeps, so stored digests stay comparable.
"""

import hashlib
import hmac
import os
from functools import lru_cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


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


def create_key_file(path: Path) -> None:
    """Write a first key, readable by the owner only. Never replaces a file."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(Fernet.generate_key() + b"\n")


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
        raise KeyProblem("The keys do not open the stored data. Use the key file that belongs to this database.") from error


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
