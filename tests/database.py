"""Tests on several real connections commit for real, and must then empty tables that refuse to be emptied."""

from django.db import connection

from healthsocial.audit import triggers


def drop_triggers() -> None:
    """Take the triggers away, so that the test database can be flushed; the flush installs them again."""
    with connection.cursor() as cursor:
        for trigger in triggers.expected(connection.vendor):
            on = f" ON {trigger.table}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {trigger.name}{on}")
