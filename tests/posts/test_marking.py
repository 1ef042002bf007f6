"""Marks over a text: the pieces are always the text, and the markup shows nothing but the text."""

from html.parser import HTMLParser

from django.template.loader import render_to_string
from hypothesis import given, settings
from hypothesis import strategies as st

from posts.marking import Mark, Segment, segments

marks = st.lists(
    st.builds(
        Mark,
        start=st.integers(-5, 60),
        end=st.integers(-5, 60),
        id=st.sampled_from(["a", "b", "c", "d"]),
        severity=st.sampled_from(["note", "warn", "block", "hard", "?"]),
    ),
    max_size=8,
)
texts = st.text(alphabet=st.characters(exclude_categories=("Cs",), exclude_characters="\x00\r"), max_size=40)


class Shown(HTMLParser):
    """The text that a reader sees, without what only screen readers get."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.hidden = 0
        self.inside = 0
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.inside += tag == "div"
        self.hidden += tag == "span"

    def handle_endtag(self, tag: str) -> None:
        self.inside -= tag == "div"
        self.hidden -= tag == "span"

    def handle_data(self, data: str) -> None:
        if self.inside and not self.hidden:
            self.text += data


def shown(template: str, pieces: object) -> Shown:
    reader = Shown()
    reader.feed(render_to_string(template, {"segments": pieces}))
    reader.close()
    return reader


@given(texts, marks)
def test_pieces_joined_are_the_text(text: str, found: list[Mark]) -> None:
    assert "".join(piece.text for piece in segments(text, found)) == text
    assert all(piece.text for piece in segments(text, found))


@given(texts, marks)
def test_every_code_point_carries_exactly_its_marks(text: str, found: list[Mark]) -> None:
    position = 0
    for piece in segments(text, found):
        for offset in range(position, position + len(piece.text)):
            assert piece.findings == tuple(m.id for m in found if m.start <= offset < m.end)
        position += len(piece.text)


@settings(max_examples=40, deadline=None)
@given(texts, marks)
def test_parsed_page_shows_the_text_and_only_our_tags(text: str, found: list[Mark]) -> None:
    reader = shown("components/post_text.html", segments(text, found))
    assert reader.text == text
    assert set(reader.tags) <= {"div", "a", "span", "bdi"}


def test_markup_in_the_text_stays_text() -> None:
    text = '<img src=x onerror=alert(1)>"&amp;</div><script>x</script>'
    reader = shown("components/post_text.html", segments(text, [Mark(1, 9, "a", "warn"), Mark(5, 400, "b", "hard")]))
    assert reader.text == text
    assert set(reader.tags) == {"div", "a", "span"}


def test_overlapping_marks_show_the_strongest() -> None:
    assert segments("abcdef", [Mark(0, 4, "n", "note"), Mark(2, 6, "h", "hard")]) == [
        Segment("ab", ("n",), "note"),
        Segment("cd", ("n", "h"), "hard"),
        Segment("ef", ("h",), "hard"),
    ]


def test_marks_of_no_length_and_outside_the_text_mark_nothing() -> None:
    assert segments("abc", [Mark(1, 1, "a", "warn"), Mark(2, 1, "b", "warn"), Mark(7, 9, "c", "warn")]) == [
        Segment("abc")
    ]
