"""Database triggers: rules that hold whoever writes, through the ORM, in bulk or by hand.

Django rebuilds SQLite tables on many schema changes and drops their triggers with them, so `post_migrate` installs
all of them again, and a system check and `verify_audit` fail when one is missing.
"""

import sys
from dataclasses import dataclass
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error
from django.db import DEFAULT_DB_ALIAS, connections, transaction


@dataclass(frozen=True)
class Trigger:
    """`when` and `condition` are SQL valid on both engines; the trigger refuses the statement with `message`.

    `event` is UPDATE, DELETE, INSERT or TRUNCATE. `condition` may use NEW and OLD; it must be TRUE to refuse.
    `engine` names the one database that needs it; empty: both.
    """

    name: str
    table: str
    event: str
    message: str
    condition: str = ""
    timing: str = "BEFORE"
    engine: str = ""

    def sqlite(self) -> list[str]:
        when = f" WHEN {self.condition}" if self.condition and "SELECT" not in self.condition.upper() else ""
        where = f" WHERE {self.condition}" if self.condition and not when else ""
        return [
            f"DROP TRIGGER IF EXISTS {self.name}",
            f"CREATE TRIGGER {self.name} {self.timing} {self.event} ON {self.table} FOR EACH ROW{when} "
            f"BEGIN SELECT RAISE(ABORT, '{self.message}'){where}; END",
        ]

    def postgres(self) -> list[str]:
        return [
            f"CREATE OR REPLACE FUNCTION {self.name}_fn() RETURNS trigger LANGUAGE plpgsql AS $body${self.body()}$body$",
            f"DROP TRIGGER IF EXISTS {self.name} ON {self.table}",
            self.definition(),
        ]

    def body(self) -> str:
        """What the trigger's function does (PostgreSQL)."""
        result = {"DELETE": "OLD", "TRUNCATE": "NULL"}.get(self.event, "NEW")
        refuse = f"RAISE EXCEPTION '{self.message}' USING ERRCODE = 'integrity_constraint_violation';"
        test = f"IF ({self.condition}) THEN {refuse} END IF;" if self.condition else refuse
        return f" BEGIN {test} RETURN {result}; END "

    def definition(self) -> str:
        """The trigger itself, spelt as PostgreSQL spells it back (pg_get_triggerdef)."""
        level = "STATEMENT" if self.event == "TRUNCATE" else "ROW"
        return (
            f"CREATE TRIGGER {self.name} {self.timing} {self.event} ON {self.table} FOR EACH {level} "
            f"EXECUTE FUNCTION {self.name}_fn()"
        )


_registry: dict[str, Trigger] = {}


def register(*triggers: Trigger) -> None:
    """Add triggers; called at import of each app's `triggers` module."""
    for trigger in triggers:
        _registry[trigger.name] = trigger


def forbid_change(table: str, message: str, *keys: str) -> list[Trigger]:
    """Triggers that make a table append-only. `keys`: see `forbid_loss`."""
    return [
        Trigger(f"{table}_no_update", table, "UPDATE", message),
        Trigger(f"{table}_no_delete", table, "DELETE", message),
        *forbid_loss(table, message, *keys),
    ]


def forbid_loss(table: str, message: str, *keys: str) -> list[Trigger]:
    """What removes rows without a DELETE: TRUNCATE on PostgreSQL, INSERT OR REPLACE on SQLite.

    `keys` are the table's unique keys, columns separated by commas ("id" when none is named). SQLite runs DELETE
    triggers for replaced rows only where `recursive_triggers` is on; our connections switch it on, others may not.
    """
    same = (
        " AND ".join(f"t.{column.strip()} = NEW.{column.strip()}" for column in key.split(","))
        for key in keys or ("id",)
    )
    exists = " OR ".join(f"({condition})" for condition in same)
    return [
        Trigger(f"{table}_no_truncate", table, "TRUNCATE", message, engine="postgresql"),
        Trigger(
            f"{table}_no_replace",
            table,
            "INSERT",
            message,
            condition=f"EXISTS (SELECT 1 FROM {table} t WHERE {exists})",  # noqa: S608  names from our code only
            engine="sqlite",
        ),
    ]


register(
    *forbid_change("audit_event", "audit events cannot be changed or removed", "seq", "digest"),
    Trigger("audit_head_no_delete", "audit_head", "DELETE", "the audit head cannot be removed"),
    *forbid_loss("audit_head", "the audit head cannot be removed"),
)


def expected(vendor: str) -> list[Trigger]:
    return [trigger for trigger in _registry.values() if trigger.engine in ("", vendor)]


def install(using: str = DEFAULT_DB_ALIAS) -> None:
    """Create or replace every registered trigger whose table exists."""
    connection = connections[using]
    tables = set(connection.introspection.table_names())
    # One commit for all of them: never half of the guards, and no wait for the disk after each statement.
    with transaction.atomic(using=using), connection.cursor() as cursor:
        for trigger in expected(connection.vendor):
            if trigger.table in tables:
                for statement in trigger.sqlite() if connection.vendor == "sqlite" else trigger.postgres():
                    cursor.execute(statement)


def missing(using: str = DEFAULT_DB_ALIAS) -> list[str]:
    """Names of triggers that should be in the database and are not, or do something else, or are switched off."""
    connection = connections[using]
    lite = connection.vendor == "sqlite"
    query = (
        "SELECT name, sql, '' FROM sqlite_master WHERE type = 'trigger'"
        if lite
        else "SELECT t.tgname, pg_get_triggerdef(t.oid, true), p.prosrc FROM pg_trigger t"
        " JOIN pg_proc p ON p.oid = t.tgfoid"
        " WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND pg_table_is_visible(t.tgrelid)"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        present = {name: (definition, body) for name, definition, body in cursor.fetchall()}
    return sorted(
        trigger.name
        for trigger in expected(connection.vendor)
        if present.get(trigger.name) != ((trigger.sqlite()[-1], "") if lite else (trigger.definition(), trigger.body()))
    )


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
            Error(f"Database trigger {name} is missing or was changed.", hint="Run manage.py migrate.", id="audit.E001")
            for name in missing(alias)
        ]
    return found
