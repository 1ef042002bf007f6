"""A row of the table, and the arithmetic behind it."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    """`sign` is "<=" or ">="."""

    sign: str
    value: float

    def met(self, found: float) -> bool:
        return found <= self.value if self.sign == "<=" else found >= self.value

    def __str__(self) -> str:
        return f"{'≤' if self.sign == '<=' else '≥'} {self.value:g}"


@dataclass(frozen=True)
class Row:
    """One line: what was measured, one value per round, the goal for the median; or why it was left out."""

    name: str
    values: tuple[float, ...] = ()
    goal: Goal | None = None
    unit: str = ""
    skipped: str = ""
    note: str = ""


def at_most(value: float) -> Goal:
    return Goal("<=", value)


def at_least(value: float) -> Goal:
    return Goal(">=", value)


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, ...]:
    """Round by round: both sides of one ratio were measured next to each other."""
    return tuple(a / b for a, b in zip(ours, theirs, strict=True))


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile: a value that was really measured."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def rate(seconds: Sequence[float]) -> float:
    """Calls per second of calls made one after the other."""
    return len(seconds) / sum(seconds)


def line(row: Row) -> str:
    if row.skipped:
        return f"{row.name:60} skipped: {row.skipped}"
    median, unit = statistics.median(row.values), f" {row.unit}" if row.unit else ""
    verdict = "" if row.goal is None else "met" if row.goal.met(median) else "MISSED"
    numbers = f"{_number(median):>9}{_number(min(row.values)):>9}{_number(max(row.values)):>9}"
    text = f"{row.name + unit:60}{numbers}  {row.goal or ''!s:>7} {verdict:7}{row.note}"
    return text.rstrip()


def head() -> str:
    return f"{'what (a ratio where no unit is named)':60}{'median':>9}{'min':>9}{'max':>9}  {'goal':>7}"


def _number(value: float) -> str:
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.2f}" if value >= 0.1 else f"{value:.4f}"
