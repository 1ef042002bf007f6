"""The door to the detectors: pure, exact about places, loud about what it could not read."""

from __future__ import annotations

import dataclasses
import os
import socket
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.context import ApprovedClaim, Context, DirectoryEntry
from compliance.engine import MAX_LENGTH, EngineError, check_text
from compliance.packs import PackSet, default_packs
from compliance.report import Finding, Report

TODAY = date(2025, 3, 4)
CLEAN = (Path(__file__).parent / "clean_posts.txt").read_text(encoding="utf-8").splitlines()


def check(text: str, **context: object) -> Report:
    return check_text(text, packs=default_packs(), context=Context(as_of=TODAY, **context))  # type: ignore[arg-type]


def of(report: Report, rule_id: str) -> list[Finding]:
    return [finding for finding in report.findings if finding.rule_id == rule_id]


@pytest.fixture(autouse=True)
def _no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("the checks must not open sockets")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.parametrize(
    "text",
    [
        "A guaranteed cure.",
        "A gu\u0430ranteed \u0441ure.",
        "A guaranteed\u00a0cure.",
        "A guaranteed  cure.",
        "A guaranteed\u200bcure.",
        "A guaran\u200bteed cure.",
        "A guaranteed-cure.",
        "A ｇｕａｒａｎｔｅｅｄ ｃｕｒｅ.",
        "A g u a r a n t e e d c u r e.",
        "So #GuaranteedCure",
        "So #guaranteedcure",
        "A guaranteed&nbsp;cure.",
        "A guar\u00adanteed cure.",
    ],
)
def test_evasions_of_a_guaranteed_cure_are_seen(text: str) -> None:
    found = of(check(text), "us_claims/guarantee.cure")
    assert [f.severity for f in found] == ["block"]
    start, end = found[0].start, found[0].end
    assert text[start] in "GgA#ｇ"
    assert text[end - 1] in "eｅ"


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("This is not a guaranteed cure.", "lowered: negated"),
        ("MYTH: a guaranteed cure exists.", "lowered: quoted myth or denial"),
        ("'A guaranteed cure for all' - that claim is not supported.", "lowered: quoted myth or denial"),
        ("Is there a guaranteed cure?", "lowered: asked, not claimed"),
        ("The FDA warns about a guaranteed cure.", "lowered: attributed to an agency"),
    ],
)
def test_context_lowers_and_says_so(text: str, note: str) -> None:
    found = of(check(text), "us_claims/guarantee.cure")
    assert [(f.severity, f.context_note) for f in found] == [("note", note)]


def test_a_negation_in_another_clause_lowers_nothing() -> None:
    assert check("No waiting, a guaranteed cure!").worst == "block"


def test_hard_numbers_are_never_lowered() -> None:
    report = check("MYTH: nobody would post MRN 00482913.")
    assert [(f.severity, f.hard, f.label) for f in report.findings] == [("block", True, "MRN")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("😀😀 MRN 00482913", "00482913"),
        ("é́ MRN 00482913", "00482913"),
        ("שלום MRN 00482913", "00482913"),
        ("\u202bMRN\u202c 00\u200b482913.", "00\u200b482913"),
        ("👩\u200d⚕️ MRN: 0048291３", "0048291３"),
    ],
)
def test_offsets_count_code_points_of_the_original(text: str, expected: str) -> None:
    found = of(check(text), "us_hipaa/id.mrn")
    assert [text[f.start : f.end] for f in found] == [expected]


@settings(max_examples=40, deadline=None)
@given(
    st.text(alphabet=st.sampled_from("ab 😀é\u0301\u200bשל\u202eﬁ½#&;\n.!?👍\u00a0"), max_size=30), st.text(max_size=10)
)
def test_every_finding_lies_inside_the_text_and_its_sentence(before: str, after: str) -> None:
    text = f"{before} MRN 00482913 {after}"
    report = check(text)
    assert "00482913" in [text[f.start : f.end] for f in report.findings if f.label == "MRN"]
    for finding in report.findings:
        assert 0 <= finding.start < finding.end <= len(text)
        assert 0 <= finding.sentence_start <= finding.start <= finding.sentence_end <= len(text)


