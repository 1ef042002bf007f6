"""One delivery: claim, recheck and commit the intent, call, record under the fence (law 7)."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection, transaction
from django.db.models import QuerySet

from compliance import coverage
from healthsocial import clock
from healthsocial.audit.log import Act, DatabaseClock, action
from healthsocial.org.enums import AlertKind
from healthsocial.org.models import Channel
from healthsocial.org.queries import organisation
from posts import canonical, due, guards, pacing
from posts.actions import deliveries
from posts.actions.check import hold_by_system
from posts.actions.move import SYSTEM, lock_only, relied_on_by
from posts.actions.system_takedown import raise_alert, request_wanted_takedown
from posts.enums import DeliveryState, State, Transition
from posts.models import Delivery, Post
from posts.networks import adapter_for
from posts.networks.base import Order, Permanent, Receipt, Retryable, Unknown, id_for_record
from posts.networks.call import Outcome
from posts.networks.call import send as call_network

logger = logging.getLogger(__name__)
D = DeliveryState
WAIT_SECONDS = 10
# Everything its guards look at, read by one statement after the post is locked.
READ_WITH = ("channel", "post__current_version", "post__approval", "post__working_copy")
BACK_OFF_SECONDS = (10, 30, 120, 300, 600)
ALERTS = {D.UNCONFIRMED.value: AlertKind.UNCONFIRMED, D.FAILED.value: AlertKind.DELIVERY_FAILED}


@dataclass(frozen=True)
class Claim:
    """A delivery this process holds; `fence` is the attempt number under which alone it may write."""

    delivery: UUID
    post: UUID
    channel: Channel
    fence: int
    relied_on: tuple[str, ...] = ()  # authorizations behind its version, which is written once: locked before the post


def deliver(delivery_id: UUID) -> str:
    """Carry one delivery as far as it goes now. Returns its state, or `not_ours`."""
    claim = claim_delivery(delivery_id)
    if claim is None:
        return "not_ours"
    order = begin_sending(claim)
    if order is None:
        return "stopped"
    return keep_outcome(claim, _call(claim, order))


def claim_delivery(delivery_id: UUID) -> Claim | None:
    """`due -> claimed` by conditional UPDATE. A lease, not an act: it is recorded with the intent it leads to."""
    with transaction.atomic():
        ready = Delivery.objects.filter(pk=delivery_id, state=D.DUE)
        row = ready.select_related("channel", "version").annotate(read_at=DatabaseClock()).first()
        if row is None:
            return None
        now = due.at(row.read_at)
        if row.next_attempt_at > now:
            return None
        mine = ready.filter(attempt=row.attempt, next_attempt_at__lte=now)
        if wait := pacing.wait_until(row, now):
            mine.update(next_attempt_at=wait, woken_at=None)
            return None
        if mine.update(state=D.CLAIMED, attempt=row.attempt + 1, lease_until=due.lease_end(row.read_at)) != 1:
            return None
        return Claim(row.pk, row.post_id, row.channel, row.attempt + 1, tuple(relied_on_by(row.version)))


def begin_sending(claim: Claim) -> Order | None:
    """Recheck every guard under the post's lock and commit `sending`; None when it must not leave now."""
    with action("delivery.sending", actor=SYSTEM, target=("post", str(claim.post))) as act:
        coverage.lock(claim.relied_on)
        lock_only(claim.post)
        delivery = Delivery.objects.select_related(*READ_WITH).annotate(read_at=DatabaseClock()).get(pk=claim.delivery)
        post = delivery.post
        if delivery.state != D.CLAIMED or delivery.attempt != claim.fence:
            act.nothing_changed()
            return None
        if post.state not in (State.SCHEDULED, State.PUBLISHING) or delivery.version_id != post.current_version_id:
            _cancel(act, claim, "not_scheduled")
            return None
        assert post.current_version is not None
        if str(delivery.channel_id) not in canonical.read(post.current_version)["channels"]:
            _cancel(act, claim, "channel_not_approved")
            return None
        rules = organisation()  # first: it takes over the demo's clock
        ready = guards.may_leave(post, delivery, delivery.channel, rules, now=due.at(delivery.read_at))
        if ready.reasons:
            _stop(act, claim, post, ready)
            return None
        if post.state == State.SCHEDULED:
            post.start_publishing()
            post.changed_at = clock.now()
            post.save(update_fields=["state", "changed_at"])
            act.record(
                f"post.{Transition.START_PUBLISHING.value}",
                data={"version": str(post.current_version_id), "state": post.state},
            )
        if _mine(claim, D.CLAIMED).update(state=D.SENDING, lease_until=due.lease_end(delivery.read_at)) != 1:
            raise RuntimeError("the claim was lost under the post's lock")
        act.record(
            "delivery.sending",
            data={
                "delivery": str(claim.delivery),
                "channel": str(claim.channel.pk),
                "attempt": claim.fence,
                "seal": post.approval.seal if post.approval else "",
            },
        )
        return _order(post, delivery)


