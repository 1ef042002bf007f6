"""What changed between two texts, word by word, in bounded time."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

# Comparing is quadratic at worst; beyond this many words we compare lines, beyond this many lines whole blocks.
MOST_TOKENS = 2000
WORDS = re.compile(r"\s+|\w+|[^\w\s]")
LINES = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True)
class Change:
    """A piece of text that is equal, was deleted or was inserted (`op`)."""

    op: str
    text: str


def word_diff(old: str, new: str) -> list[Change]:
    """Equal and deleted pieces joined are `old`; equal and inserted ones joined are `new`."""
    if old == new:
        return [Change("equal", old)] if old else []
    before, after = WORDS.findall(old), WORDS.findall(new)
    head = _common(before, after)
    tail = _common(before[head:][::-1], after[head:][::-1])
    middle_old, middle_new = before[head : len(before) - tail], after[head : len(after) - tail]
    changes = [Change("equal", "".join(before[:head]))]
    changes += _middle(middle_old, middle_new)
    changes.append(Change("equal", "".join(before[len(before) - tail :])))
    return _joined(changes)


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many tokens both begin with."""
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count


def _middle(old: list[str], new: list[str]) -> list[Change]:
    if len(old) + len(new) > MOST_TOKENS:
        old, new = LINES.findall("".join(old)), LINES.findall("".join(new))
    if len(old) + len(new) > MOST_TOKENS:
        return [Change("delete", "".join(old)), Change("insert", "".join(new))]
    changes: list[Change] = []
    for op, old_from, old_to, new_from, new_to in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if op == "equal":
            changes.append(Change("equal", "".join(old[old_from:old_to])))
            continue
        changes.append(Change("delete", "".join(old[old_from:old_to])))
        changes.append(Change("insert", "".join(new[new_from:new_to])))
    return changes


def _joined(changes: list[Change]) -> list[Change]:
    """Without empty pieces; a blank between two changed words belongs to the change, else the eye sees confetti."""
    found: list[Change] = []
    kept = [change for change in changes if change.text]
    for position, change in enumerate(kept):
        lonely = change.op == "equal" and change.text.isspace() and "\n" not in change.text
        if lonely and 0 < position < len(kept) - 1:
            found += [Change("delete", change.text), Change("insert", change.text)]
        else:
            found.append(change)
    return _merged(found)


def _merged(changes: list[Change]) -> list[Change]:
    """Within one run of changes first everything deleted, then everything inserted."""
    found: list[Change] = []
    deleted, inserted = "", ""
    for change in [*changes, Change("equal", "")]:
        if change.op == "delete":
            deleted += change.text
        elif change.op == "insert":
            inserted += change.text
        else:
            found += [Change("delete", deleted), Change("insert", inserted), change]
            deleted, inserted = "", ""
    return [change for change in found if change.text]
