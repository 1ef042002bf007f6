"""Changes that no event explains: somebody wrote to the database around the program.

This room knows no one. The rooms above register how to compare their rows with what their last events say.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Change:
    """`kind` and `id` name the row, `what` says in a few words how it differs. Codes and ids only."""

    kind: str
    id: str
    what: str


_comparisons: dict[str, Callable[[], Iterator[Change]]] = {}


def register(name: str, compare: Callable[[], Iterator[Change]]) -> None:
    """Called once when an app starts; `compare` yields every row that its events do not explain."""
    _comparisons[name] = compare


def found() -> list[Change]:
    return [change for name in sorted(_comparisons) for change in _comparisons[name]()]
