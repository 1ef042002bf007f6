"""The demo's content, read from the YAML files beside this module."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
POST_FILES = ("campus.yaml", "heart.yaml", "clinic.yaml")
DOMAIN = "harborpoint.example"


@lru_cache(maxsize=1)
def hospital() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((HERE / "hospital.yaml").read_text(encoding="utf-8"))
    return content


@lru_cache(maxsize=1)
def stories() -> tuple[dict[str, Any], ...]:
    """One per post: its content, its steps, and the state it ends in."""
    found: list[dict[str, Any]] = []
    for name in POST_FILES:
        found += yaml.safe_load((HERE / name).read_text(encoding="utf-8"))
    return tuple(found)


def email(person: str) -> str:
    return f"{person}@{DOMAIN}"


def password() -> str:
    return str(hospital()["password"])
