"""What surrounds a text: part of the input, so its digest is part of every check run."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date
from functools import lru_cache
from typing import Literal

PostKind = Literal["original", "reply", "comment", "story"]
EntryKind = Literal["phone", "email", "domain", "handle", "staff", "public", "site", "address"]
POST_KINDS: tuple[PostKind, ...] = ("original", "reply", "comment", "story")


@dataclass(frozen=True, slots=True, order=True)
class DirectoryEntry:
    """Something that belongs to the organisation itself, e.g. its phone or a staff member's name."""

    kind: EntryKind
    value: str


@dataclass(frozen=True, slots=True, order=True)
class ApprovedClaim:
    """An exact wording that the organisation has substantiated, for one flag or several."""

    id: str
    text: str
    flags: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """``as_of`` has no default: the engine reads no clock."""

    as_of: date
    kind: PostKind = "original"
    channel: str = ""
    directory: tuple[DirectoryEntry, ...] = ()
    approved_claims: tuple[ApprovedClaim, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in POST_KINDS:
            raise ValueError("unknown kind of post")

    def values(self, kind: EntryKind) -> tuple[str, ...]:
        return tuple(entry.value for entry in self.directory if entry.kind == kind)

    def digest(self) -> str:
        """SHA-256 of the canonical JSON; the order of entries does not matter."""
        return _digest(self)


@lru_cache(maxsize=32)
def _digest(context: Context) -> str:
    """One day's posts share a few contexts, so each digest is worked out once."""
    data = asdict(context)
    data["directory"] = sorted([entry.kind, entry.value] for entry in context.directory)
    data["approved_claims"] = [asdict(claim) for claim in sorted(context.approved_claims, key=lambda c: c.id)]
    canonical = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()
