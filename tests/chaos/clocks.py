"""Clocks that are wrong: of a process (every reading of time in Python), or of the database itself."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

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


@contextmanager
def database_follows_process() -> Iterator[None]:
    """The database's clock shows what this process's clock shows, however that is moved (in this connection)."""
    if connection.vendor == "sqlite":
        _sqlite_function(lambda: datetime.now(UTC))
        try:
            yield
        finally:
            _sqlite_clock(timedelta(0))
        return
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA moved_clock")
        cursor.execute(
            "CREATE FUNCTION moved_clock.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE"
            " AS $$ SELECT current_setting('moved_clock.now')::timestamptz $$"
        )
        cursor.execute("SET search_path TO moved_clock, pg_catalog, public")
    try:
        with connection.execute_wrapper(_tell_postgresql):
            yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET search_path")
            cursor.execute("DROP SCHEMA moved_clock CASCADE")


def _tell_postgresql(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
    if "clock_timestamp" in sql:
        execute("SELECT set_config('moved_clock.now', %s, false)", [datetime.now(UTC).isoformat()], False, context)
    return execute(sql, params, many, context)


def _sqlite_clock(step: timedelta) -> None:
    def moment() -> datetime:
        travels = time_machine.escape_hatch.is_travelling()
        return (time_machine.escape_hatch.datetime.datetime.now(UTC) if travels else datetime.now(UTC)) + step

    _sqlite_function(moment)


def _sqlite_function(moment: Callable[[], datetime]) -> None:
    def strftime(_form: str, _now: str) -> str:
        return moment().replace(tzinfo=None).isoformat(timespec="milliseconds")

    for _twice in range(2):  # only the second time does SQLite forget statements prepared with its own function
        connection.connection.create_function("strftime", 2, strftime)
