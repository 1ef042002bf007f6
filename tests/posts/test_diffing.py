"""Word differences: complete, safe in the page, and bounded."""

import time

from hypothesis import given
from hypothesis import strategies as st

from posts.diffing import Change, word_diff
from tests.posts.test_marking import shown, texts

words = st.lists(st.sampled_from(["a", "b", "<b>", " ", "\n", ".", "clinic"]), max_size=20).map("".join)


@given(words | texts, words | texts)
def test_both_texts_can_be_read_from_the_changes(old: str, new: str) -> None:
    changes = word_diff(old, new)
    assert "".join(c.text for c in changes if c.op != "insert") == old
    assert "".join(c.text for c in changes if c.op != "delete") == new


@given(words)
def test_equal_texts_have_no_change(text: str) -> None:
    assert all(change.op == "equal" for change in word_diff(text, text))


def test_changed_words_stand_together() -> None:
    assert word_diff("Open on Saturday at nine.", "Open on Sunday morning at nine.") == [
        Change("equal", "Open on "),
        Change("delete", "Saturday"),
        Change("insert", "Sunday morning"),
        Change("equal", " at nine."),
    ]


def test_markup_in_a_difference_stays_text() -> None:
    old, new = "<script>a</script>", "<script>b</script>&lt;"
    reader = shown("components/word_diff.html", word_diff(old, new))
    assert reader.text == "<script>ab</script>&lt;"
    assert set(reader.tags) <= {"div", "ins", "del", "span"}


def test_the_longest_texts_are_compared_within_a_second() -> None:
    started = time.perf_counter()
    for old, new in (
        ("a b " * 5000, "b a " * 5000),
        ("a " * 900 + "x", "y" + "a " * 900),
        ("one\n" * 5000, "one\ntwo\n" * 2500),
    ):
        changes = word_diff(old, new)
        assert "".join(c.text for c in changes if c.op != "insert") == old
    assert time.perf_counter() - started < 3
