"""Start refuses when the keys do not open the data."""

from typing import Any

from django.core.checks import CheckMessage, Error
from django.db import connections

from healthsocial import crypto


def keys_open_the_data(app_configs: Any = None, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Decrypt the canary that was written when the organisation was created."""
    for alias in databases or []:
        connection = connections[alias]
        if "org_organisation" not in connection.introspection.table_names():
            continue
        with connection.cursor() as cursor:
            cursor.execute("SELECT key_canary FROM org_organisation WHERE id = 1")
            row = cursor.fetchone()
        try:
            if row and row[0] and crypto.decrypt(row[0]) != crypto.CANARY:
                return [Error("The keys do not belong to this database.", id="org.E001")]
            if not row:
                crypto.mac("probe")
        except crypto.KeyProblem as problem:
            return [Error(str(problem), id="org.E001")]
    return []
