"""One reading of one text, as the detectors see it: tokens, sentences, anchors, and what surrounds it."""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter
from typing import Any

from compliance.context import Context
from compliance.packs import Match, Rule
from compliance.report import Severity

_CLAUSE = re.compile(r"[;:,\u2014\u2013!?\n]|\s-\s|\.\s|\b(?:but|however|although|though)\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+(?:['\-][^\W_]+)*")
_SHAPES = {
    "shape:digits": re.compile(r"\d"),
    "shape:at": re.compile(r"@|\bat\b.{1,40}\bdot\b", re.IGNORECASE),
    "shape:url": re.compile(r"://|www\.|\w\.[a-z]{2,}", re.IGNORECASE),
    "shape:name": re.compile(r"[A-Z]"),
    "shape:initials": re.compile(r"\b[A-Z]\.\s?[A-Z]?"),
}


@dataclass(frozen=True, slots=True)
class Hit:
    """What one rule saw, in offsets of the reading. ``note`` says why a severity was lowered."""

    rule: Rule
    start: int
    end: int
    severity: Severity
    note: str = ""


@dataclass
class View:
    """Built once per reading; costly parts are worked out when a rule first asks."""

    text: str
    tokens: list[tuple[int, int]]
    sentences: list[tuple[int, int]]
    context: Context
    vocab: Mapping[str, frozenset[str]]
    anchors: set[str] = field(default_factory=set)
    memo: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def shapes(self) -> set[str]:
        return {name for name, pattern in _SHAPES.items() if pattern.search(self.text)}

    @cached_property
    def clauses(self) -> list[tuple[int, int]]:
        cuts = [0, *(match.end() for match in _CLAUSE.finditer(self.text)), len(self.text)]
        return [(a, b) for a, b in itertools.pairwise(cuts) if b > a]

    def names_illness(self, start: int = 0, end: int | None = None) -> bool:
        """True when a one-word illness of the vocabulary stands in the range."""
        words = _WORD.findall(self.text[start:end].casefold())
        return not self.vocab["disease"].isdisjoint(words)

    def sentence(self, at: int) -> tuple[int, int]:
        """The sentence, cut 600 characters either side so that time stays linear on endless sentences."""
        low, high = _region(self.sentences, at, len(self.text))
        return max(low, at - 600), min(high, at + 600)

    def clause(self, at: int) -> tuple[int, int]:
        return _region(self.clauses, at, len(self.text))

    def window(self, start: int, end: int, tokens: int) -> tuple[int, int]:
        """The range of ``tokens`` tokens either side of a match."""
        ranges = self.tokens
        if not ranges:
            return start, end
        first = max(0, bisect_right(ranges, start, key=_low) - 1 - tokens)
        last = min(len(ranges) - 1, bisect_left(ranges, end, key=_high) + tokens)
        return min(start, ranges[first][0]), max(end, ranges[last][1])

    def applies(self, match: Match) -> bool:
        """The conditions on the whole text."""
        if match.post_kinds and self.context.kind not in match.post_kinds:
            return False
        if match.needs_text and not match.needs_text.search(self.text):
            return False
        return not (match.unless_text and match.unless_text.search(self.text))

    def excused(self, match: Match, start: int) -> bool:
        """True when the sentence holds a word that rules this rule out."""
        if match.unless is None:
            return False
        low, high = self.sentence(start)
        return match.unless.search(self.text, low, high) is not None


_low, _high = itemgetter(0), itemgetter(1)


def _region(regions: list[tuple[int, int]], at: int, length: int) -> tuple[int, int]:
    index = bisect_right(regions, (at, length + 1)) - 1
    return regions[max(index, 0)] if regions else (0, length)
