"""The canonical bytes of a version, and the seal over them (law 1).

Everything a reader could see, and what the approval relied on. Slot, proposed time, notes, tags and risk are outside.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote_plus
from uuid import UUID

from healthsocial.audit.log import canonical
from posts.models import PostVersion, WorkingCopy

FIELD_NAMES = (
    "text",
    "channel_texts",
    "first_comment",
    "links",
    "media",
    "alt_texts",
    "channels",
    "kind",
    "person_answer",
    "persons",
    "authorizations",
)


def canonical_form(copy: WorkingCopy, *, kind: str, channels: Sequence[UUID]) -> str:
    """The canonical JSON of a working copy. Lists without an order are sorted, so that equal content has equal bytes."""
    return canonical(as_form(copy, kind=kind, channels=channels))


def as_form(copy: WorkingCopy, *, kind: str, channels: Sequence[UUID]) -> dict[str, Any]:
    """The same as `read` gives for a version, for a working copy."""
    return {
        "schema": 1,
        "kind": kind,
        "text": copy.text,
        "channel_texts": {key: text for key, text in copy.channel_texts.items() if text != copy.text},
        "first_comment": copy.first_comment,
        "links": list(copy.links),
        "media": [item["digest"] for item in copy.media],
        "alt_texts": {item["digest"]: item.get("alt", "") for item in copy.media},
        "channels": sorted(str(pk) for pk in channels),
        "person_answer": copy.person_answer,
        "persons": sorted(
            ({"subject": str(p["subject"]), "information": sorted(p["information"])} for p in copy.persons),
            key=lambda person: str(person["subject"]),
        ),
        "authorizations": sorted(str(pk) for pk in copy.authorizations),
    }


def seal_of(form: str) -> str:
    """SHA-256 (hex) of the canonical bytes."""
    return hashlib.sha256(form.encode("utf-8")).hexdigest()


def read(version: PostVersion) -> dict[str, Any]:
    """The form of a version; a redacted one reads as empty fields."""
    if not version.canonical:
        return {
            "schema": 1,
            "kind": "original",
            "text": "",
            "channel_texts": {},
            "first_comment": "",
            "links": [],
            "media": [],
            "alt_texts": {},
            "channels": [],
            "person_answer": "nobody",
            "persons": [],
            "authorizations": [],
        }
    form: dict[str, Any] = json.loads(version.canonical)
    return form


def differing_fields(one: str, other: str) -> list[str]:
    """Names of the fields in which two canonical forms differ."""
    first, second = json.loads(one), json.loads(other)
    return [name for name in FIELD_NAMES if first.get(name) != second.get(name)]


def text_for(form: dict[str, Any], channel: UUID) -> str:
    """The words that go to one channel."""
    texts: dict[str, str] = form["channel_texts"]
    return texts.get(str(channel), str(form["text"]))


def checked_fields(form: dict[str, Any]) -> dict[str, str]:
    """Field name -> text: the final text of every channel, the first comment, the alternative texts, the links."""
    fields = {"base": str(form["text"]), "comment": str(form["first_comment"])}
    fields |= {f"channel:{key}": text for key, text in form["channel_texts"].items() if key in form["channels"]}
    fields |= {f"alt:{digest}": text for digest, text in form["alt_texts"].items()}
    # As a reader's browser shows it: a name or number written with %20 or + is still a name or number.
    fields |= {f"link:{number}": unquote_plus(link) for number, link in enumerate(form["links"], start=1)}
    return {name: text for name, text in fields.items() if text}
