"""The model can find bugs: with one guard weakened it finds the law that this breaks."""

import pytest

from tests.model.drive import drive
from tests.model.guards_off import FAVOURED, IN_THE_SUITE, OFF
from tests.model.laws import LawBroken
from tests.model.world import World
from tests.thorough import THOROUGH


@pytest.mark.parametrize("name", [name for name in OFF if THOROUGH or name in IN_THE_SUITE])
def test_with_a_guard_weakened_the_model_finds_the_broken_law(
    world: World, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    weaken, broken = OFF[name]
    weaken(monkeypatch)
    world.favoured = FAVOURED.get(name, ())
    with pytest.raises(LawBroken) as found:
        drive(world, runs=400, steps=60)
    assert str(found.value).split(":")[0] in broken
