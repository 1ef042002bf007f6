"""One hash for the demo's one public password.

Everybody in the demo has it, and every approval verifies it: hashed and verified anew each time, that would be most of the
time the demo takes to load.
"""

import contextlib
from collections.abc import Iterator

from django.conf import settings
from django.contrib.auth import hashers

from posts.demo import data


class DemoHasher(hashers.Argon2PasswordHasher):
    """Argon2 as always; what it made of the demo's password it remembers. Other passwords are not affected."""

    made = ""

    def encode(self, password: str, salt: str) -> str:
        if password != data.password():
            return str(super().encode(password, salt))
        DemoHasher.made = DemoHasher.made or str(super().encode(password, salt))
        return DemoHasher.made

    def verify(self, password: str, encoded: str) -> bool:
        known = bool(encoded) and encoded == DemoHasher.made and password == data.password()
        return known or super().verify(password, encoded)


@contextlib.contextmanager
def one_hash() -> Iterator[None]:
    """Use the demo's hasher in this process for a while, in Argon2's place; a quicker hasher needs no help."""
    before = settings.PASSWORD_HASHERS
    if type(hashers.get_hasher()) is not hashers.Argon2PasswordHasher:
        yield
        return
    _use([f"{DemoHasher.__module__}.{DemoHasher.__name__}"])
    try:
        yield
    finally:
        _use(before)


def _use(names: list[str]) -> None:
    settings.PASSWORD_HASHERS = names
    hashers.reset_hashers(setting="PASSWORD_HASHERS")  # they are cached
