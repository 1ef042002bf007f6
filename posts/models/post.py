"""The post and its state machine. A transition here changes the state in memory and nothing else;

permission, guards, saving and events belong to the one action of the same name in `posts/actions/`.
"""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django_fsm import ConcurrentTransitionMixin, FSMField, transition

from posts.enums import (
    HOLDABLE_STATES,
    PUBLIC_STATE,
    PULL_BACK_STATES,
    TAKEDOWN_STATES,
    PostKind,
    PublicState,
    State,
)
from posts.models.safe_refresh import SafeRefresh

NEEDS_APPROVAL = (
    State.APPROVED,
    State.SCHEDULED,
    State.PUBLISHING,
    State.PUBLISHED,
    State.INCOMPLETE,
    State.MISSED,
    State.TAKEDOWN_REQUESTED,
    State.WITHDRAWN,
)
NEEDS_VERSION = (*NEEDS_APPROVAL, State.CHECKING, State.IN_REVIEW, State.REJECTED, State.HELD)


class Post(SafeRefresh, ConcurrentTransitionMixin, models.Model):  # type: ignore[misc]
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    title = models.CharField(max_length=160)
    kind = models.CharField(max_length=10, choices=PostKind, default=PostKind.ORIGINAL)
    state = FSMField(max_length=20, default=State.DRAFT, choices=State.choices, protected=True)
    creator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="posts_created")
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()  # of the state or the working copy: what lists are sorted by
    corrects = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="corrections")
    channels = models.ManyToManyField("org.Channel", related_name="posts")
    edit_no = models.PositiveIntegerField(default=0)
    epoch = models.PositiveIntegerField(default=0)  # raised by the first content change after an approval
    current_version = models.ForeignKey(
        "posts.PostVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    approval = models.ForeignKey("posts.Approval", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    # Slot: the instant, the zone it was chosen in, the wall time chosen (law 13).
    slot_at = models.DateTimeField(null=True, blank=True)
    slot_zone = models.CharField(max_length=64, blank=True)
    slot_wall = models.CharField(max_length=16, blank=True)  # 2026-03-04T09:00
    proposed_at = models.DateTimeField(null=True, blank=True)
    proposed_zone = models.CharField(max_length=64, blank=True)
    proposed_wall = models.CharField(max_length=16, blank=True)
    emergency = models.BooleanField(default=False)  # goes out during a crisis stop that lets emergencies pass
    risk = models.PositiveIntegerField(default=0)  # of the newest complete check; stored for the queue's order
    due_at = models.DateTimeField(null=True, blank=True)  # when a decision is needed: slot, else proposed time
    reason_code = models.CharField(max_length=60, blank=True)  # why it is where it is (stopped, held, missed)
    reason_words = models.TextField(blank=True)
    notes = models.TextField(blank=True)
    tags = models.JSONField(default=list)

    class Meta:
        ordering = ["-changed_at", "-id"]
        indexes = [
            models.Index(fields=["-changed_at", "-id"], name="posts_by_change"),
            models.Index(fields=["state", "-changed_at", "-id"], name="posts_by_state"),
            models.Index(fields=["-risk", "due_at", "id"], condition=Q(state="in_review"), name="posts_review_queue"),
            models.Index(fields=["slot_at", "id"], name="posts_by_slot"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=State.values), name="posts_state_known"),
            models.CheckConstraint(condition=Q(kind__in=PostKind.values), name="posts_kind_known"),
            models.CheckConstraint(
                condition=~Q(state__in=NEEDS_APPROVAL) | Q(approval__isnull=False), name="posts_state_needs_approval"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=NEEDS_VERSION) | Q(current_version__isnull=False),
                name="posts_state_needs_version",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=(State.SCHEDULED, State.PUBLISHING)) | Q(slot_at__isnull=False),
                name="posts_scheduled_has_slot",
            ),
            models.CheckConstraint(
                condition=Q(slot_at__isnull=True) | (~Q(slot_zone="") & ~Q(slot_wall="")), name="posts_slot_names_zone"
            ),
        ]

    objects: ClassVar[models.Manager["Post"]] = models.Manager()

    def __str__(self) -> str:
        return f"post {self.id}"

    @property
    def public_state(self) -> PublicState:
        return PUBLIC_STATE[self.state]

    # --- the machine (design, section 3) ---------------------------------------------------------------------
    @transition(field=state, source=[State.DRAFT, State.CHANGES_REQUESTED], target=State.CHECKING)
    def submit(self) -> None: ...

    @transition(field=state, source=State.CHECKING, target=State.IN_REVIEW)
    def pass_checks(self) -> None: ...

    @transition(field=state, source=State.CHECKING, target=State.CHANGES_REQUESTED)
    def block(self) -> None: ...

    @transition(field=state, source=State.IN_REVIEW, target=State.CHECKING)
    def recheck(self) -> None: ...

    @transition(field=state, source=State.IN_REVIEW, target=State.CHANGES_REQUESTED)
    def request_changes(self) -> None: ...

    @transition(field=state, source=State.IN_REVIEW, target=State.REJECTED)
    def reject(self) -> None: ...

    @transition(field=state, source=State.IN_REVIEW, target=State.APPROVED)
    def approve(self) -> None: ...

    @transition(field=state, source=[State.APPROVED, State.MISSED], target=State.SCHEDULED)
    def schedule(self) -> None: ...

    @transition(field=state, source=State.SCHEDULED, target=State.APPROVED)
    def unschedule(self) -> None: ...

    @transition(field=state, source=State.SCHEDULED, target=State.SCHEDULED)
    def reslot(self) -> None: ...

    @transition(field=state, source=list(PULL_BACK_STATES), target=State.DRAFT)
    def pull_back(self) -> None: ...

    @transition(field=state, source=list(HOLDABLE_STATES), target=State.HELD)
    def hold(self) -> None: ...

    @transition(field=state, source=State.HELD, target=State.CHECKING)
    def release(self) -> None: ...

    @transition(field=state, source=State.SCHEDULED, target=State.PUBLISHING)
    def start_publishing(self) -> None: ...

    @transition(field=state, source=[State.SCHEDULED, State.PUBLISHING], target=State.MISSED)
    def miss(self) -> None: ...

    @transition(field=state, source=State.PUBLISHING, target=State.PUBLISHED)
    def finish(self) -> None: ...

    @transition(field=state, source=State.PUBLISHING, target=State.INCOMPLETE)
    def fall_short(self) -> None: ...

    @transition(field=state, source=State.INCOMPLETE, target=State.PUBLISHING)
    def retry(self) -> None: ...

    @transition(field=state, source=State.INCOMPLETE, target=State.PUBLISHED)
    def settle(self) -> None: ...

    @transition(field=state, source=list(TAKEDOWN_STATES), target=State.TAKEDOWN_REQUESTED)
    def request_takedown(self) -> None: ...

    @transition(field=state, source=State.TAKEDOWN_REQUESTED, target=State.PUBLISHED)
    def cancel_takedown(self) -> None: ...

    @transition(field=state, source=State.TAKEDOWN_REQUESTED, target=State.WITHDRAWN)
    def confirm_takedown(self) -> None: ...

    @transition(field=state, source=[State.DRAFT, State.CHANGES_REQUESTED], target=State.ARCHIVED)
    def discard(self) -> None: ...

    @transition(field=state, source=[State.PUBLISHED, State.WITHDRAWN, State.REJECTED], target=State.ARCHIVED)
    def archive(self) -> None: ...


def edges() -> list[tuple[str, str, str]]:
    """Every (transition, from, to) of the machine, read from the decorated methods."""
    field = Post._meta.get_field("state")
    assert isinstance(field, FSMField)
    return sorted((t.name, str(t.source), str(t.target)) for t in field.get_all_transitions(Post))
