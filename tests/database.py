"""Tests on several real connections commit for real, and must then empty tables that refuse to be emptied."""

from collections.abc import Iterable
from typing import Any

from django.db import connection, transaction

from healthsocial.audit import triggers


def drop_triggers() -> None:
    """Take the triggers away, so that the test database can be flushed; the flush installs them again."""
    with transaction.atomic(), connection.cursor() as cursor:
        for trigger in triggers.expected(connection.vendor):
            on = f" ON {trigger.table}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {trigger.name}{on}")


def flush_by_deleting(operations: Any, style: Any, tables: Iterable[str], **_rest: Any) -> list[str]:
    """Instead of TRUNCATE, which on PostgreSQL writes new files for every table and index of a nearly empty database."""
    return [f"DELETE FROM {operations.quote_name(table)}" for table in tables]
