"""What was checked, what was found, and what people answered. No text of a post is stored here."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from compliance.enums import OPEN_RUN_STATES, AnswerKind, AnswerSide, RunPurpose, RunState, Severity


class CheckRun(models.Model):
    """One check of one version: all its fields together. An open row is also the outbox entry of its task."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    thread = models.UUIDField(db_index=True)  # the post's id; no foreign key, this app does not know posts
    # n-th run of the thread, counted under the post's lock: a clock may step back, this does not
    turn = models.PositiveIntegerField()
    version = models.UUIDField()
    seal = models.CharField(max_length=64)
    purpose = models.CharField(max_length=10, choices=RunPurpose, default=RunPurpose.SUBMIT)
    state = models.CharField(max_length=16, choices=RunState, default=RunState.QUEUED)
    attempt = models.PositiveIntegerField(default=0)  # fencing number of the current try
    next_attempt_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    woken_at = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    # What makes a run repeatable.
    text_digest = models.CharField(max_length=64, blank=True)
    context_digest = models.CharField(max_length=64, blank=True)
    packs_digest = models.CharField(max_length=64, blank=True)
    engine_digest = models.CharField(max_length=64, blank=True)
    not_checked = models.JSONField(default=list)  # reason codes such as "language:es"
    context_inputs = models.JSONField(default=dict)  # kind, as-of date: what `replay` needs beside the text
    risk = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-turn"]
        indexes = [
            models.Index(
                fields=["next_attempt_at"], condition=Q(state__in=OPEN_RUN_STATES), name="compliance_open_runs"
            ),
            models.Index(fields=["version", "turn"], name="compliance_runs_of_version"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["thread", "turn"], name="compliance_run_turn_once"),
            models.CheckConstraint(condition=Q(state__in=RunState.values), name="compliance_run_state_known"),
            models.UniqueConstraint(
                fields=["version"], condition=Q(state__in=OPEN_RUN_STATES), name="compliance_one_open_run_per_version"
            ),
            models.CheckConstraint(
                condition=~Q(state=RunState.COMPLETE)
                | (~Q(packs_digest="") & ~Q(engine_digest="") & Q(finished_at__isnull=False)),
                name="compliance_complete_run_says_by_what",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.state} {self.id}"


class Finding(models.Model):
    """One thing a rule found. The words stand in the version; here are only the offsets."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    run = models.ForeignKey(CheckRun, on_delete=models.PROTECT, related_name="findings")
    position = models.PositiveIntegerField()
    rule_id = models.CharField(max_length=120)
    rule_digest = models.CharField(max_length=64)
    flag = models.CharField(max_length=40)
    label = models.CharField(max_length=20, blank=True)
    severity = models.CharField(max_length=5, choices=Severity)
    hard = models.BooleanField(default=False)
    field = models.CharField(max_length=80)  # base | channel:<id> | comment | alt:<digest> | link:<n>
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    sentence_key = models.CharField(max_length=64)  # HMAC of thread, field, rule and the whole sentence
    occurrence = models.PositiveIntegerField(default=0)
    message = models.TextField()
    why = models.TextField()
    citation = models.TextField()
    rewrite = models.TextField(blank=True)
    clears_with = models.JSONField(default=list)
    context_note = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["run", "position"], name="compliance_finding_position_once"),
            models.CheckConstraint(condition=Q(severity__in=Severity.values), name="compliance_finding_severity_known"),
            models.CheckConstraint(
                condition=Q(hard=False) | Q(severity=Severity.BLOCK), name="compliance_hard_is_block"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} {self.severity}"

    @property
    def answer_key(self) -> tuple[str, str, str, str, int]:
        """What an answer hangs on: it survives edits elsewhere and reopens when sentence or rule changes (law 11)."""
        return (self.field, self.rule_id, self.rule_digest, self.sentence_key, self.occurrence)

    @property
    def needs_answer(self) -> bool:
        return self.severity != Severity.NOTE


class Answer(models.Model):
    """What a person said about a finding. The newest per key and side counts; older ones stay."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    thread = models.UUIDField(db_index=True)
    turn = models.PositiveIntegerField()  # n-th answer of the thread, counted under the post's lock
    field = models.CharField(max_length=80)
    rule_id = models.CharField(max_length=120)
    rule_digest = models.CharField(max_length=64)
    sentence_key = models.CharField(max_length=64)
    occurrence = models.PositiveIntegerField(default=0)
    side = models.CharField(max_length=8, choices=AnswerSide)
    kind = models.CharField(max_length=18, choices=AnswerKind)
    words = models.TextField(blank=True)
    source_url = models.URLField(max_length=500, blank=True)
    authorization = models.ForeignKey(
        "compliance.Authorization", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        ordering = ["turn"]
        indexes = [models.Index(fields=["thread", "rule_id"], name="compliance_answers")]
        constraints = [models.UniqueConstraint(fields=["thread", "turn"], name="compliance_answer_turn_once")]

    def __str__(self) -> str:
        return f"{self.side} {self.kind}"

    @property
    def answer_key(self) -> tuple[str, str, str, str, int]:
        return (self.field, self.rule_id, self.rule_digest, self.sentence_key, self.occurrence)

    @property
    def disputes(self) -> bool:
        """True when the answer says that the finding does not apply, rather than that it was dealt with."""
        return self.kind in (
            AnswerKind.FALSE_ALARM,
            AnswerKind.NOT_IDENTIFIABLE,
            AnswerKind.SUBSTANTIATED,
            AnswerKind.CLAIM,
        )
