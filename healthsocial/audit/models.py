"""The audit chain: append-only events, each holding the hash of the one before it.

Knows no one: actors and targets are text, so no deletion or rename elsewhere can change history.
"""

import uuid

from django.db import models


class Event(models.Model):
    """One thing that happened. `body` is the exact text that was hashed; the other columns repeat it for searching."""

    seq = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    verb = models.CharField(max_length=80)
    actor_kind = models.CharField(max_length=20)
    actor_id = models.CharField(max_length=64, blank=True)
    actor_name = models.CharField(max_length=200)
    actor_role = models.CharField(max_length=60, blank=True)
    target_type = models.CharField(max_length=40, blank=True)
    target_id = models.CharField(max_length=64, blank=True)
    body = models.TextField()
    previous = models.CharField(max_length=64)
    digest = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ["seq"]
        indexes = [
            models.Index(fields=["target_type", "target_id", "seq"], name="audit_target"),
            models.Index(fields=["actor_id", "seq"], name="audit_actor"),
            models.Index(fields=["verb", "seq"], name="audit_verb"),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.verb}"


class Head(models.Model):
    """The single row that writers lock, so that the chain cannot fork."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    seq = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=64, default="0" * 64)
    # Which record this is: checkpoints name it, so that those of another database are not taken for ours.
    instance = models.UUIDField(default=uuid.uuid4, editable=False)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="audit_single_head")]

    def __str__(self) -> str:
        return f"head at {self.seq}"