def _mine(claim: Claim, state: DeliveryState) -> QuerySet[Delivery]:
    return Delivery.objects.filter(pk=claim.delivery, state=state, attempt=claim.fence)


def _order(post: Post, delivery: Delivery) -> Order:
    assert post.current_version is not None
    form = canonical.read(post.current_version)
    return Order(
        channel=delivery.channel_id,
        key=delivery.idempotency_key,
        text=canonical.text_for(form, delivery.channel_id),
        first_comment=form["first_comment"],
        links=tuple(form["links"]),
    )


def _cancel(act: Act, claim: Claim, why: str) -> None:
    _mine(claim, D.CLAIMED).update(state=D.CANCELLED, error_code=why[:80], lease_until=None)
    act.record("delivery.cancelled", data={"delivery": str(claim.delivery), "cancelled": 1, "leaving": 0, "why": why})


def _stop(act: Act, claim: Claim, post: Post, ready: guards.Ready) -> None:
    """It must not leave now: wait and look again, hold the post, or give this channel up."""
    code = ready.reasons[0].code
    if ready.wait:
        before = Delivery.objects.values_list("error_code", flat=True).get(pk=claim.delivery)
        _mine(claim, D.CLAIMED).update(
            state=D.DUE,
            lease_until=None,
            error_code=code[:80],
            woken_at=None,
            next_attempt_at=due.now() + timedelta(seconds=WAIT_SECONDS),
        )
        if before == code:
            act.nothing_changed()  # said once is enough; it waits on for the same reason
        else:
            act.record("delivery.waits", data={"delivery": str(claim.delivery), "why": code})
    elif ready.hold and post.state == State.SCHEDULED:
        hold_by_system(act, post, code)
    else:
        _cancel(act, claim, code)
        deliveries.conclude(act, post)


def _call(claim: Claim, order: Order) -> Outcome:
    """The irreversible call, outside any transaction, and only with a lease that lasts longer than the call may."""
    row = _mine(claim, D.SENDING).annotate(read_at=DatabaseClock()).first()
    needed = timedelta(seconds=settings.NETWORK_TIMEOUT_SECONDS)
    if row is None or row.lease_until is None or row.lease_until <= row.read_at + needed:
        # This process was stopped for minutes between intent and call; others may have settled the row meanwhile.
        return Retryable("lease_ran_out")
    return call_network(adapter_for(claim.channel.network), order, str(claim.delivery))


def keep_outcome(claim: Claim, outcome: Outcome, *, how: str = "answer") -> str:
    """Record what the network said; when the connection to the database breaks at that moment, on a new one."""
    try:
        return record_outcome(claim, outcome, how=how)
    except DatabaseError as error:
        if connection.in_atomic_block:
            raise
        logger.error("delivery %s: answer not recorded (%s); trying again", claim.delivery, type(error).__name__)
        connection.close()
        return record_outcome(claim, outcome, how=how)


