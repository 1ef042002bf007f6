"""Findings laid over a text: plain pieces of it, each with the findings that cover it.

Offsets never meet HTML: the template prints every piece escaped, so no offset can break out of a tag.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

RANK = {"note": 1, "warn": 2, "block": 3, "hard": 4}


@dataclass(frozen=True)
class Mark:
    """One finding on one text. `start` and `end` count code points, end exclusive; severity note, warn, block or hard."""

    start: int
    end: int
    id: str
    severity: str


@dataclass(frozen=True)
class Segment:
    """A piece of the text, with the findings on it (in the order given) and the strongest of their severities."""

    text: str
    findings: tuple[str, ...] = ()
    severity: str = ""


def segments(text: str, marks: Iterable[Mark]) -> list[Segment]:
    """Cut the text at the marks' ends. Joined, the pieces are the text again, whatever the offsets say.

    Marks may overlap; what reaches beyond the text is cut off; what covers nothing marks nothing.
    """
    inside = [(max(0, m.start), min(len(text), m.end), order, m) for order, m in enumerate(marks)]
    inside = [item for item in inside if item[0] < item[1]]
    begins: dict[int, list[tuple[int, Mark]]] = {}
    ends: dict[int, list[int]] = {}
    for start, end, order, mark in inside:
        begins.setdefault(start, []).append((order, mark))
        ends.setdefault(end, []).append(order)
    cuts = sorted({0, len(text), *begins, *ends})
    running: dict[int, Mark] = {}
    pieces: list[Segment] = []
    for here, there in pairwise(cuts):
        for order in ends.get(here, ()):
            del running[order]
        running.update(begins.get(here, ()))
        pieces.append(_segment(text[here:there], running))
    return pieces


def _segment(text: str, running: dict[int, Mark]) -> Segment:
    if not running:
        return Segment(text)
    covering = [running[order] for order in sorted(running)]
    strongest = max(covering, key=lambda mark: RANK.get(mark.severity, 0))
    return Segment(text, tuple(mark.id for mark in covering), strongest.severity)
