"""The check while writing: findings for the words in the form. Nothing is stored, and no word of it is logged."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from compliance import checking
from compliance.report import Finding
from healthsocial import clock
from healthsocial.org.models import Channel
from posts.marking import Mark, Segment, segments
from posts.words import CLEARS, NOT_OFFERED

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class LiveFinding:
    """A finding in the shape that components/finding_card.html reads."""

    id: str
    severity: str
    message: str
    why: str
    rewrite: str
    citation: str
    where: str
    clears: str
    note: str


@dataclass(frozen=True)
class LiveText:
    label: str
    segments: list[Segment]


@dataclass(frozen=True)
class Live:
    """`down`: the checker did not answer, so nothing is known. `error`: the form could not be read."""

    texts: tuple[LiveText, ...] = ()
    findings: tuple[LiveFinding, ...] = ()
    down: bool = False
    error: str = ""
    empty: bool = False

    @property
    def stops(self) -> bool:
        """Would anything keep it from review as it is?"""
        return any(finding.severity in ("block", "hard") for finding in self.findings)


def live_check(fields: dict[str, str], *, kind: str, channels: Sequence[Channel]) -> Live:
    """Run the engine over the texts; a checker that fails says so, which is not the same as nothing found (law 3)."""
    if not any(text.strip() for text in fields.values()):
        return Live(empty=True)
    try:
        found = checking.check_now(fields, kind=kind, as_of=clock.now().date())
    except Exception as error:  # noqa: BLE001  whatever breaks in a detector, the text was not checked
        logger.error("live check failed: %s", type(error).__name__)  # the message may quote the text
        return Live(down=True)
    names = {f"channel:{channel.pk}": channel.name for channel in channels}
    numbered = [(f"live-{number}", name, finding) for number, (name, finding) in enumerate(found)]
    concerned = {name for _key, name, _finding in numbered}
    texts = tuple(
        LiveText(_label(name, names), _marked(name, text, numbered))
        for name, text in fields.items()
        if name in concerned or not name.startswith("link:")
    )
    shown = (_finding(key, _label(name, names), finding) for key, name, finding in numbered)
    rank = {"hard": 0, "block": 1, "warn": 2, "note": 3}
    return Live(texts, tuple(sorted(shown, key=lambda finding: rank[finding.severity])))


def _label(name: str, names: dict[str, str]) -> str:
    if name == "base":
        return _("Text")
    if name == "comment":
        return _("First comment")
    if name.startswith("link:"):
        return _("Link %(number)d") % {"number": int(name.removeprefix("link:"))}
    return _("Text for %(channel)s") % {"channel": names.get(name, _("another channel"))}


def _marked(name: str, text: str, numbered: list[tuple[str, str, Finding]]) -> list[Segment]:
    return segments(
        text,
        [
            Mark(item.start, item.end, key, _severity(item))
            for key, field, item in numbered
            if field == name and item.rule_id != checking.NOT_CHECKED_RULE
        ],
    )


def _severity(finding: Finding) -> str:
    return "hard" if finding.hard else finding.severity


def _finding(key: str, where: str, item: Finding) -> LiveFinding:
    return LiveFinding(
        id=key,
        severity=_severity(item),
        message=item.message,
        why=item.why,
        rewrite=item.rewrite,
        citation=item.citation,
        where=where,
        clears=clears_words(item.clears_with),
        note=item.context_note,
    )


def clears_words(codes: Sequence[str]) -> str:
    """Such as "take it out, or explain why it is a false alarm"."""
    offered = (code for code in codes if code not in NOT_OFFERED)
    return _(", or ").join(str(CLEARS.get(code, code.replace("_", " "))) for code in offered)
