"""A pack that is wrong is loud; digests depend on content only."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from compliance.packs import CLAIM_FLAGS, FLAGS, PackError, default_packs, load_packs

RULE: dict[str, Any] = {
    "id": "test.rule",
    "flag": "guarantee",
    "severity": "warn",
    "message": "Message.",
    "why": "Why.",
    "source": "Law 1",
    "status": "recalled",
    "rewrite": "Rewrite.",
    "clears_with": ["remove"],
    "anchors": ["sure"],
    "match": {"regex": r"\bsure cure\b"},
    "flags": ["A sure cure."],
    "passes": ["Not sure."],
}


def write(folder: Path, *rules: dict[str, Any], name: str = "one.yaml", **head: Any) -> Path:
    pack = {"pack": "demo", "jurisdiction": "us", "version": "1", "title": "Demo", "rules": list(rules), **head}
    (folder / name).write_text(yaml.safe_dump(pack), encoding="utf-8")
    return folder


def rule(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(RULE), **changes}


def without(key: str) -> dict[str, Any]:
    return {k: v for k, v in RULE.items() if k != key}


def test_a_sound_pack_loads(tmp_path: Path) -> None:
    packs = load_packs(write(tmp_path, rule()))
    assert [r.id for r in packs.rules] == ["demo/test.rule"]
    assert packs.rule("demo/test.rule").source == "Law 1"
    with pytest.raises(KeyError):
        packs.rule("demo/other")


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (without("anchors"), "missing anchors"),
        (without("source"), "missing source"),
        (without("flags"), "missing flags"),
        (without("passes"), "missing passes"),
        (without("rewrite"), "missing rewrite"),
        (without("match"), "missing match"),
        (rule(anchors=[]), "anchors must be"),
        (rule(flags=[]), "flags must be"),
        (rule(passes=[]), "passes must be"),
        (rule(source=" "), "source is empty"),
        (rule(flag="nonsense"), "unknown flag"),
        (rule(severity="loud"), "unknown severity"),
        (rule(extra=1), "unknown key extra"),
        (rule(hard=True), "only a block can be hard"),
        (rule(label="SHOE"), "unknown label"),
        (rule(match={}), "exactly one of"),
        (rule(match={"regex": "a", "phrases": ["b"]}), "exactly one of"),
        (rule(match={"regex": "("}), "does not compile"),
        (rule(match={"regex": "(a+)+b"}), "catastrophic"),
        (rule(match={"regex": "@{nothing}"}), "does not exist"),
        (rule(match={"regex": "a", "colour": 1}), "unknown key colour"),
        (rule(match={"regex": "a", "validate": "magic"}), "unknown validate"),
        (rule(match={"detector": "dog"}), "unknown detector"),
        (rule(match={"all_of": ["a"], "scope": "page"}), "unknown scope"),
        (rule(anchors=["shape:round"]), "unknown shape"),
        (rule(anchors=["cure*"]), "whole word"),
        (rule(id="Bad Id"), "the id must be"),
        (rule(status="guess"), "unknown status"),
        (rule(status="checked"), "needs checked_on"),
    ],
)
def test_a_wrong_rule_names_itself(tmp_path: Path, bad: dict[str, Any], problem: str) -> None:
    with pytest.raises(PackError) as caught:
        load_packs(write(tmp_path, bad))
    assert problem in str(caught.value)
    assert caught.value.where == "one.yaml"
    assert caught.value.rule == bad["id"]


def test_the_same_id_twice_is_refused_across_files(tmp_path: Path) -> None:
    write(tmp_path, rule())
    with pytest.raises(PackError, match="exists twice"):
        load_packs(write(tmp_path, rule(), name="two.yaml"))


@pytest.mark.parametrize(
    "text", ["", "pack: demo", "- a", "rules: {", "pack: demo\njurisdiction: us\nversion: 1\ntitle: t\nrules: []"]
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "one.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(PackError, match=r"one\.yaml"):
        load_packs(tmp_path)


def test_a_folder_without_packs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="no rule packs"):
        load_packs(tmp_path)


def test_two_files_of_a_pack_must_agree_on_its_head(tmp_path: Path) -> None:
    write(tmp_path, rule())
    with pytest.raises(PackError, match="different version"):
        load_packs(write(tmp_path, rule(id="other"), name="two.yaml", version="2"))


def test_digests_follow_content_not_layout(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.mkdir()
    second.mkdir()
    one = load_packs(write(first, rule()))
    write(second, rule())
    path = second / "one.yaml"
    path.write_text("# a comment\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert load_packs(second).digest == one.digest
    changed = load_packs(write(second, rule(message="Other words.")))
    assert changed.digest != one.digest
    assert changed.rules[0].digest != one.rules[0].digest


def test_new_examples_change_the_pack_but_not_the_rule(tmp_path: Path) -> None:
    one = load_packs(write(tmp_path, rule()))
    two = load_packs(write(tmp_path, rule(passes=["Not sure.", "Surely not."])))
    assert two.rules[0].digest == one.rules[0].digest
    assert two.digest != one.digest


def test_a_changed_vocabulary_changes_the_rules_that_use_it(tmp_path: Path) -> None:
    knowledge = tmp_path / "knowledge"
    knowledge.mkdir()
    (knowledge / "words.yaml").write_text("ills: gout, flu\n", encoding="utf-8")
    write(tmp_path, rule(match={"all_of": ["sure", "@{ills}"]}), rule(id="other"))
    one = load_packs(tmp_path, knowledge)
    (knowledge / "words.yaml").write_text("ills: gout, flu, lupus\n", encoding="utf-8")
    two = load_packs(tmp_path, knowledge)
    assert one.rules[0].digest != two.rules[0].digest
    assert one.rules[1].digest == two.rules[1].digest


def test_shipped_packs_cover_every_claim_flag_twice() -> None:
    rules = default_packs().rules
    assert len(rules) >= 40
    for flag in CLAIM_FLAGS:
        assert sum(r.flag == flag for r in rules) >= 2, flag
    assert {r.flag for r in rules} == FLAGS


def test_only_three_kinds_of_number_are_hard() -> None:
    assert {r.label for r in default_packs().rules if r.hard} == {"SSN", "MRN", "HEALTH_PLAN"}
