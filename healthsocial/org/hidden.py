"""Characters nobody can see, made visible: what is approved is what is published, so all of it must be on screen.

A text may hold them (an emoji needs its joiner); it is not refused, it is shown. Those that belong to an emoji are
seen in the emoji and are not marked.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from healthsocial.org.naming import BLANK, JOINER, UNSEEN_CATEGORIES

BREAKS = frozenset("\n\t\r")  # seen as what they do
EMOJI_STYLE = frozenset("\ufe0e\ufe0f")
BLACK_FLAG, LAST_TAG = "\U0001f3f4", "\U000e007f"

KNOWN = {
    "\u00ad": gettext_lazy("soft hyphen"),
    "\u061c": gettext_lazy("Arabic letter mark"),
    "\u200b": gettext_lazy("zero-width space"),
    "\u200c": gettext_lazy("zero-width non-joiner"),
    "\u200d": gettext_lazy("zero-width joiner"),
    "\u200e": gettext_lazy("left-to-right mark"),
    "\u200f": gettext_lazy("right-to-left mark"),
    "\u202a": gettext_lazy("left-to-right embedding"),
    "\u202b": gettext_lazy("right-to-left embedding"),
    "\u202c": gettext_lazy("end of a direction change"),
    "\u202d": gettext_lazy("left-to-right override"),
    "\u202e": gettext_lazy("right-to-left override"),
    "\u2060": gettext_lazy("word joiner"),
    "\u2066": gettext_lazy("left-to-right isolate"),
    "\u2067": gettext_lazy("right-to-left isolate"),
    "\u2068": gettext_lazy("first-strong isolate"),
    "\u2069": gettext_lazy("end of an isolate"),
    "\ufeff": gettext_lazy("zero-width no-break space"),
}


@dataclass(frozen=True)
class Piece:
    """A run of plain text, or one hidden character with its code and name."""

    text: str
    code: str = ""
    name: str = ""


@dataclass(frozen=True)
class Count:
    code: str
    name: str
    number: int


def pieces(text: str) -> list[Piece]:
    """The text cut at its hidden characters; joined, the pieces are the text again."""
    found: list[Piece] = []
    start = 0
    for at in _places(text):
        if at > start:
            found.append(Piece(text[start:at]))
        found.append(Piece(text[at], f"U+{ord(text[at]):04X}", _name(text[at])))
        start = at + 1
    return found + ([Piece(text[start:])] if start < len(text) else [])


def count(texts: Iterable[str]) -> list[Count]:
    """Each hidden character of the texts with how often it stands there, the most frequent first."""
    seen = Counter(text[at] for text in texts for at in _places(text))
    return [Count(f"U+{ord(char):04X}", _name(char), number) for char, number in seen.most_common()]


def _places(text: str) -> Iterator[int]:
    if text.isascii() and text.isprintable():
        return
    for at, char in enumerate(text):
        if _unseen(char) and not _of_an_emoji(text, at):
            yield at


def _unseen(char: str) -> bool:
    if char.isascii():
        return not char.isprintable() and char not in BREAKS
    return (
        unicodedata.category(char) in UNSEEN_CATEGORIES
        or char in BLANK
        or "\ufe00" <= char <= "\ufe0f"  # variation selectors: any bytes can be written in them
        or "\U000e0100" <= char <= "\U000e01ef"
        or "\u180b" <= char <= "\u180f"
    )


def _of_an_emoji(text: str, at: int) -> bool:
    """The joiner between two emoji, the style after one, the letters of a flag."""
    char, before = text[at], text[at - 1] if at else ""
    if char == JOINER:
        after = text[at + 1] if at + 1 < len(text) else ""
        return _pictures(before) and _pictures(after)
    if char in EMOJI_STYLE:
        return bool(before) and (before in "#*0123456789" or unicodedata.category(before) in ("So", "Sm", "Sk", "Po"))
    if "\U000e0020" <= char <= LAST_TAG:
        start = text.rfind(BLACK_FLAG, max(0, at - 8), at)
        return start >= 0 and all("\U000e0020" <= letter < LAST_TAG for letter in text[start + 1 : at])
    return False


def _pictures(char: str) -> bool:
    return bool(char) and (unicodedata.category(char) in ("So", "Sk") or char in EMOJI_STYLE or char in "\u2640\u2642")


def _name(char: str) -> str:
    known = KNOWN.get(char)
    if known is not None:
        return str(known)
    return unicodedata.name(char, "").lower() or _("control character")
