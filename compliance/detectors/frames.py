"""Rules by meaning: several vocabularies that meet in one clause, sentence or text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from compliance.detectors.view import Hit, View
from compliance.packs import Rule


def find(rule: Rule, view: View) -> Iterator[Hit]:
    """At most one hit per region: the smallest range that covers the first match of each slot."""
    match = rule.match
    if not view.applies(match):
        return
    regions = {"clause": view.clauses, "sentence": view.sentences, "text": [(0, len(view.text))]}[match.scope]
    for low, high in regions:
        spans = _spans(match.slots, view.text, low, high, match.ordered)
        if not spans:
            continue
        start, end = min(s for s, _ in spans), max(e for _, e in spans)
        if not view.excused(match, start):
            yield Hit(rule, start, end, rule.severity)


def _spans(slots: tuple[re.Pattern[str], ...], text: str, low: int, high: int, ordered: bool) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    at = low
    for slot in slots:
        found = slot.search(text, at, high)
        if found is None:
            return []
        spans.append(found.span())
        at = found.end() if ordered else low
    return spans
