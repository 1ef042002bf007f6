"""Races need a server with row locks; on SQLite they are left out of the run."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from healthsocial.audit import triggers

HERE = Path(__file__).parent


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if connection.vendor == "postgresql":
        return
    races = [item for item in items if item.path.parent == HERE and item.get_closest_marker("postgres")]
    if races:
        config.hook.pytest_deselected(items=races)
        items[:] = [item for item in items if item not in races]


@pytest.fixture
def committed(transactional_db: None) -> Iterator[None]:
    """A database with real commits. Emptying it afterwards is what our triggers refuse, so they go first;

    the flush then sends `post_migrate`, which installs them again for the next test.
    """
    yield
    with connection.cursor() as cursor:
        for trigger in triggers.expected(connection.vendor):
            table = "" if connection.vendor == "sqlite" else f" ON {trigger.table}"
            cursor.execute(f"DROP TRIGGER IF EXISTS {trigger.name}{table}")
