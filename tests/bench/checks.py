"""The check engine: longer texts, posts per second, and beside it the analyzer that others use."""

import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

from compliance.context import Context
from compliance.engine import check_text, default_packs
from tests.bench.places import BASE, Absent, say
from tests.bench.side import Side, timed
from tests.bench.table import Row, at_least, at_most, ratios

SENTENCES = (
    "Our flu clinic opens on Saturday at the north entrance. ",
    "Walk in between nine and noon; no appointment needed. ",
    "Ask your pharmacist which vaccine fits you and bring your list of medicines. ",
    "Parking is free on weekends for visitors of the clinic. ",
)
ROUNDS, TIMES = 9, 40
PRESIDIO = "presidio-analyzer==2.2.366"
VENV = BASE / "var" / "bench-venv"


def text(length: int) -> str:
    repeated = "".join(SENTENCES) * (length // sum(map(len, SENTENCES)) + 1)
    return repeated[:length]


def check(words: str) -> None:
    check_text(words, packs=default_packs(), context=Context(as_of=date(2026, 1, 1)))


def rules() -> Iterator[Row]:
    yield Row("rules", (len(default_packs().rules),))


def engine() -> Iterator[Row]:
    begin = time.perf_counter()
    check(text(280))
    cold = time.perf_counter() - begin
    short: list[float] = []
    long: list[float] = []
    for _round in range(ROUNDS):
        short.append(statistics.median(timed(lambda: check(text(280)), TIMES, time.process_time)))
        long.append(statistics.median(timed(lambda: check(text(2800)), TIMES // 8, time.process_time)))
    yield Row(
        "checks at 280 characters per second of one processor", tuple(1 / value for value in short), at_least(1500)
    )
    yield Row("check of 2,800 / of 280 characters", ratios(long, short), at_most(10))
    yield Row("first check of a process (spaCy and the packs are loaded)", (cold,), unit="s")


def presidio() -> Iterator[Row]:
    """In an environment of its own: it is no dependency of ours."""
    side = Side("", {}, python=str(_python()), script=str(Path(__file__).with_name("presidio_side.py")))
    try:
        words = text(280)
        check(words)
        found = []
        for _round in range(ROUNDS):
            ours = statistics.median(timed(lambda: check(words), TIMES, time.process_time))
            found.append((ours, statistics.median(side.ask("analyze", text=words, times=TIMES))))
        yield Row(
            "check of 280 characters / presidio-analyzer (blank spaCy)",
            ratios(*zip(*found, strict=True)),
            note=PRESIDIO,
        )
    finally:
        side.close()


def _python() -> Path:
    """The interpreter that has presidio-analyzer; made on demand."""
    python = VENV / "bin" / "python"
    test = [str(python), "-c", "import presidio_analyzer"]
    if python.exists() and _works(lambda: subprocess.run(test, check=True, capture_output=True, timeout=60)):
        return python
    say(f"making {VENV.relative_to(BASE)} with {PRESIDIO}")
    make = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    install = [str(python), "-m", "pip", "install", "--quiet", PRESIDIO]

    def build() -> None:
        for command in (make, install):
            subprocess.run(command, check=True, capture_output=True, timeout=240)

    if not _works(build):
        shutil.rmtree(VENV, ignore_errors=True)
        raise Absent(f"{PRESIDIO} could not be installed")
    return python


def _works(step: Callable[[], object]) -> bool:
    try:
        step()
    except (OSError, subprocess.SubprocessError):
        return False
    return True
