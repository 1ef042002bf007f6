"""For measuring the checks from outside: the same engine, packs and severities that reviewers see, no switch."""

from __future__ import annotations

from datetime import date

from compliance.context import Context
from compliance.engine import check_text, default_packs
from compliance.packs import CLAIM_FLAGS
from compliance.report import Finding

# A fixed day: the engine reads no clock, and a measurement must be repeatable.
_CONTEXT = Context(as_of=date(2025, 1, 1))
_STORY, _REPLY = "patient_story", "reply_confirms_patient"


def _findings(text: str) -> tuple[Finding, ...]:
    return check_text(text, packs=default_packs(), context=_CONTEXT).findings


def phi_spans(text: str) -> list[tuple[int, int, str]]:
    """Every identifier shown at note or above, as (start, end, Safe Harbor class)."""
    return [(f.start, f.end, f.label) for f in _findings(text) if f.flag == "identifier"]


def needs_authorization(text: str) -> bool:
    """True when the text could only go out with a patient's written authorization."""
    return any((f.flag in (_STORY, _REPLY) and f.severity != "note") or f.hard for f in _findings(text))


def claim_flags(text: str) -> set[str]:
    """Claim flags at warn or above; a note is a hint that nobody has to answer."""
    return {f.flag for f in _findings(text) if f.flag in CLAIM_FLAGS and f.severity != "note"}


def patient_label(text: str) -> str:
    """``reply_confirms_patient``, ``patient_story`` or ``none``; a reply outranks a story."""
    flags = {f.flag for f in _findings(text) if f.severity != "note"}
    return _REPLY if _REPLY in flags else _STORY if _STORY in flags else "none"
