"""Vocabularies and the small pattern language of the rule packs.

``@{name}`` in a pattern stands for a vocabulary of ``knowledge/*.yaml``. A term may end in ``*`` (any ending);
a space in a term also matches a hyphen or a line break.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml

Vocab = Mapping[str, tuple[str, ...]]
_REFERENCE = re.compile(r"@\{([a-z_]+)\}")
_NESTED_REPEAT = re.compile(r"\((?:[^()\\]|\\.)*(?<!\\)[+*](?:[^()\\]|\\.)*\)(?:[+*]|\{\d+,\})")


class TermError(Exception):
    """A pattern or vocabulary that must not be used; the message names what is wrong."""


def load_vocab(folder: Path) -> dict[str, tuple[str, ...]]:
    """All vocabularies of a folder. Terms are casefolded; a term may refer to another vocabulary."""
    raw: dict[str, list[str]] = {}
    for path in sorted(folder.glob("*.yaml")):
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        if not isinstance(data, dict) or not data:
            raise TermError(f"{path.name}: no vocabularies")
        for name, words in data.items():
            if name in raw:
                raise TermError(f"{path.name}: vocabulary {name} exists twice")
            listed = words.split(",") if isinstance(words, str) else words
            raw[name] = [str(word).strip().casefold() for word in listed if str(word).strip()]
            if not raw[name]:
                raise TermError(f"{path.name}: vocabulary {name} is empty")
    return {name: tuple(dict.fromkeys(_flatten(name, raw, ()))) for name in raw}


def _flatten(name: str, raw: Mapping[str, list[str]], above: tuple[str, ...]) -> Iterable[str]:
    if name in above:
        raise TermError(f"vocabulary {name} refers to itself")
    if name not in raw:
        raise TermError(f"vocabulary {name} does not exist")
    for term in raw[name]:
        inner = _REFERENCE.fullmatch(term)
        if inner:
            yield from _flatten(inner.group(1), raw, (*above, name))
        else:
            yield term


def references(pattern: str) -> list[str]:
    return _REFERENCE.findall(pattern)


def term_pattern(term: str) -> str:
    stem = re.escape(term.removesuffix("*")).replace(r"\ ", r"[\s\-]{1,2}")
    return stem + (r"\w*" if term.endswith("*") else "")


def terms_pattern(terms: Iterable[str]) -> str:
    """One alternation for whole words; longer terms first so that they win.

    It branches on the first letter, so that a place in the text is tried against few terms and not against all. Terms
    with different first letters cannot both match, so their order does not matter.
    """
    ordered = sorted(set(terms), key=lambda term: (-len(term), term))
    groups: dict[str, list[str]] = {}
    for term in ordered:
        first = term[:1] if term[:1].isascii() and term[:1].isalnum() else ""
        groups.setdefault(first, []).append(term_pattern(term)[len(first) :])
    if "" in groups:
        choice = "|".join(term_pattern(term) for term in ordered)
    else:
        choice = "|".join(f"{first}(?:{'|'.join(rest)})" for first, rest in groups.items())
    return rf"(?<!\w)(?:{choice})(?!\w)"


def expand(items: Iterable[str], vocab: Vocab) -> list[str]:
    """Plain terms and ``@{name}`` references to plain terms."""
    out: list[str] = []
    for item in items:
        reference = _REFERENCE.fullmatch(item)
        if reference:
            out.extend(_known(reference.group(1), vocab))
        else:
            out.append(item.casefold())
    return out


def compile_pattern(pattern: str, vocab: Vocab, *, case: bool = False) -> re.Pattern[str]:
    """Raises TermError for a pattern that does not compile or repeats a repetition."""
    if _NESTED_REPEAT.search(pattern):
        raise TermError("a repeated group repeats inside (catastrophic backtracking)")
    full = _REFERENCE.sub(lambda match: terms_pattern(_known(match.group(1), vocab)), pattern)
    try:
        return re.compile(full, re.UNICODE if case else re.IGNORECASE)
    except re.error as error:
        raise TermError(f"pattern does not compile: {error.msg}") from error


def _known(name: str, vocab: Vocab) -> tuple[str, ...]:
    if name not in vocab:
        raise TermError(f"vocabulary {name} does not exist")
    return vocab[name]
