"""One reading of a text that rules can trust, with a map back to the original code points.

Evasions that keep the letters in place (full-width, homoglyphs, zero-width characters, entities) are undone
here. Spaced letters and joined words change the words themselves, so they get readings of their own.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

Unit = tuple[str, int, int]  # one character and the original range it stands for

_SAME_LENGTH = str.maketrans(
    {
        "\u2018": "'",
        "\u2019": "'",
        "\u201a": "'",
        "\u201b": "'",
        "\u2032": "'",
        "\u02bc": "'",
        "\u00b4": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u201e": '"',
        "\u201f": '"',
        "\u2033": '"',
        "\u00ab": '"',
        "\u00bb": '"',
        "\u2010": "-",
        "\u2011": "-",
        "\u2012": "-",
        "\u2212": "-",
        "\ufe63": "-",
        "\uff0d": "-",
        "\u00a0": " ",
        "\u202f": " ",
        "\u2007": " ",
        "\u3000": " ",
        "\t": " ",
        "\r": "\n",
        "\u2028": "\n",
        "\u2029": "\n",
        "\x0b": " ",
        "\x0c": "\n",
        "\x85": "\n",
        **{chr(c): " " for c in (*range(0x2000, 0x2007), 0x2008, 0x2009, 0x200A, 0x205F, 0x1680)},
    }
)
_PAIRS = (
    "\u0430a \u0435e \u043eo \u0440p \u0441c \u0443y \u0445x \u0456i \u0458j \u0455s \u04bbh \u0501d \u051bq \u051dw \u0432b \u043ak "
    "\u043cm \u043dh \u0442t \u0433r \u0410A \u0412B \u0415E \u041aK \u041cM \u041dH \u041eO \u0420P \u0421C \u0422T \u0425X \u0423Y "
    "\u0406I \u0408J \u0405S \u03b1a \u03b5e \u03bfo \u03c1p \u03c5u \u03b9i \u03bak \u03bdv \u03c4t \u0391A \u0392B \u0395E \u0396Z "
    "\u0397H \u0399I \u039aK \u039cM \u039dN \u039fO \u03a1P \u03a4T \u03a5Y \u03a7X \u0131i \u0261g \u217cl"
)
_CONFUSABLE = {pair[0]: pair[1] for pair in _PAIRS.split()}
_JOINERS = "\u200b\u200c\u2060\ufeff"  # invisible, yet they may stand where a space belongs
_ENTITY = re.compile(r"&(?:[A-Za-z]{2,8}|#\d{1,7}|#[xX][0-9A-Fa-f]{1,6});")
_AT_DOT = re.compile(r"\s{0,3}[\[({]\s{0,2}(at|dot)\s{0,2}[\])}]\s{0,3}", re.IGNORECASE)
_HASHTAG = re.compile(r"#(\w+)")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[a-z])(?=\d)|_")
_WORD = re.compile(r"[^\W\d_]+")
_ODD = re.compile(r"&[A-Za-z#]|[ \n]{2}|[\[({]\s{0,2}(?i:at|dot)|#\w*?(?:[a-z][A-Z\d]|[A-Z]{2}[a-z]|_)")
_SPACED = re.compile(r"(?<![\w'])(?:[^\W\d_][ .\-_*|]){3,}[^\W\d_](?![\w'])")
_LONG_TAG = re.compile(r"#([^\W\d_]{7,40})(?!\w)")
_SMALL_WORDS = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "be",
        "best",
        "by",
        "for",
        "from",
        "get",
        "go",
        "i",
        "in",
        "is",
        "it",
        "me",
        "my",
        "no",
        "not",
        "of",
        "on",
        "or",
        "our",
        "so",
        "the",
        "to",
        "up",
        "us",
        "we",
        "with",
        "you",
        "your",
    ]
)


@dataclass(frozen=True, slots=True)
class Normalised:
    """``starts[i]``, ``ends[i]``: the original range that character i stands for. Both never decrease."""

    text: str
    starts: tuple[int, ...] | range
    ends: tuple[int, ...] | range
    original_length: int

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The original range of ``text[start:end]``; empty ranges map to an empty range."""
        if not 0 <= start <= end <= len(self.text):
            raise ValueError("range outside the normalised text")
        if start == end:
            at = self.starts[start] if start < len(self.text) else self.original_length
            return at, at
        return self.starts[start], self.ends[end - 1]


