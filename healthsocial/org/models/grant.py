"""A role on a part of the organisation, from a start to an end. Ended, never deleted."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from healthsocial.org.enums import Scope
from healthsocial.org.roles import Role


class GrantQuerySet(models.QuerySet["Grant"]):
    def in_force(self, at: object) -> "GrantQuerySet":
        return self.filter(starts_at__lte=at).filter(Q(ends_at__isnull=True) | Q(ends_at__gt=at))


class Grant(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="grants")
    role = models.CharField(max_length=20, choices=Role)
    scope = models.CharField(max_length=10, choices=Scope, default=Scope.EVERYTHING)
    group = models.ForeignKey(
        "org.ChannelGroup", null=True, blank=True, on_delete=models.PROTECT, related_name="grants"
    )
    channel = models.ForeignKey("org.Channel", null=True, blank=True, on_delete=models.PROTECT, related_name="grants")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    objects: ClassVar[GrantQuerySet] = GrantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["role", "starts_at"]
        constraints = [
            models.CheckConstraint(
                condition=(
                    Q(scope=Scope.EVERYTHING, group__isnull=True, channel__isnull=True)
                    | Q(scope=Scope.GROUP, group__isnull=False, channel__isnull=True)
                    | Q(scope=Scope.CHANNEL, group__isnull=True, channel__isnull=False)
                ),
                name="org_grant_scope_matches",
            ),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="org_grant_role_known"),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gte=F("starts_at")), name="org_grant_ends_after_start"
            ),
            # Nobody gives a role to themselves, whatever code path writes the row.
            models.CheckConstraint(
                condition=Q(granted_by__isnull=True) | ~Q(granted_by=F("user")), name="org_grant_not_to_self"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} on {self.scope}"
