"""What a check returns: plain frozen values, free of spaCy and Django."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["note", "warn", "block"]
SEVERITIES: tuple[Severity, ...] = ("note", "warn", "block")
SEVERITY_RANK: dict[str, int] = {name: rank for rank, name in enumerate(SEVERITIES)}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing the checks saw. Offsets count code points of the original text, end exclusive.

    ``sentence`` is the normalised, casefolded sentence. It exists so that the caller can key an answer
    by HMAC; it is transient and must not be stored or logged, so it stays out of ``repr``.
    """

    rule_id: str
    rule_digest: str
    flag: str
    severity: Severity
    hard: bool
    label: str
    start: int
    end: int
    sentence_start: int
    sentence_end: int
    sentence: str = field(repr=False)
    occurrence: int
    message: str
    why: str
    citation: str
    rewrite: str
    clears_with: tuple[str, ...]
    context_note: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """All findings of one text, and the digests that let the same check be replayed."""

    findings: tuple[Finding, ...]
    language: str
    not_checked: tuple[str, ...]
    text_digest: str
    packs_digest: str
    context_digest: str
    engine_digest: str

    @property
    def worst(self) -> Severity | None:
        """The highest severity found; None says nothing was found, not that all was checked."""
        ranks = [SEVERITY_RANK[f.severity] for f in self.findings]
        return SEVERITIES[max(ranks)] if ranks else None

    @property
    def is_clean(self) -> bool:
        """No warning or block AND everything could be read: not checked is never clean."""
        return not self.not_checked and self.worst in (None, "note")
