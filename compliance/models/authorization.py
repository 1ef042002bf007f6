"""The authorization register, narrow form: who (as a token), what information, where, for what, from when to when."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from compliance.enums import AuthorizationKind, Information, Purpose, SubjectKind
from healthsocial.crypto_fields import EncryptedTextField


class Subject(models.Model):
    """A person a post may show. Everybody but the privacy officer sees the token only."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    token = models.CharField(max_length=12, unique=True)  # e.g. P-7KQ2M, printed on the form
    kind = models.CharField(max_length=10, choices=SubjectKind, default=SubjectKind.PATIENT)
    name = EncryptedTextField(blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["token"]

    def __str__(self) -> str:
        return self.token


class Authorization(models.Model):
    """What a person signed (45 CFR 164.508, or a release). Revoked, never deleted."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.PositiveIntegerField(unique=True)
    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="authorizations")
    kind = models.CharField(max_length=8, choices=AuthorizationKind, default=AuthorizationKind.HIPAA)
    information = models.JSONField(default=list)  # of Information
    purposes = models.JSONField(default=list)  # of Purpose
    all_channels = models.BooleanField(default=False)
    channels = models.ManyToManyField("org.Channel", blank=True, related_name="+")
    signed_on = models.DateField()
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, blank=True)
    document_reference = models.CharField(max_length=120, blank=True)  # where the signed paper is kept
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    revoked_why = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=F("valid_from")),
                name="compliance_authorization_dates",
            ),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True) | Q(revoked_by__isnull=False),
                name="compliance_authorization_revoked_by",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.number}"


INFORMATION_VALUES = frozenset(Information.values)
PURPOSE_VALUES = frozenset(Purpose.values)