def normalise(text: str) -> Normalised:
    """The main reading. Deterministic and pure; most texts take the short path."""
    plain = text.translate(_SAME_LENGTH)
    if (plain.isascii() or _only_harmless(plain)) and not _ODD.search(plain):
        return Normalised(plain, range(len(plain)), range(1, len(plain) + 1), len(text))
    units = _collapse(_fold(list(_entities(plain))))
    units = _hashtags(_at_dot(_homoglyphs(units)))
    return Normalised("".join(u[0] for u in units), tuple(u[1] for u in units), tuple(u[2] for u in units), len(text))


def readings(base: Normalised, original: str, lexicon: frozenset[str]) -> list[Normalised]:
    """Other ways to read the text: spaced letters joined, joined words split. Empty when nothing is odd.

    ``lexicon`` holds the anchor words of the packs: only words a rule could look for are worth splitting for.
    """
    out: list[Normalised] = []
    repairs: list[tuple[int, int, str]] = []
    for match in _SPACED.finditer(base.text):
        letters = re.sub(r"[^\w]|_", "", match.group())
        words = segment(letters.lower(), lexicon)
        repairs.append((match.start(), match.end(), " ".join(words) if words else letters))
    for match in _LONG_TAG.finditer(base.text):
        words = segment(match.group(1).lower(), lexicon)
        if words and len(words) > 1:
            repairs.append((match.start(1), match.end(1), " ".join(words)))
    if repairs:
        out.append(_rewrite(base, sorted(repairs)))
    if any(char in original for char in _JOINERS):
        spaced = normalise(re.sub(rf"(?<=\w)[{_JOINERS}](?=\w)", " ", original))
        if spaced.text != base.text:
            out.append(spaced)
    return out


def segment(word: str, lexicon: frozenset[str]) -> list[str]:
    """Split a joined word into known words, fewest first; empty when it cannot be split wholly."""
    # How many words reach this place, and where the last of them begins: lists of words would grow with the square.
    best: list[tuple[int, int] | None] = [(0, 0)] + [None] * len(word)
    for end in range(1, len(word) + 1):
        for start in range(max(0, end - 20), end):
            head = best[start]
            if head is None:
                continue
            part = word[start:end]
            if part in _SMALL_WORDS or (len(part) > 2 and part in lexicon):
                current = best[end]
                if current is None or head[0] + 1 < current[0]:
                    best[end] = (head[0] + 1, start)
    found: list[str] = []
    at = len(word)
    while at and (step := best[at]) is not None:
        found.append(word[step[1] : at])
        at = step[1]
    found.reverse()
    return found if any(part in lexicon for part in found) else []


def _rewrite(base: Normalised, repairs: list[tuple[int, int, str]]) -> Normalised:
    """Replace ranges by other words; each new character stands for the whole replaced range."""
    chars: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    for start, end, words in repairs:
        if start < at:
            continue
        chars.extend(base.text[at:start])
        starts.extend(base.starts[at:start])
        ends.extend(base.ends[at:start])
        low, high = base.span(start, end)
        chars.extend(words)
        starts.extend([low] * len(words))
        ends.extend([high] * len(words))
        at = end
    chars.extend(base.text[at:])
    starts.extend(base.starts[at:])
    ends.extend(base.ends[at:])
    return Normalised("".join(chars), tuple(starts), tuple(ends), base.original_length)


