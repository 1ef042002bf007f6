"""States, groups of states and kinds (leaf). No text search on a state's name, ever."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class State(TextChoices):
    DRAFT = "draft", _("Draft")
    CHECKING = "checking", _("Being checked")
    CHANGES_REQUESTED = "changes_requested", _("Changes requested")
    IN_REVIEW = "in_review", _("In review")
    REJECTED = "rejected", _("Rejected")
    APPROVED = "approved", _("Approved")
    SCHEDULED = "scheduled", _("Scheduled")
    PUBLISHING = "publishing", _("Publishing")
    PUBLISHED = "published", _("Published")
    INCOMPLETE = "incomplete", _("Partly published")
    MISSED = "missed", _("Not sent: time passed")
    HELD = "held", _("On hold")
    TAKEDOWN_REQUESTED = "takedown_requested", _("Being taken down")
    WITHDRAWN = "withdrawn", _("Taken down")
    ARCHIVED = "archived", _("Closed")


class PublicState(TextChoices):
    """The eight words people see."""

    DRAFT = "draft", _("Draft")
    CHECKING = "checking", _("Being checked")
    NEEDS_YOU = "needs_you", _("Needs you")
    WITH_REVIEWER = "with_reviewer", _("With the reviewer")
    APPROVED = "approved", _("Approved")
    PUBLISHED = "published", _("Published")
    STOPPED = "stopped", _("Stopped")
    CLOSED = "closed", _("Taken down or closed")


PUBLIC_STATE: dict[str, PublicState] = {
    State.DRAFT: PublicState.DRAFT,
    State.CHECKING: PublicState.CHECKING,
    State.CHANGES_REQUESTED: PublicState.NEEDS_YOU,
    State.IN_REVIEW: PublicState.WITH_REVIEWER,
    State.APPROVED: PublicState.APPROVED,
    State.SCHEDULED: PublicState.APPROVED,
    State.PUBLISHING: PublicState.PUBLISHED,
    State.PUBLISHED: PublicState.PUBLISHED,
    State.INCOMPLETE: PublicState.PUBLISHED,
    State.MISSED: PublicState.STOPPED,
    State.HELD: PublicState.STOPPED,
    State.REJECTED: PublicState.CLOSED,
    State.TAKEDOWN_REQUESTED: PublicState.CLOSED,
    State.WITHDRAWN: PublicState.CLOSED,
    State.ARCHIVED: PublicState.CLOSED,
}

# States in which an approval of the current version stands (a failing, missing or outdated check must end them).
APPROVED_STATES = (State.APPROVED, State.SCHEDULED, State.MISSED, State.PUBLISHING, State.PUBLISHED, State.INCOMPLETE)
# Rechecked when packs, engine or directory change.
# An approval stands and something may still leave.
STANDING_STATES = (State.APPROVED, State.SCHEDULED, State.MISSED, State.PUBLISHING, State.INCOMPLETE)
RECHECKED_STATES = (State.IN_REVIEW, *STANDING_STATES)
EDITABLE_STATES = (State.DRAFT, State.CHANGES_REQUESTED)
PULL_BACK_STATES = (State.CHECKING, State.IN_REVIEW, State.APPROVED, State.SCHEDULED, State.MISSED, State.HELD)
HOLDABLE_STATES = (State.APPROVED, State.SCHEDULED, State.MISSED)
TAKEDOWN_STATES = (State.PUBLISHED, State.INCOMPLETE, State.ARCHIVED)


class Transition(TextChoices):
    """Every edge of the state machine by name; the verb of its event is `post.<name>`."""

    SUBMIT = "submit", _("Send to review")
    PASS_CHECKS = "pass_checks", _("Checks passed")
    BLOCK = "block", _("Stopped by a check")
    RECHECK = "recheck", _("Check again")
    REQUEST_CHANGES = "request_changes", _("Ask for changes")
    REJECT = "reject", _("Reject")
    APPROVE = "approve", _("Approve")
    SCHEDULE = "schedule", _("Schedule")
    UNSCHEDULE = "unschedule", _("Take off the schedule")
    RESLOT = "reslot", _("Move to another time")
    PULL_BACK = "pull_back", _("Pull back to draft")
    HOLD = "hold", _("Put on hold")
    RELEASE = "release", _("Release from hold")
    START_PUBLISHING = "start_publishing", _("Start publishing")
    MISS = "miss", _("Miss the slot")
    FINISH = "finish", _("Published")
    FALL_SHORT = "fall_short", _("Partly published")
    RETRY = "retry", _("Try the failed channels again")
    SETTLE = "settle", _("Settle as published")
    REQUEST_TAKEDOWN = "request_takedown", _("Take down")
    CANCEL_TAKEDOWN = "cancel_takedown", _("Cancel the takedown")
    CONFIRM_TAKEDOWN = "confirm_takedown", _("Confirm that it is down")
    DISCARD = "discard", _("Discard")
    ARCHIVE = "archive", _("Close")


class PostKind(TextChoices):
    ORIGINAL = "original", _("Post")
    REPLY = "reply", _("Reply to a review")
    COMMENT = "comment", _("Comment or reply")
    STORY = "story", _("Story")


class PersonAnswer(TextChoices):
    """Does it show or describe a person?"""

    NOBODY = "nobody", _("Nobody")
    IN_ROLE = "in_role", _("Only staff or public figures in their role")
    RELEASE = "release", _("Staff, volunteers, guests or models who need a release")
    PATIENTS = "patients", _("These patients or relatives")
    NOT_SURE = "not_sure", _("Not sure")


class DeliveryState(TextChoices):
    DUE = "due", _("Waiting for its time")
    CLAIMED = "claimed", _("About to be sent")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Not accepted")
    UNCONFIRMED = "unconfirmed", _("Not known whether it arrived")
    CANCELLED = "cancelled", _("Cancelled")
    REMOVED = "removed", _("Taken down")


# Nothing more will happen to the delivery by itself.
SETTLED_DELIVERIES = (
    DeliveryState.SENT,
    DeliveryState.FAILED,
    DeliveryState.UNCONFIRMED,
    DeliveryState.CANCELLED,
    DeliveryState.REMOVED,
)


class ReviewReason(TextChoices):
    """Why changes are asked for or a post is rejected."""

    PATIENT_INFORMATION = "patient_information", _("Patient information")
    CLAIM = "claim", _("A claim that cannot stand")
    SOURCE = "source", _("A source is missing")
    WORDING = "wording", _("Wording or tone")
    WRONG_CHANNEL = "wrong_channel", _("Wrong channel or time")
    DUPLICATE = "duplicate", _("Said already")
    OTHER = "other", _("Another reason")


class StopScope(TextChoices):
    ORGANISATION = "organisation", _("The whole organisation")
    GROUP = "group", _("A group of channels")
    CHANNEL = "channel", _("One channel")
