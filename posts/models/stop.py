"""Crisis stops: nothing goes out on a part of the organisation until a person releases it."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from posts.enums import StopScope


class CrisisStop(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    scope = models.CharField(max_length=12, choices=StopScope)
    group = models.ForeignKey("org.ChannelGroup", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    channel = models.ForeignKey("org.Channel", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    emergency_goes_on = models.BooleanField(default=False)
    reason = models.CharField(max_length=300)
    started_at = models.DateTimeField()
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    released_at = models.DateTimeField(null=True, blank=True)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ["-started_at"]
        constraints = [
            models.CheckConstraint(
                condition=(
                    Q(scope=StopScope.ORGANISATION, group__isnull=True, channel__isnull=True)
                    | Q(scope=StopScope.GROUP, group__isnull=False, channel__isnull=True)
                    | Q(scope=StopScope.CHANNEL, group__isnull=True, channel__isnull=False)
                ),
                name="posts_stop_scope_matches",
            )
        ]

    def __str__(self) -> str:
        return f"stop of {self.scope}"
