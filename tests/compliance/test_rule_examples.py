"""Every rule is held to its own examples. A pass may leave a lowered note: context lowers, it never deletes."""

from __future__ import annotations

from datetime import date

import pytest

from compliance.context import Context, PostKind
from compliance.engine import check_text
from compliance.packs import Rule, default_packs
from compliance.report import Finding

RULES = default_packs().rules
FLAGGED = [(rule, text) for rule in RULES for text in rule.flags]
PASSED = [(rule, text) for rule in RULES for text in rule.passes]


def findings(rule: Rule, text: str) -> list[Finding]:
    kinds = rule.match.post_kinds
    kind: PostKind = "reply" if kinds and "original" not in kinds else "original"
    report = check_text(text, packs=default_packs(), context=Context(as_of=date(2025, 1, 1), kind=kind))
    return [finding for finding in report.findings if finding.rule_id == rule.id]


@pytest.mark.parametrize(("rule", "text"), FLAGGED, ids=[f"{r.id}:{n}" for n, (r, _) in enumerate(FLAGGED)])
def test_flagged_example_is_found_in_full(rule: Rule, text: str) -> None:
    found = findings(rule, text)
    assert found
    assert found[0].severity == rule.severity
    assert found[0].context_note == ""
    assert (found[0].citation, found[0].rewrite, found[0].why) == (rule.source, rule.rewrite, rule.why)


@pytest.mark.parametrize(("rule", "text"), PASSED, ids=[f"{r.id}:{n}" for n, (r, _) in enumerate(PASSED)])
def test_passing_example_is_not_flagged(rule: Rule, text: str) -> None:
    assert [f for f in findings(rule, text) if not f.context_note] == []


@pytest.mark.parametrize("rule", RULES, ids=[r.id for r in RULES])
def test_rule_has_two_examples_each_way(rule: Rule) -> None:
    assert len(rule.flags) >= 2
    assert len(rule.passes) >= 2
