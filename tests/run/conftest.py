"""Data folders for real processes."""

import shutil
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
def prepared(migrated: Path, tmp_path: Path) -> Path:
    """A fresh copy of a migrated data folder."""
    return Path(shutil.copytree(migrated, tmp_path / "prepared"))
