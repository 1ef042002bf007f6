"""Reading the environment, loudly: a value that is not understood stops the start."""

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str = "") -> str:
    """Return NAME, or the content of the file that NAME_FILE points to, or the default."""
    if name in os.environ:
        return os.environ[name]
    path = os.environ.get(f"{name}_FILE")
    if path:
        return Path(path).read_text(encoding="utf-8").strip()
    return default


def boolean(name: str, default: bool) -> bool:
    value = text(name)
    if value == "":
        return default
    if value in {"True", "1"}:
        return True
    if value in {"False", "0"}:
        return False
    raise ImproperlyConfigured(f"{name} must be True, False, 1 or 0, not {value!r}")


def integer(name: str, default: int) -> int:
    value = text(name)
    if value == "":
        return default
    try:
        return int(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}") from error


def words(name: str, default: str = "") -> list[str]:
    return [word.strip() for word in text(name, default).split(",") if word.strip()]
