"""What happens to deliveries when a post moves: cancel, revive, and the end of a publishing round.

Called inside the action that moves the post, whose row is locked.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from uuid import UUID

from healthsocial import clock, crypto
from healthsocial.audit.log import Act
from healthsocial.org.enums import AlertKind
from posts.actions.system_takedown import raise_alert, request_wanted_takedown
from posts.enums import DeliveryState, State, Transition
from posts.models import Delivery, Post

D = DeliveryState
LIVE = (D.DUE, D.CLAIMED, D.SENDING)


def cancel(act: Act, post: Post, why: str, channels: Iterable[UUID] | None = None) -> tuple[int, int]:
    """`due|claimed -> cancelled` by conditional UPDATE; what is in `sending` is already leaving and gets a takedown.

    Returns (cancelled, already leaving). The row decides who was first (law 7).
    """
    mine = Delivery.objects.filter(post=post)
    if channels is not None:
        mine = mine.filter(channel_id__in=list(channels))
    cancelled = mine.filter(state__in=(D.DUE, D.CLAIMED)).update(
        state=D.CANCELLED, error_code=why[:80], lease_until=None
    )
    leaving = mine.filter(state=D.SENDING, removal_wanted_at__isnull=True).update(removal_wanted_at=datetime.now(UTC))
    if cancelled or leaving:
        act.record(
            "delivery.cancelled",
            target=("post", str(post.pk)),
            data={"cancelled": cancelled, "leaving": leaving, "why": why},
        )
    return cancelled, leaving


def want_removal(post: Post) -> None:
    """Mark what has been sent: it comes down as soon as the post may be taken down."""
    Delivery.objects.filter(post=post, state=D.SENT, removal_wanted_at__isnull=True).update(
        removal_wanted_at=datetime.now(UTC)
    )


def plan(act: Act, post: Post, channels: Iterable[UUID], due: datetime) -> None:
    """Create the version's deliveries, or revive cancelled ones, all due at the slot."""
    assert post.current_version is not None
    for channel in channels:
        key = crypto.mac("delivery", str(post.current_version.pk), str(channel))
        Delivery.objects.get_or_create(
            version=post.current_version,
            channel_id=channel,
            defaults={"post": post, "due_at": due, "next_attempt_at": due, "idempotency_key": key},
        )
    waiting = Delivery.objects.filter(version=post.current_version)
    waiting.filter(state__in=(D.CANCELLED, D.FAILED, D.CLAIMED)).update(
        state=D.DUE,
        due_at=due,
        next_attempt_at=due,
        error_code="",
        lease_until=None,
        woken_at=None,
        removal_wanted_at=None,
        refusals=0,
    )
    waiting.filter(state=D.DUE).update(due_at=due, next_attempt_at=due, woken_at=None)
    act.record(
        "delivery.planned",
        target=("post", str(post.pk)),
        data={
            "version": str(post.current_version.pk),
            "due": due.isoformat(),
            "channels": sorted(str(c) for c in channels),
        },
    )


def of_post(post: Post) -> list[Delivery]:
    """All deliveries of a locked post, of whatever version, read once for every step that asks how they stand."""
    return list(Delivery.objects.filter(post=post).order_by("pk"))


def conclude(
    act: Act, post: Post, *, wanted: str = "left_while_stopped", rows: Sequence[Delivery] | None = None
) -> None:
    """End a publishing round when nothing is on its way any more: finish, fall_short or miss.

    Whatever ended the round, what should not have left comes down then; `wanted` says why. `rows`: what `of_post` said
    after the last change.
    """
    if post.state not in (State.PUBLISHING, State.SCHEDULED):
        return
    rows = of_post(post) if rows is None else rows
    current = [row for row in rows if row.version_id == post.current_version_id]
    states = [row.state for row in current]
    if not states or any(state in LIVE for state in states):
        return
    arrived = [state for state in states if state in (D.SENT, D.REMOVED)]
    if post.state == State.SCHEDULED:
        if post.slot_at is not None and post.slot_at > clock.now():
            return  # stopped before its time: a person may still give it a new one; it is missed when the slot passes
        transition = Transition.MISS
    elif len(arrived) == len(states):
        transition = Transition.FINISH
    elif arrived or D.UNCONFIRMED in states:
        transition = Transition.FALL_SHORT
    else:
        transition = Transition.MISS
    getattr(post, transition.value)()
    post.changed_at = clock.now()
    if transition == Transition.MISS:
        codes = sorted({row.error_code for row in current} - {""})
        post.reason_code = (codes[0] if codes else "nothing_sent")[:60]
    else:
        post.reason_code = ""
    post.save(update_fields=["state", "changed_at", "reason_code"])
    if transition == Transition.MISS:
        raise_alert(AlertKind.MISSED, "post", str(post.pk), post.reason_code)
    act.record(
        f"post.{transition.value}",
        target=("post", str(post.pk)),
        data={
            "version": str(post.current_version_id),
            "state": post.state,
            "deliveries": sorted(states),
            "why": post.reason_code,
        },
    )
    request_wanted_takedown(act, post, wanted, rows=rows)
