"""`make bench`: how long a check takes, as ratios within one run (seconds of one machine say little about another)."""

import statistics
import time
from collections.abc import Callable
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand

from compliance.checking import packs
from compliance.context import Context
from compliance.engine import check_text

SENTENCES = (
    "Our flu clinic opens on Saturday at the north entrance. ",
    "Walk in between nine and noon; no appointment needed. ",
    "Ask your pharmacist which vaccine fits you and bring your list of medicines. ",
    "Parking is free on weekends for visitors of the clinic. ",
)
ROUNDS = 40


class Command(BaseCommand):
    help = "Measure the check engine: one table, both sides of each ratio interleaved in one run."

    def handle(self, *args: Any, **options: Any) -> None:
        begin = time.perf_counter()
        _check(_text(280))
        cold = time.perf_counter() - begin
        short, long = _interleaved(lambda: _check(_text(280)), lambda: _check(_text(2800)))
        ratio = [b / a for a, b in zip(short, long, strict=True)]
        self.stdout.write(f"{'what':44}{'median':>10}{'min':>10}{'max':>10}")
        self._row("check of 280 characters, ms", [value * 1000 for value in short])
        self._row("check of 2,800 characters, ms", [value * 1000 for value in long])
        self._row("2,800 / 280 characters", ratio)
        self.stdout.write(f"{'checks per second at 280 characters':44}{1 / statistics.median(short):10.0f}")
        self.stdout.write(f"{'first check of a process, seconds':44}{cold:10.2f}")
        self.stdout.write(f"{'rules':44}{len(packs().rules):10d}")

    def _row(self, name: str, values: list[float]) -> None:
        self.stdout.write(f"{name:44}{statistics.median(values):10.2f}{min(values):10.2f}{max(values):10.2f}")


def _text(length: int) -> str:
    repeated = "".join(SENTENCES) * (length // sum(map(len, SENTENCES)) + 1)
    return repeated[:length]


def _check(text: str) -> None:
    check_text(text, packs=packs(), context=Context(as_of=date(2026, 1, 1)))


def _interleaved(one: Callable[[], None], other: Callable[[], None]) -> tuple[list[float], list[float]]:
    """Seconds of each call, taken in turn, so that a drifting machine hits both sides."""
    first: list[float] = []
    second: list[float] = []
    for _round in range(ROUNDS):
        for step, times in ((one, first), (other, second)):
            begin = time.perf_counter()
            step()
            times.append(time.perf_counter() - begin)
    return first, second
