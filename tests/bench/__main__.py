"""`make bench`: one table. Every figure is a ratio within one run, both sides asked in turn (seconds of one machine say
little about another), with the median and the spread of its rounds, and the goal beside it.
"""

import argparse
import importlib
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import closing

from tests.bench.places import Absent, say
from tests.bench.table import Row, head, line

# Name on the command line -> where its rows are made.
GROUPS = {
    "rules": "tests.bench.checks:rules",
    "engine": "tests.bench.checks:engine",
    "presidio": "tests.bench.checks:presidio",
    "queue": "tests.bench.pages:grown",
    "pages": "tests.bench.pages:bare",
    "approve": "tests.bench.acts:approving",
    "chain": "tests.bench.acts:chaining",
    "lag": "tests.bench.publishing:lag",
    "rate": "tests.bench.publishing:rate",
    "start": "tests.bench.processes:start",
    "memory": "tests.bench.processes:memory",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=GROUPS, default=list(GROUPS))
    parser.add_argument("--list", action="store_true", help="the names, and nothing else")
    chosen = parser.parse_args()
    if chosen.list:
        print("\n".join(GROUPS))
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # databases and processes are taken away all the same
    print(head(), flush=True)
    for name in chosen.only:
        say(f"{name} …")
        begin = time.monotonic()
        for row in _rows(name):
            print(line(row), flush=True)
        say(f"{name}: {time.monotonic() - begin:.0f} s")


def _rows(name: str) -> Iterator[Row]:
    """The rows of a group; what is not on this machine is said in the table and stops no other row."""
    module, _, function = GROUPS[name].partition(":")
    try:
        with closing(getattr(importlib.import_module(module), function)()) as rows:
            yield from rows
    except Absent as absent:
        yield Row(name, skipped=str(absent))
    except Exception:  # noqa: BLE001  the other rows can still be measured
        traceback.print_exc()
        yield Row(name, skipped="it did not work; what it said stands above")


if __name__ == "__main__":
    main()
