"""States and kinds of the organisation's records (leaf)."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class GroupKind(TextChoices):
    SITE = "site", _("Site")
    UNIT = "unit", _("Unit")


class Scope(TextChoices):
    EVERYTHING = "everything", _("Everything")
    GROUP = "group", _("A group of channels")
    CHANNEL = "channel", _("One channel")


class Network(TextChoices):
    LOCAL = "local", _("Public page on this server")
    PRACTICE = "practice", _("Practice network (demo only)")


class PracticeMode(TextChoices):
    ACCEPT = "accept", _("Accepts every post")
    REFUSE = "refuse", _("Refuses every post")
    SLOW = "slow", _("Accepts slowly")
    NO_ANSWER = "no_answer", _("Accepts, but never answers")


class LinkPurpose(TextChoices):
    INVITATION = "invitation", _("Invitation")
    RESET = "reset", _("New password")


class ExportReason(TextChoices):
    """Why somebody takes the audit record: a code, because events hold no free text."""

    INSPECTION = "inspection", _("An inspection or audit from outside")
    REVIEW = "review", _("A review of our own")
    INCIDENT = "incident", _("An incident")
    ARCHIVE = "archive", _("To keep it elsewhere")


class AlertKind(TextChoices):
    CHECKER_DOWN = "checker_down", _("The checker is down")
    UNCONFIRMED = "unconfirmed", _("It is not known whether a post went out")
    MISSED = "missed", _("A post was not sent")
    TAKEDOWN = "takedown", _("A post must be taken down")
    RECORD = "record", _("The audit record does not hold its last checkpoint")
    CHECKPOINT = "checkpoint", _("A checkpoint of the audit record was not kept")
    DELIVERY_FAILED = "delivery_failed", _("A channel refused a post")