def record_outcome(claim: Claim, outcome: Outcome, *, how: str = "answer") -> str:
    """Write what the network said, under the fence; a late answer of a lost lease changes nothing."""
    with action("delivery.recorded", actor=SYSTEM, target=("post", str(claim.post))) as act:
        lock_only(claim.post)
        row = Delivery.objects.select_related("post").annotate(read_at=DatabaseClock()).get(pk=claim.delivery)
        post, values = row.post, _values(outcome, row, due.at(row.read_at))
        taken = _mine(claim, D.SENDING).update(lease_until=None, **values)
        if taken != 1:
            act.record(
                "delivery.late_answer",
                data={
                    "delivery": str(claim.delivery),
                    "attempt": claim.fence,
                    "outcome": type(outcome).__name__,
                    "remote_id": id_for_record(str(values.get("remote_id", ""))),
                },
            )
            return "late"
        state = str(values["state"])
        act.record(
            f"delivery.{state}",
            data={
                "delivery": str(claim.delivery),
                "channel": str(claim.channel.pk),
                "attempt": claim.fence,
                "how": how,
                "code": values.get("error_code", ""),
                "remote_id": id_for_record(str(values.get("remote_id", ""))),
            },
        )
        if state in ALERTS:
            _afterwards(claim, lambda: _alert(claim, state, str(values.get("error_code", ""))))
        _afterwards(claim, lambda: _conclude(act, post, claim))
        return state


def _afterwards(claim: Claim, step: Callable[[], None]) -> None:
    """What follows from an answer must not lose the answer: a failure here is made up for by the next round."""
    try:
        with action("delivery.afterwards", actor=SYSTEM, target=("post", str(claim.post))) as nested:
            nested.nothing_changed()
            step()
    except Exception as error:
        if isinstance(error, DatabaseError) and not connection.is_usable():
            raise
        logger.error("delivery %s: %s after its answer was recorded", claim.delivery, type(error).__name__)


def _conclude(act: Act, post: Post, claim: Claim) -> None:
    rows = deliveries.of_post(post)
    _takedown_if_wanted(act, post, claim, rows)
    deliveries.conclude(act, post, rows=rows)
    request_wanted_takedown(act, post, rows=rows)


def _values(outcome: Outcome, row: Delivery, now: datetime) -> dict[str, object]:
    if isinstance(outcome, Receipt):
        return {
            "state": D.SENT.value,
            "sent_at": now,
            "remote_id": outcome.remote_id[:200],
            "remote_url": outcome.url[:500],
            "error_code": "",
        }
    if isinstance(outcome, Permanent):
        return {"state": D.FAILED.value, "error_code": outcome.code[:80], "removal_wanted_at": None}
    if isinstance(outcome, Unknown):
        return {"state": D.UNCONFIRMED.value, "error_code": outcome.code[:80]}
    # Something stopped it while it was leaving, and it was not accepted: it must not fire when the stop is released.
    if row.removal_wanted_at is not None or row.refusals >= len(BACK_OFF_SECONDS):
        return {"state": D.FAILED.value, "error_code": outcome.code[:80], "removal_wanted_at": None}
    wait = outcome.after_seconds or BACK_OFF_SECONDS[row.refusals]
    return {
        "state": D.DUE.value,
        "error_code": outcome.code[:80],
        "next_attempt_at": now + timedelta(seconds=wait),
        "woken_at": None,
        "refusals": row.refusals + 1,
    }


def _alert(claim: Claim, state: str, code: str) -> None:
    raise_alert(ALERTS[state], "delivery", str(claim.delivery), code)


def _takedown_if_wanted(act: Act, post: Post, claim: Claim, rows: Sequence[Delivery]) -> None:
    """Something wanted it cancelled while it was leaving: it left, so it must come down again."""
    row = next(row for row in rows if row.pk == claim.delivery)
    if row.state == D.SENT and row.removal_wanted_at is not None:
        raise_alert(AlertKind.TAKEDOWN, "post", str(post.pk), "left_while_stopped")
        act.record("delivery.takedown_task", data={"delivery": str(row.pk)})
