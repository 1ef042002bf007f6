"""Database triggers: rules that hold whoever writes, through the ORM, in bulk or by hand.

Django rebuilds SQLite tables on many schema changes and drops their triggers with them, so `post_migrate` installs
all of them again, and a system check and `verify_audit` fail when one is missing.
"""

import sys
from dataclasses import dataclass
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error
from django.db import DEFAULT_DB_ALIAS, connections


@dataclass(frozen=True)
class Trigger:
    """`when` and `condition` are SQL valid on both engines; the trigger refuses the statement with `message`.

    `event` is e.g. "UPDATE", "DELETE", "INSERT" or "UPDATE OF state". `condition` may use NEW and OLD; it must be TRUE to refuse.
    """

    name: str
    table: str
    event: str
    message: str
    condition: str = ""
    timing: str = "BEFORE"

    def sqlite(self) -> list[str]:
        when = f" WHEN {self.condition}" if self.condition and "SELECT" not in self.condition.upper() else ""
        where = f" WHERE {self.condition}" if self.condition and not when else ""
        return [
            f"DROP TRIGGER IF EXISTS {self.name}",
            f"CREATE TRIGGER {self.name} {self.timing} {self.event} ON {self.table} FOR EACH ROW{when} "
            f"BEGIN SELECT RAISE(ABORT, '{self.message}'){where}; END",
        ]

    def postgres(self) -> list[str]:
        level = "STATEMENT" if self.event == "TRUNCATE" else "ROW"
        result = "OLD" if self.event == "DELETE" else "NULL" if level == "STATEMENT" else "NEW"
        test = f"IF ({self.condition}) THEN RAISE EXCEPTION '{self.message}' USING ERRCODE = 'integrity_constraint_violation'; END IF;"
        if not self.condition:
            test = f"RAISE EXCEPTION '{self.message}' USING ERRCODE = 'integrity_constraint_violation';"
        return [
            f"CREATE OR REPLACE FUNCTION {self.name}_fn() RETURNS trigger LANGUAGE plpgsql AS "
            f"$body$ BEGIN {test} RETURN {result}; END $body$",
            f"DROP TRIGGER IF EXISTS {self.name} ON {self.table}",
            f"CREATE TRIGGER {self.name} {self.timing} {self.event} ON {self.table} FOR EACH {level} "
            f"EXECUTE FUNCTION {self.name}_fn()",
        ]


_registry: dict[str, Trigger] = {}


def register(*triggers: Trigger) -> None:
    """Add triggers; called at import of each app's `triggers` module."""
    for trigger in triggers:
        _registry[trigger.name] = trigger


def forbid_change(table: str, message: str) -> list[Trigger]:
    """Triggers that make a table append-only (PostgreSQL also refuses TRUNCATE)."""
    return [
        Trigger(f"{table}_no_update", table, "UPDATE", message),
        Trigger(f"{table}_no_delete", table, "DELETE", message),
        Trigger(f"{table}_no_truncate", table, "TRUNCATE", message),
    ]


register(*forbid_change("audit_event", "audit events cannot be changed or removed"))
register(Trigger("audit_head_no_delete", "audit_head", "DELETE", "the audit head cannot be removed"))


def expected(vendor: str) -> list[Trigger]:
    return [t for t in _registry.values() if vendor != "sqlite" or t.event != "TRUNCATE"]


def install(using: str = DEFAULT_DB_ALIAS) -> None:
    """Create or replace every registered trigger whose table exists."""
    connection = connections[using]
    tables = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        for trigger in expected(connection.vendor):
            if trigger.table in tables:
                for statement in trigger.sqlite() if connection.vendor == "sqlite" else trigger.postgres():
                    cursor.execute(statement)


def missing(using: str = DEFAULT_DB_ALIAS) -> list[str]:
    """Names of triggers that should be in the database and are not."""
    connection = connections[using]
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if connection.vendor == "sqlite"
        else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        present = {row[0] for row in cursor.fetchall()}
    return sorted(trigger.name for trigger in expected(connection.vendor) if trigger.name not in present)


def install_after_migrate(sender: AppConfig, using: str = DEFAULT_DB_ALIAS, **kwargs: Any) -> None:
    install(using)


def check_installed(app_configs: Any = None, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """System check (`manage.py check --database default`): a missing trigger is an error."""
    found: list[CheckMessage] = []
    if sys.argv[1:2] == ["migrate"]:
        return found  # migrate checks first and installs last; it must be able to mend what is missing
    for alias in databases or []:
        if "audit_event" not in connections[alias].introspection.table_names():
            continue  # before the first migration
        found += [
            Error(f"Database trigger {name} is missing.", hint="Run manage.py migrate.", id="audit.E001")
            for name in missing(alias)
        ]
    return found
