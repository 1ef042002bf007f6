"""The state machine as a model: random lives of posts, with the laws checked after every step."""

import sys

import pytest

from tests.model.drive import drive
from tests.model.world import World
from tests.thorough import THOROUGH, times


def test_the_laws_hold_whatever_happens(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    drive(world, runs=times(4, 140), steps=times(40, 80))
    if THOROUGH:
        with capsys.disabled():
            sys.stdout.write(f"\n{world.tally.report()}\n")
        assert world.tally.steps >= 10_000
        assert world.tally.missing() == []
