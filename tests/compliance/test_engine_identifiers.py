"""Each identifier as a table, with at least as many misses as hits."""

from __future__ import annotations

from datetime import date

import pytest

from compliance.context import Context
from compliance.engine import check_text
from compliance.packs import default_packs

HITS = [
    ("SSN", "SSN: 219-09-9998", "219-09-9998"),
    ("SSN", "her social security number is 536228121", "536228121"),
    ("MRN", "MRN#: 7718233", "7718233"),
    ("MRN", "patient ID A-48213", "A-48213"),
    ("HEALTH_PLAN", "Member ID: KLM440981772", "KLM440981772"),
    ("HEALTH_PLAN", "insurance ID 4481-2290-11", "4481-2290-11"),
    ("ACCOUNT", "card 4111 1111 1111 1111", "4111 1111 1111 1111"),
    ("ACCOUNT", "IBAN DE89370400440532013000", "DE89370400440532013000"),
    ("LICENSE", "driver's license D1234567", "D1234567"),
    ("VEHICLE", "VIN 1HGCM82633A004352", "1HGCM82633A004352"),
    ("VEHICLE", "license plate 8XKR421", "8XKR421"),
    ("DEVICE", "pump serial number QR-5521-08", "QR-5521-08"),
    ("EMAIL", "our patient: ana.b@mail.example", "ana.b@mail.example"),
    ("EMAIL", "my patient, ana [at] mail [dot] com", "ana [at] mail [dot] com"),
    ("IP", "login from 198.51.100.24", "198.51.100.24"),
    ("URL", "our patient's page https://ana.example/me", "https://ana.example/me"),
    ("PHONE", "our patient's cell: (212) 555-0188", "(212) 555-0188"),
    ("FAX", "our patient's chart went to fax 440-555-0142", "440-555-0142"),
    ("AGE_OVER_89", "our patient is a 90-year-old man", "90"),
    ("DATE", "she was admitted on March 3rd", "March 3rd"),
    ("DATE", "DOB 04/12/1961", "04/12/1961"),
    ("GEO", "our patient lives at 44 Elm Street", "44 Elm Street"),
    ("GEO", "our patient, zip code 44101", "44101"),
    ("OTHER_ID", "our patient in room 412", "412"),
    ("NAME", "our patient Marcus Bennett", "Marcus Bennett"),
    ("NAME", "Mrs. Alvarez had surgery", "Alvarez"),
]
MISSES = [
    ("SSN", "part 000-12-3456"),
    ("SSN", "666-12-3456"),
    ("SSN", "901-12-3456"),
    ("SSN", "call 219-555-0199"),
    ("MRN", "medical records open at 8"),
    ("MRN", "chart your 10000 steps"),
    ("MRN", "the MRN is on the wristband"),
    ("HEALTH_PLAN", "bring your member ID card"),
    ("HEALTH_PLAN", "Medicare 2025 enrollment"),
    ("HEALTH_PLAN", "group 4 meets"),
    ("ACCOUNT", "tracking 4111 1111 1111 1112"),
    ("ACCOUNT", "DE89370400440532013001"),
    ("ACCOUNT", "claim your 2025 calendar"),
    ("LICENSE", "our NPI is 1112223334"),
    ("LICENSE", "a licensed nurse since 2001"),
    ("VEHICLE", "fill half your plate with greens"),
    ("VEHICLE", "growth plate care"),
    ("DEVICE", "serial blood tests"),
    ("DEVICE", "device checks on 11/02"),
    ("EMAIL", "operated at Dr. Osei's office"),
    ("EMAIL", "write to info@clinic.example"),
    ("EMAIL", "@clinic"),
    ("IP", "version 1.2.3.4"),
    ("IP", "999.1.1.1"),
    ("URL", "learn more at clinic.example.org"),
    ("URL", "see you at 5.30"),
    ("PHONE", "call us at 555-010-2200"),
    ("PHONE", "120/80 or 140/90"),
    ("PHONE", "2024-2025"),
    ("FAX", "fax us the form"),
    ("AGE_OVER_89", "an 89-year-old patient was admitted"),
    ("AGE_OVER_89", "our patient, 9, was admitted to bed 94"),
    ("AGE_OVER_89", "ages 45 to 75"),
    ("DATE", "heart walk on October 5"),
    ("DATE", "our patient had a pressure of 120/80 at admission"),
    ("DATE", "admitted in 2021"),
    ("DATE", "flu clinic 10/15"),
    ("GEO", "visit us at 1200 Harbor Blvd"),
    ("GEO", "find care by ZIP code"),
    ("OTHER_ID", "support group in room 110"),
    ("OTHER_ID", "40 new beds"),
    ("NAME", "Dr. Marcus Bennett speaks"),
    ("NAME", "Parkinson's disease"),
    ("NAME", "grace and hope"),
    ("NAME", "Rose and Ivy bloom"),
    ("NAME", "St. Joseph Hospital"),
    ("PHOTO", "photo contest this week"),
    ("BIOMETRIC", "fingerprint sensors keep the pharmacy safe"),
]


def spans(label: str, text: str) -> list[str]:
    report = check_text(text, packs=default_packs(), context=Context(as_of=date(2025, 1, 1)))
    return [text[f.start : f.end] for f in report.findings if f.label == label]


@pytest.mark.parametrize(("label", "text", "expected"), HITS)
def test_identifier_is_found_at_its_exact_place(label: str, text: str, expected: str) -> None:
    found = spans(label, text)
    assert len(found) == 1
    assert expected in found[0]


@pytest.mark.parametrize(("label", "text"), MISSES)
def test_lookalike_is_left_alone(label: str, text: str) -> None:
    assert spans(label, text) == []


def test_table_holds_as_many_misses_as_hits() -> None:
    for label in {hit[0] for hit in HITS} - {"FAX"}:
        assert sum(m[0] == label for m in MISSES) >= sum(h[0] == label for h in HITS), label
