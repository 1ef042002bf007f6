"""The offset map is exact: whatever a rule sees can be shown in the author's own text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.normalise import Normalised, normalise, readings, segment

ODD = st.sampled_from(
    [
        "\u200b",
        "\u00a0",
        "  ",
        "\u00ad",
        "\u202e",
        "\u2066",
        "&amp;",
        "&nbsp;",
        "&#8203;",
        "e\u0301",
        "\u0301",
        "😀",
        "👩\u200d⚕️",
        "שלום",
        "مرحبا",
        "с",
        "о",
        "ｃ",
        "ﬁ",
        "½",
        "…",
        "’",
        "“",
        "#PrayForMason",
        "#guaranteedcure",
        "c u r e s",
        "[at]",
        "(dot)",
        "\n",
        "\t",
        "\r\n",
        "ß",
        "İ",
        "한",
        "각",
    ]
)
TEXTS = st.lists(st.one_of(ODD, st.text(max_size=8)), max_size=20).map("".join)
LEXICON = frozenset({"guaranteed", "cure", "cures", "miracle"})


def assert_exact(reading: Normalised, original: str) -> None:
    assert reading.original_length == len(original)
    assert len(reading.text) == len(reading.starts) == len(reading.ends)
    last_start = last_end = 0
    for start, end in zip(reading.starts, reading.ends, strict=True):
        assert 0 <= start <= end <= len(original)
        assert start >= last_start
        assert end >= last_end
        last_start, last_end = start, end
    for at in range(len(reading.text)):
        assert reading.span(at, at + 1) == (reading.starts[at], reading.ends[at])


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_map_is_monotone_and_in_range(text: str) -> None:
    main = normalise(text)
    assert_exact(main, text)
    for other in readings(main, text, LEXICON):
        assert_exact(other, text)


@settings(max_examples=100, deadline=None)
@given(TEXTS)
def test_same_text_gives_the_same_reading(text: str) -> None:
    assert normalise(text) == normalise(text)


@settings(max_examples=100, deadline=None)
@given(TEXTS, TEXTS)
def test_a_plain_word_is_found_at_its_own_place(before: str, after: str) -> None:
    text = f"{before} zebra42 {after}"
    reading = normalise(text)
    place = len(before) + 1
    at = reading.text.find("zebra42")
    spans = []
    while at >= 0:
        spans.append(reading.span(at, at + 7))
        at = reading.text.find("zebra42", at + 1)
    assert (place, place + 7) in spans


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cu\u200bre", "cure"),
        ("cu\u00adre", "cure"),
        ("ｃｕｒｅ", "cure"),
        ("сurе", "cure"),
        ("cυre", "cure"),
        ("a\u00a0b", "a b"),
        ("a  b", "a b"),
        ("a \n b", "a\nb"),
        ("&lt;3 &amp; you", "<3 & you"),
        ("it\u2019s", "it's"),
        ("\u201cyes\u201d", '"yes"'),
        ("ana [at] mail (dot) com", "ana@mail.com"),
        ("#GuaranteedCure", "#Guaranteed Cure"),
        ("#Stop_It", "#Stop It"),
        ("e\u0301", "é"),
        ("\u202ecure\u202c", "cure"),
        ("👩\u200d⚕️ ok", "👩⚕ ok"),
        ("plain text", "plain text"),
        ("Москва", "Москва"),
        ("5 μg", "5 μg"),
        ("AT&T", "AT&T"),
        ("(attic)", "(attic)"),
        ("#covid", "#covid"),
        ("naïve café", "naïve café"),
    ],
)
def test_reading(text: str, expected: str) -> None:
    assert normalise(text).text == expected


def test_span_of_an_entity_covers_the_whole_entity() -> None:
    reading = normalise("Tom &amp; Ann")
    at = reading.text.index("&")
    assert reading.span(at, at + 1) == (4, 9)


def test_span_outside_the_reading_is_refused() -> None:
    with pytest.raises(ValueError, match="outside"):
        normalise("abc").span(1, 9)


def test_empty_span_maps_to_an_empty_range() -> None:
    assert normalise("abc").span(3, 3) == (3, 3)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("it is a c u r e", ["it is a cure"]),
        ("it c u r e s all", ["it cures all"]),
        ("g.u.a.r.a.n.t.e.e.d", ["guaranteed"]),
        ("#guaranteedcure now", ["#guaranteed cure now"]),
        ("#gardening now", []),
        ("plain words", []),
        ("guaranteed\u200bcure", ["guaranteed cure"]),
        ("I a m here", []),
    ],
)
def test_other_readings(text: str, expected: list[str]) -> None:
    found = [reading.text for reading in readings(normalise(text), text, LEXICON)]
    assert [text for text in found if "cure" in text or "guaranteed" in text] == expected


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("guaranteedcure", ["guaranteed", "cure"]),
        ("ourcure", ["our", "cure"]),
        ("curex", []),
        ("thebest", []),
        ("", []),
    ],
)
def test_segment(word: str, expected: list[str]) -> None:
    assert segment(word, LEXICON) == expected
