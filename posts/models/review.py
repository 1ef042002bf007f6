"""What officers decided."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from posts.enums import ReviewReason
from posts.models.post import Post
from posts.models.version import PostVersion


class Approval(models.Model):
    """One officer's signature under one version: name, time, meaning, and what it was checked with (21 CFR 11.50, 11.70)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="approvals")
    version = models.ForeignKey(PostVersion, on_delete=models.PROTECT, related_name="approvals")
    seal = models.CharField(max_length=64)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=200)
    by_role = models.CharField(max_length=60)
    meaning = models.CharField(max_length=200)
    at = models.DateTimeField()
    signature = models.CharField(max_length=64)  # HMAC over all that a signer signs; see posts/signing.py
    epoch = models.PositiveIntegerField(default=0)  # Post.epoch when it was given
    check_run = models.UUIDField()  # the only column that may move: to a recheck that found nothing new
    packs_digest = models.CharField(max_length=64)
    engine_digest = models.CharField(max_length=64)
    directory_digest = models.CharField(max_length=64)
    # A scheduler may move the slot inside this window without an officer.
    window_from = models.DateTimeField()
    window_until = models.DateTimeField()
    voided_at = models.DateTimeField(null=True, blank=True)
    voided_why = models.CharField(max_length=60, blank=True)

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(
                fields=["post"], condition=Q(voided_at__isnull=True), name="posts_one_standing_approval"
            ),
            models.CheckConstraint(condition=Q(window_until__gt=F("window_from")), name="posts_approval_window"),
        ]

    def __str__(self) -> str:
        return f"approval of {self.version_id}"


class ReviewDecision(models.Model):
    """Changes requested or rejected: reason and words. Written once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="decisions")
    version = models.ForeignKey(PostVersion, on_delete=models.PROTECT, related_name="decisions")
    rejected = models.BooleanField(default=False)
    reason = models.CharField(max_length=24, choices=ReviewReason)
    words = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.reason} on {self.version_id}"
