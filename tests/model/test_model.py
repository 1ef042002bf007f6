"""The state machine as a model: random lives of posts, with the laws checked after every step."""

import pytest

from tests.model.drive import drive
from tests.model.world import World
from tests.thorough import THOROUGH, times


def test_the_laws_hold_whatever_happens(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    drive(world, runs=times(6, 150), steps=times(50, 80))
    if THOROUGH:
        with capsys.disabled():
            print("\n" + world.tally.report())
        assert world.tally.steps >= 10_000
        assert world.tally.missing() == []
