"""Signs of life of the processes, and things an administrator or officer must look at."""

import uuid

from django.db import models

from healthsocial.org.enums import AlertKind


class Heartbeat(models.Model):
    """When a process was last alive, in real (not demo) time. Names: worker, dispatch, beat."""

    name = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.at:%H:%M:%S}"


class Alert(models.Model):
    """Something a person must look at. Holds ids and codes, no post text."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=20, choices=AlertKind)
    target_type = models.CharField(max_length=40)
    target_id = models.CharField(max_length=64)
    code = models.CharField(max_length=80, blank=True)
    at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "target_type", "target_id"],
                condition=models.Q(resolved_at__isnull=True),
                name="org_alert_open_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.target_id}"