def test_the_same_sentence_twice_is_told_apart_by_occurrence() -> None:
    found = of(check("A guaranteed cure. A guaranteed cure."), "us_claims/guarantee.cure")
    assert [f.occurrence for f in found] == [1, 2]
    assert found[0].sentence == found[1].sentence == "a guaranteed cure."


def test_an_edit_elsewhere_keeps_the_key_of_an_answer() -> None:
    def key(f: Finding) -> tuple[str, str, str, int]:
        return f.rule_id, f.rule_digest, f.sentence, f.occurrence

    one = of(check("A guaranteed  Cure."), "us_claims/guarantee.cure")
    two = of(check("Hello all! A guaranteed cure. See you."), "us_claims/guarantee.cure")
    assert [key(f) for f in one] == [key(f) for f in two]


def test_the_sentence_stays_out_of_repr() -> None:
    assert "guaranteed" not in repr(of(check("Zebra! A guaranteed cure."), "us_claims/guarantee.cure")[0]).replace(
        "guarantee.cure", ""
    )


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Nuestra clínica está abierta hoy para todos los niños de la ciudad.", ("language:es",)),
        ("Notre clinique est ouverte pour tous les enfants de la ville.", ("language:fr",)),
        ("Мы открыты каждый день для всех", ("language:ru",)),
        ("今天我们开放流感疫苗接种", ("language:zh",)),
        ("Flu shots today in the lobby.\nVacunas contra la gripe hoy en la clínica para todos.", ("language:es",)),
        ("Flu shots are here today for all of you.", ()),
        ("Coffee Fridays!", ()),
        ("😀", ()),
        ("", ()),
        ("Dr. García speaks at noon.", ()),
    ],
)
def test_another_language_is_reported_as_not_checked(text: str, codes: tuple[str, ...]) -> None:
    report = check(text)
    assert report.not_checked == codes
    assert report.is_clean == (not codes)


def test_identifiers_are_found_in_a_text_of_another_language_too() -> None:
    report = check("Nuestra paciente de la clínica con MRN 00482913 está en casa.")
    assert report.not_checked == ("language:es",)
    assert [f.label for f in report.findings if f.hard] == ["MRN"]


