"""Project package. The version is read from CHANGELOG.md so that the two cannot disagree."""

import re
from pathlib import Path

_CHANGELOG = Path(__file__).resolve().parent.parent / "CHANGELOG.md"


def read_version(changelog: Path = _CHANGELOG) -> str:
    """Return the version of the newest heading (`## 1.2.3 (date)`); raise when there is none."""
    match = re.search(r"^## (\d+\.\d+\.\d+)", changelog.read_text(encoding="utf-8"), re.MULTILINE)
    if match is None:
        raise RuntimeError(f"{changelog.name} holds no heading of the form '## 1.2.3'")
    return match.group(1)


__version__ = read_version()
