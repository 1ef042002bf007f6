"""Planning and stopping take turns: what is being scheduled is seen by a stop, or sees the stop (laws 7 and 8).

Without this a stop would look for deliveries while one is being planned, find none, and it would fire after the release.
Taken before any row is locked. SQLite's writers wait for each other anyway.
"""

from django.db import connection

KEY = 7_238_012_001  # any number, the same in every process


def before_planning() -> None:
    """Planners do not wait for each other, only for a stop."""
    _lock("pg_advisory_xact_lock_shared")


def before_stopping() -> None:
    """Wait for every planner, and keep others out until this transaction ends."""
    _lock("pg_advisory_xact_lock")


def _lock(function: str) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {function}(%s)", [KEY])
