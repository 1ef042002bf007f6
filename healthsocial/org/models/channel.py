"""Channels (where posts appear) and the groups they stand in."""

import uuid

from django.db import models

from healthsocial.org.enums import GroupKind, Network, PracticeMode


class ChannelGroup(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=10, choices=GroupKind, default=GroupKind.SITE)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Channel(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    group = models.ForeignKey(ChannelGroup, on_delete=models.PROTECT, related_name="channels")
    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=80, unique=True)
    network = models.CharField(max_length=20, choices=Network, default=Network.LOCAL)
    is_enabled = models.BooleanField(default=True)
    # A named reason why the channel cannot be used now (expired key, ...); empty = healthy.
    sick_reason = models.CharField(max_length=200, blank=True)
    character_limit = models.PositiveIntegerField(default=2000)
    # None: the organisation's value.
    max_lateness_minutes = models.PositiveIntegerField(null=True, blank=True)
    practice_mode = models.CharField(max_length=12, choices=PracticeMode, default=PracticeMode.ACCEPT)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["group__name", "name"]
        constraints = [
            models.UniqueConstraint(fields=["group", "name"], name="org_channel_name_once_in_group"),
            models.CheckConstraint(condition=models.Q(network__in=Network.values), name="org_channel_network_known"),
        ]

    def __str__(self) -> str:
        return self.name
