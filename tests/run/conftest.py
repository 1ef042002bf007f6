"""Data folders for real processes."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.run.machine import manage


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated data folder on SQLite; copy it, do not change it."""
    folder = tmp_path_factory.mktemp("migrated")
    done = manage(folder, "migrate", "--verbosity", "0")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder with a path so short that sockets fit into it, and Redis shows whose it is in the process table."""
    with tempfile.TemporaryDirectory(prefix="hs-") as folder:
        yield Path(folder)


@pytest.fixture
def prepared(migrated: Path, short: Path) -> Path:
    """A fresh copy of a migrated data folder."""
    return Path(shutil.copytree(migrated, short / "prepared"))
