"""One world per test, inside the test's transaction."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.model.world import World


@pytest.fixture
def world(db: None, tmp_path: Path, hashed_password: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    world = World(tmp_path, hashed_password, monkeypatch)
    yield world
    world.close()
