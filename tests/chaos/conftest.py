"""What the long form needs and the usual suite leaves out; totals at the end."""

import pytest
from django.db import connection
from pytest_django import Settings

from posts import rounds
from tests.thorough import THOROUGH

TOTALS: list[str] = []


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "thorough: only in `make chaos`")
    config.addinivalue_line("markers", "sqlite: about SQLite itself")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest tests are left out of the usual suite altogether; those about SQLite on PostgreSQL."""
    kinds = [] if THOROUGH else ["thorough"]
    kinds += ["sqlite"] if connection.vendor != "sqlite" else []
    out = [item for item in items if any(item.get_closest_marker(kind) for kind in kinds)]
    if out:
        config.hook.pytest_deselected(items=out)
        items[:] = [item for item in items if item not in out]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in TOTALS:
        terminalreporter.write_line(line)


@pytest.fixture(autouse=True)
def no_broker(settings: Settings) -> None:
    """The database is the schedule; tests that want a broker start one of their own."""
    settings.BROKER_CONFIGURED = False


@pytest.fixture(autouse=True)
def _no_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a round would stop before its end, or settle without reading back; `test_within_a_minute` has that."""
    monkeypatch.setattr(rounds, "SWEEP_SECONDS", 60.0)
    monkeypatch.setattr(rounds, "WORK_SECONDS", 120.0)
