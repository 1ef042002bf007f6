"""The organisation: one row, created by the first migration's follow-up or the first page view."""

from typing import Any

from django.conf import settings
from django.db import models

from healthsocial import crypto


class Organisation(models.Model):
    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    name = models.CharField(max_length=160, default="Your organisation")
    zone = models.CharField(max_length=64, default="UTC")
    max_lateness_minutes = models.PositiveIntegerField(default=120)
    # How long after its slot a scheduler may still move an approved post without an officer.
    approved_window_days = models.PositiveIntegerField(default=14)
    created_as_demo = models.BooleanField(default=False)
    clock_offset_seconds = models.BigIntegerField(default=0)
    # Set by a restore: nothing is published until a person says go.
    publishing_stopped_at = models.DateTimeField(null=True, blank=True)
    publishing_stopped_why = models.CharField(max_length=200, blank=True)
    # Who gets each checkpoint of the audit record by mail; empty: nobody.
    checkpoint_mail = models.EmailField(blank=True)
    key_canary = models.TextField(blank=True)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="org_single_organisation"),
            models.CheckConstraint(
                condition=models.Q(created_as_demo=True) | models.Q(clock_offset_seconds=0),
                name="org_clock_moves_in_demo_only",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """A new row gets the canary, whoever makes it: start refuses when the keys do not open it."""
        if self._state.adding and not self.key_canary:
            self.key_canary = crypto.canary()
        super().save(*args, **kwargs)