def _only_harmless(text: str) -> bool:
    """True when no character needs folding: emoji and accents in composed form may stay as they are."""
    if not unicodedata.is_normalized("NFKC", text):
        return False
    return not any(
        not char.isascii() and (char in _CONFUSABLE or unicodedata.category(char) in ("Cf", "Mn", "Zs"))
        for char in text
    )


def _entities(text: str) -> Iterator[Unit]:
    at = 0
    for match in _ENTITY.finditer(text):
        plain = html.unescape(match.group()).translate(_SAME_LENGTH)
        yield from ((char, i, i + 1) for i, char in enumerate(text[at : match.start()], at))
        yield from ((char, match.start(), match.end()) for char in plain)
        at = match.end()
    yield from ((char, i, i + 1) for i, char in enumerate(text[at:], at))


def _fold(units: list[Unit]) -> list[Unit]:
    """NFKC by cluster (a base and its marks); invisible characters disappear."""
    out: list[Unit] = []
    i = 0
    while i < len(units):
        char, start, end = units[i]
        i += 1
        if char.isascii():
            cluster = char
        elif unicodedata.category(char) == "Cf" or 0xFE00 <= ord(char) <= 0xFE0F:
            continue
        else:
            cluster = char
        while i < len(units) and not units[i][0].isascii() and unicodedata.combining(units[i][0]):
            cluster += units[i][0]
            end = units[i][2]
            i += 1
        folded = cluster if cluster.isascii() else unicodedata.normalize("NFKC", cluster).translate(_SAME_LENGTH)
        out.extend((piece, start, end) for piece in folded)
    return out


def _collapse(units: list[Unit]) -> list[Unit]:
    """Runs of white space become one space, or one newline when the run holds one."""
    out: list[Unit] = []
    for char, start, end in units:
        if char.isspace():
            char = "\n" if char == "\n" else " "
            if out and out[-1][0] in " \n":
                last, low, _ = out[-1]
                out[-1] = ("\n" if "\n" in (last, char) else " ", low, max(end, out[-1][2]))
                continue
        out.append((char, start, end))
    return out


def _homoglyphs(units: list[Unit]) -> list[Unit]:
    """Cyrillic and Greek look-alikes become Latin inside words that also hold Latin letters."""
    text = "".join(u[0] for u in units)
    if text.isascii():
        return units
    latin = sum(char.isascii() and char.isalpha() for char in text)
    mostly_latin = latin > sum(char in _CONFUSABLE for char in text)
    out = list(units)
    for match in _WORD.finditer(text):
        word = match.group()
        strange = sum(char in _CONFUSABLE for char in word)
        mixed = any("a" <= char.lower() <= "z" for char in word)
        if strange and (mixed or (mostly_latin and strange == len(word) > 2)):
            for i in range(match.start(), match.end()):
                char, start, end = out[i]
                out[i] = (_CONFUSABLE.get(char, char), start, end)
    return out


def _at_dot(units: list[Unit]) -> list[Unit]:
    text = "".join(u[0] for u in units)
    out: list[Unit] = []
    at = 0
    for match in _AT_DOT.finditer(text):
        out.extend(units[at : match.start()])
        sign = "@" if match.group(1).lower() == "at" else "."
        out.append((sign, units[match.start()][1], units[match.end() - 1][2]))
        at = match.end()
    return out + units[at:]


def _hashtags(units: list[Unit]) -> list[Unit]:
    """#GuaranteedCure reads as "#Guaranteed Cure"; the added space stands for no original character."""
    text = "".join(u[0] for u in units)
    out: list[Unit] = []
    at = 0
    for match in _HASHTAG.finditer(text):
        for cut in _CAMEL.finditer(text, match.start(1), match.end(1)):
            out.extend(units[at : cut.start()])
            if cut.end() > cut.start():
                out.append((" ", units[cut.start()][1], units[cut.start()][2]))
            else:
                edge = units[cut.start()][1]
                out.append((" ", edge, edge))
            at = cut.end()
    return out + units[at:]
