"""The mutable working copy, the immutable versions, and who edited."""

import uuid

from django.conf import settings
from django.db import models

from posts.enums import PersonAnswer
from posts.models.post import Post


class WorkingCopy(models.Model):
    """What the author is writing now. One per post; `Post.edit_no` counts its saves."""

    post = models.OneToOneField(Post, primary_key=True, on_delete=models.PROTECT, related_name="working_copy")
    text = models.TextField(blank=True)
    channel_texts = models.JSONField(default=dict)  # channel id -> text that differs from the base text
    first_comment = models.TextField(blank=True)
    links = models.JSONField(default=list)
    media = models.JSONField(default=list)  # [{"digest": sha256, "alt": text}]
    person_answer = models.CharField(max_length=10, choices=PersonAnswer, default=PersonAnswer.NOBODY)
    person_answer_explicit = models.BooleanField(default=False)
    persons = models.JSONField(default=list)  # [{"subject": id, "information": ["name", ...]}]
    authorizations = models.JSONField(default=list)  # ids relied on
    saved_at = models.DateTimeField()
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"working copy of {self.post_id}"


class PostVersion(models.Model):
    """A frozen state of the working copy. `seal` is the SHA-256 of `canonical`; triggers refuse changes."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    canonical = models.TextField(blank=True)
    seal = models.CharField(max_length=64)
    epoch = models.PositiveIntegerField(default=0)  # Post.epoch when it was frozen: whose words they are
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    redacted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["post", "number"], name="posts_version_number_once"),
            models.UniqueConstraint(fields=["post", "seal"], name="posts_version_seal_once"),
        ]

    def __str__(self) -> str:
        return f"version {self.number}"


class PostEditor(models.Model):
    """Who changed the working copy, per epoch (an epoch starts with the first change after an approval)."""

    id = models.BigAutoField(primary_key=True)
    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="editors")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    epoch = models.PositiveIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["post", "user", "epoch"], name="posts_editor_once_per_epoch")]

    def __str__(self) -> str:
        return f"editor {self.user_id} of {self.post_id}"
