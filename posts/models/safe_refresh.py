"""django-fsm-2 4.2.4 switches `protected` off on the shared field while a row is refreshed.

A refresh that fails leaves protection off for the whole process, and threads get through meanwhile. This mixin refreshes
without touching the field: the descriptor allows an assignment while the name is absent from the instance.
"""

from typing import Any

from django.db import models
from django_fsm import FSMFieldMixin


class SafeRefresh(models.Model):
    class Meta:
        abstract = True

    def _get_protected_fsm_fields(self) -> set[str]:
        return set()  # disarms the process-wide switch of the library

    def refresh_from_db(self, using: str | None = None, fields: Any = None, from_queryset: Any = None) -> None:
        names = [f.attname for f in self._meta.concrete_fields if isinstance(f, FSMFieldMixin) and f.protected]
        if fields is not None:
            names = [name for name in names if name in set(fields)]
        saved = {name: self.__dict__.pop(name) for name in names if name in self.__dict__}
        try:
            super().refresh_from_db(using=using, fields=fields, from_queryset=from_queryset)
        finally:
            for name, value in saved.items():
                self.__dict__.setdefault(name, value)
