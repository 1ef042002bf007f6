"""Sides and groups."""

import importlib
import os

import pytest

from tests.bench.__main__ import GROUPS
from tests.bench.places import Absent, postgres_server
from tests.bench.side import Side, SideFailed, Steps, timed


def steps() -> Steps:
    """A side for the tests below."""
    return {"add": lambda one, other: one + other, "pid": os.getpid}


def test_a_side_is_another_process_and_answers_in_order() -> None:
    side = Side("tests.bench.test_side:steps", {})
    try:
        side.begin("add", one=1, other=2)
        assert side.answer() == 3
        assert side.ask("pid") == side.process.pid != os.getpid()
    finally:
        side.close()
    assert side.process.returncode == 0


def test_a_side_that_fails_says_why() -> None:
    with pytest.raises(SideFailed, match="no_such_steps"):
        Side("tests.bench.test_side:no_such_steps", {})


def test_each_call_is_timed() -> None:
    ticks = iter([1.0, 1.5, 2.0, 4.0])
    assert timed(lambda: None, 2, lambda: next(ticks)) == [0.5, 2.0]


def test_every_group_exists() -> None:
    for place in GROUPS.values():
        module, _, function = place.partition(":")
        assert callable(getattr(importlib.import_module(module), function))


def test_without_a_server_the_reason_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none")
    with pytest.raises(Absent, match="no PostgreSQL server answers"):
        postgres_server()
