"""The four measuring functions use the engine as reviewers see it."""

from __future__ import annotations

import pytest

from compliance.evaluation import claim_flags, needs_authorization, patient_label, phi_spans


def test_phi_spans_are_triples_with_safe_harbor_classes() -> None:
    assert phi_spans("Our patient, MRN 00482913, is home.") == [(17, 25, "MRN")]


def test_staff_names_are_no_phi_and_unknown_names_are() -> None:
    assert phi_spans("Dr. Michelle Carter likes the lobby.") == []
    assert phi_spans("Michelle Carter likes the lobby.") == [(0, 15, "NAME")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Our patient Marcus Bennett had surgery today.", True),
        ("There is no record of you here.", True),
        ("MRN 00482913", True),
        ("Our lobby has a new piano.", False),
        ("Dr. Osei speaks about surgery.", False),
        ("A guaranteed cure!", False),
    ],
)
def test_needs_authorization(text: str, expected: bool) -> None:
    assert needs_authorization(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A guaranteed cure.", {"guarantee"}),
        ("Not a guaranteed cure.", set()),
        ("Our lobby has a new piano.", set()),
        ("Our patient Marcus Bennett had surgery.", set()),
    ],
)
def test_claim_flags(text: str, expected: set[str]) -> None:
    assert claim_flags(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Our patient Marcus Bennett had surgery today.", "patient_story"),
        ("Marcus, your lab results were fine.", "reply_confirms_patient"),
        ("Our lobby has a new piano.", "none"),
    ],
)
def test_patient_label(text: str, expected: str) -> None:
    assert patient_label(text) == expected
