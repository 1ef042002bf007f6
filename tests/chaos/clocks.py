"""Clocks that are wrong: of a process (every reading of time in Python), or of the database itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import time_machine
from django.db import connection

from healthsocial.audit.log import database_now


@contextmanager
def process_clock(step: timedelta) -> Iterator[None]:
    """This process's clock is wrong by `step`, and runs on."""
    with time_machine.travel(datetime.now(UTC) + step, tick=True):
        yield


@contextmanager
def database_clock(step: timedelta) -> Iterator[None]:
    """The database's clock is wrong by `step`: its own function is shadowed, in this connection."""
    seconds = int(step.total_seconds())
    true = database_now()
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            _sqlite_clock(step)
        else:
            cursor.execute("CREATE SCHEMA IF NOT EXISTS wrong_clock")
            cursor.execute(
                "CREATE OR REPLACE FUNCTION wrong_clock.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE"
                f" AS $$ SELECT pg_catalog.clock_timestamp() + make_interval(secs => {seconds}) $$"
            )
            cursor.execute("SET search_path TO wrong_clock, pg_catalog, public")
    assert abs(database_now() - true - step) < timedelta(seconds=10)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                _sqlite_clock(timedelta(0))
            else:
                cursor.execute("RESET search_path")
                cursor.execute("DROP SCHEMA wrong_clock CASCADE")


def _sqlite_clock(step: timedelta) -> None:
    def strftime(_form: str, _now: str) -> str:
        travels = time_machine.escape_hatch.is_travelling()
        true = time_machine.escape_hatch.datetime.datetime.now(UTC) if travels else datetime.now(UTC)
        return str((true + step).replace(tzinfo=None).isoformat(timespec="milliseconds"))

    for _twice in range(2):  # only the second time does SQLite forget statements prepared with its own function
        connection.connection.create_function("strftime", 2, strftime)
