"""Encrypt everything stored under the newest key."""

from django.apps import apps
from django.db import connection

from healthsocial import crypto
from healthsocial.audit.log import Actor, action
from healthsocial.crypto_fields import EncryptedTextField
from healthsocial.org.models import Organisation


def rotate_keys(*, actor: Actor) -> int:
    """Re-encrypt every encrypted value and the canary in one transaction; return how many values.

    The new key must be in front of the old ones already: then data is readable before, during and after, also for
    processes that run meanwhile. Raises KeyProblem, with nothing changed, when a value does not open.
    """
    with action("keys.rotated", actor=actor, target=("keys", "")) as act:
        values = _reencrypt(Organisation._meta.db_table, "id", "key_canary")
        for model in sorted(apps.get_models(), key=lambda model: model._meta.label):
            for field in model._meta.local_concrete_fields:
                if isinstance(field, EncryptedTextField):
                    values += _reencrypt(model._meta.db_table, str(model._meta.pk.column), str(field.column))
        act.record("keys.rotated", data={"values": values, "keys": len(crypto.read_keys())})
    return values


def _reencrypt(table: str, key: str, column: str) -> int:
    """Rotate one column, below the ORM: the plain text is not needed, and triggers still have their say."""
    quote = connection.ops.quote_name
    lock = " FOR NO KEY UPDATE" if connection.features.has_select_for_update else ""
    where = f"{quote(column)} <> ''"
    select = f"SELECT {quote(key)}, {quote(column)} FROM {quote(table)} WHERE {where} ORDER BY {quote(key)}{lock}"  # noqa: S608
    update = f"UPDATE {quote(table)} SET {quote(column)} = %s WHERE {quote(key)} = %s"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(select)
        rows = [(crypto.rotate(token), pk) for pk, token in cursor.fetchall()]
        cursor.executemany(update, rows)
    return len(rows)
