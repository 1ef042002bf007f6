"""One-time links: an invitation or a new password. Only the digest of the token is stored."""

import uuid

from django.conf import settings
from django.db import models

from healthsocial.org.enums import LinkPurpose


class OneTimeLink(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="one_time_links")
    purpose = models.CharField(max_length=12, choices=LinkPurpose)
    token_digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.purpose} for {self.user_id}"
