"""One version on its way to one channel. The row is the schedule and the proof."""

import uuid

from django.db import models
from django.db.models import Q

from posts.enums import DeliveryState
from posts.models.post import Post
from posts.models.version import PostVersion

WAITING = (DeliveryState.DUE, DeliveryState.CLAIMED, DeliveryState.SENDING)


class Delivery(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="deliveries")
    version = models.ForeignKey(PostVersion, on_delete=models.PROTECT, related_name="deliveries")
    channel = models.ForeignKey("org.Channel", on_delete=models.PROTECT, related_name="deliveries")
    state = models.CharField(max_length=12, choices=DeliveryState, default=DeliveryState.DUE)
    due_at = models.DateTimeField()
    next_attempt_at = models.DateTimeField()  # not before; later than due_at after a retryable refusal
    attempt = models.PositiveIntegerField(default=0)  # fencing number: only the newest claim may record an outcome
    refusals = models.PositiveIntegerField(default=0)  # retryable refusals in this round: what the back-off counts
    lease_until = models.DateTimeField(null=True, blank=True)  # real time, not demo time
    woken_at = models.DateTimeField(null=True, blank=True)  # real time of the last wake-up sent to a worker
    idempotency_key = models.CharField(max_length=64, unique=True)
    error_code = models.CharField(max_length=80, blank=True)
    remote_id = models.CharField(max_length=200, blank=True)
    remote_url = models.URLField(max_length=500, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    # A takedown is wanted: of a sent one now, of one that is leaving as soon as it has left.
    removal_wanted_at = models.DateTimeField(null=True, blank=True)
    removal_started_at = models.DateTimeField(null=True, blank=True)  # the network has been asked to remove it
    removed_at = models.DateTimeField(null=True, blank=True)
    proof = models.CharField(max_length=300, blank=True)  # how a person or a read-back settled it

    class Meta:
        ordering = ["channel__name"]
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=Q(state=DeliveryState.DUE), name="posts_due_deliveries"),
            models.Index(
                fields=["lease_until"],
                condition=Q(state__in=(DeliveryState.CLAIMED, DeliveryState.SENDING)),
                name="posts_leases",
            ),
            models.Index(
                fields=["removal_wanted_at"],
                condition=Q(state=DeliveryState.SENT, removal_wanted_at__isnull=False),
                name="posts_removals",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["version", "channel"], name="posts_delivery_once_per_channel"),
            models.CheckConstraint(condition=Q(state__in=DeliveryState.values), name="posts_delivery_state_known"),
            models.CheckConstraint(
                condition=~Q(state__in=(DeliveryState.CLAIMED, DeliveryState.SENDING)) | Q(lease_until__isnull=False),
                name="posts_delivery_claim_has_lease",
            ),
            models.CheckConstraint(
                condition=~Q(state=DeliveryState.SENT) | Q(sent_at__isnull=False), name="posts_delivery_sent_says_when"
            ),
        ]

    def __str__(self) -> str:
        return f"delivery {self.id} {self.state}"
