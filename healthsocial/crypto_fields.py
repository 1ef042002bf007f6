"""Model field that is encrypted in the database and plain in Python."""

from typing import Any

from django.db import models

from healthsocial import crypto


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]
    """Text stored as a Fernet token; cannot be searched, on purpose. Empty text is stored empty."""

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        return crypto.decrypt(value) if value else value

    def get_prep_value(self, value: Any) -> Any:
        return crypto.encrypt(str(value)) if value else value

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name != "isnull":
            raise TypeError(f"{self.name} is encrypted and cannot be searched")
        return super().get_lookup(lookup_name)