def test_a_text_that_is_too_long_is_refused() -> None:
    assert check("a " * (MAX_LENGTH // 2)).findings == ()
    with pytest.raises(EngineError, match="too_long"):
        check("a" * (MAX_LENGTH + 1))


def test_no_packs_is_an_error_not_a_clean_text() -> None:
    with pytest.raises(EngineError, match="empty_packs"):
        check_text("Hello.", packs=PackSet((), {}, "0"), context=Context(as_of=TODAY))


def test_a_broken_detector_is_an_error_without_the_text() -> None:
    packs = default_packs()
    rule = packs.rule("us_hipaa/id.mrn")
    broken = dataclasses.replace(rule, match=dataclasses.replace(rule.match, validate=("no_such_check",)))
    pack = dataclasses.replace(packs.packs[0], rules=(broken,))
    with pytest.raises(EngineError) as caught:
        check_text("MRN 00482913", packs=PackSet((pack,), packs.vocab, "broken"), context=Context(as_of=TODAY))
    assert caught.value.code == "detector_failed:ValueError"
    assert caught.value.__cause__ is None


def test_own_phone_in_the_directory_is_not_flagged() -> None:
    text = "Our patient can be reached on 440-555-0142."
    own = (DirectoryEntry("phone", "+1 (440) 555-0142"),)
    assert [f.label for f in check(text).findings if f.label == "PHONE"] == ["PHONE"]
    assert [f.label for f in check(text, directory=own).findings if f.label == "PHONE"] == []


@pytest.mark.parametrize(
    ("kind", "value", "text", "label"),
    [
        ("domain", "clinic.example", "Our patient wrote to ana.b@clinic.example", "EMAIL"),
        ("staff", "Michelle Carter", "Michelle Carter likes the new lobby.", "NAME"),
        ("address", "44 Elm Street", "Our patient met us at 44 Elm Street.", "GEO"),
        ("handle", "@runner_ana", "Our patient thanked @runner_ana after surgery", "NAME"),
    ],
)
def test_directory_entries_are_not_findings(kind: str, value: str, text: str, label: str) -> None:
    entry = (DirectoryEntry(kind, value),)  # type: ignore[arg-type]
    assert [f.label for f in check(text).findings if f.label == label]
    assert [f for f in check(text, directory=entry).findings if f.label == label] == []


def test_an_approved_claim_covers_its_exact_words_while_it_is_valid() -> None:
    text = "Our tea is clinically proven."
    claim = ApprovedClaim("C-7", "clinically proven", valid_until=date(2025, 12, 31))
    found = of(check(text, approved_claims=(claim,)), "us_claims/efficacy.proven")
    assert [(f.severity, f.context_note) for f in found] == [("note", "covered: approved claim C-7")]
    late = check_text(text, packs=default_packs(), context=Context(as_of=date(2026, 1, 1), approved_claims=(claim,)))
    assert [f.severity for f in of(late, "us_claims/efficacy.proven")] == ["warn"]


@pytest.mark.parametrize(("kind", "expected"), [("original", []), ("reply", ["block"]), ("comment", ["block"])])
def test_thanks_for_a_visit_confirms_a_patient_in_replies_only(kind: str, expected: list[str]) -> None:
    report = check("Thank you for choosing us.", kind=kind)
    assert [f.severity for f in report.findings if f.flag == "reply_confirms_patient"] == expected


def test_context_digest_ignores_order_and_sees_content() -> None:
    one, two = DirectoryEntry("phone", "1"), DirectoryEntry("domain", "a.example")
    assert Context(as_of=TODAY, directory=(one, two)).digest() == Context(as_of=TODAY, directory=(two, one)).digest()
    assert Context(as_of=TODAY, directory=(one,)).digest() != Context(as_of=TODAY).digest()
    assert Context(as_of=TODAY).digest() != Context(as_of=date(2025, 3, 5)).digest()


def test_two_processes_with_different_hash_seeds_agree() -> None:
    script = (
        "from datetime import date;from compliance.context import Context;from compliance.engine import check_text,default_packs;"
        "t='Our patient Maria Lopez, MRN 00482913, was admitted on 3/4. A guaranteed cure! #GuaranteedCure';"
        "print(check_text(t,packs=default_packs(),context=Context(as_of=date(2025,1,1))))"
    )
    root = Path(__file__).resolve().parents[2]
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=root,
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
    assert "us_hipaa/id.mrn" in outputs.pop()


def test_alarm_budget_on_clean_hospital_posts() -> None:
    worst = [check(text).worst for text in CLEAN]
    assert len(worst) == 60
    assert (worst.count("warn"), worst.count("block")) == (0, 0)


def test_clean_posts_are_all_read_as_english() -> None:
    assert [text for text in CLEAN if check(text).not_checked] == []


@pytest.mark.parametrize(
    "text",
    [
        "a" * 5000,
        "A" * 5000,
        "1" * 5000,
        "1-" * 2500,
        "a." * 2500,
        "@a" * 2500,
        "Aa " * 1666,
        "A. " * 1666,
        "your " * 1000,
        "&" * 5000,
        "#aA" * 1600,
        "( at " * 1000,
        "you were the " * 380,
        "cure cancer " * 400,
        "( " * 2500,
        "a b " * 1200,
    ],
)
def test_long_runs_do_not_blow_up(text: str) -> None:
    import time

    start = time.process_time()
    check(text)
    assert time.process_time() - start < 3
