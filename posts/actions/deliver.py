"""One delivery: claim, recheck and commit the intent, call, record under the fence (law 7)."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet

from compliance import coverage
from healthsocial import clock
from healthsocial.audit.log import Act, action, database_now
from healthsocial.org.enums import AlertKind
from healthsocial.org.models import Channel
from healthsocial.org.queries import organisation
from posts import canonical, guards
from posts.actions import deliveries
from posts.actions.check import hold_by_system
from posts.actions.move import SYSTEM, lock_post, relied_on
from posts.actions.system_takedown import raise_alert, request_wanted_takedown
from posts.enums import DeliveryState, State, Transition
from posts.models import Delivery, Post
from posts.networks import adapter_for
from posts.networks.base import Order, Permanent, Receipt, Retryable, Unknown, id_for_record

logger = logging.getLogger(__name__)
D = DeliveryState
WAIT_SECONDS = 10
BACK_OFF_SECONDS = (10, 30, 120, 300, 600)


@dataclass(frozen=True)
class Claim:
    """A delivery this process holds; `fence` is the attempt number under which alone it may write."""

    delivery: UUID
    post: UUID
    channel: Channel
    fence: int


def deliver(delivery_id: UUID) -> str:
    """Carry one delivery as far as it goes now. Returns its state, or `not_ours`."""
    claim = claim_delivery(delivery_id)
    if claim is None:
        return "not_ours"
    order = begin_sending(claim)
    if order is None:
        return "stopped"
    return record_outcome(claim, _call(claim, order))


def claim_delivery(delivery_id: UUID) -> Claim | None:
    """`due -> claimed` by conditional UPDATE. A lease, not an act: it is recorded with the intent it leads to."""
    with transaction.atomic():
        # A worker whose clock runs ahead of the database's must not publish early (a second is let pass: SQLite
        # counts in milliseconds).
        now = min(clock.now(), database_now() + clock.offset() + timedelta(seconds=1))
        taken = Delivery.objects.filter(pk=delivery_id, state=D.DUE, next_attempt_at__lte=now).update(
            state=D.CLAIMED,
            attempt=F("attempt") + 1,
            lease_until=datetime.now(UTC) + timedelta(seconds=settings.LEASE_SECONDS),
        )
        if taken != 1:
            return None
        row = Delivery.objects.select_related("channel__group").get(pk=delivery_id)
        return Claim(row.pk, row.post_id, row.channel, row.attempt)


def begin_sending(claim: Claim) -> Order | None:
    """Recheck every guard under the post's lock and commit `sending`; None when it must not leave now."""
    with action("delivery.sending", actor=SYSTEM, target=("post", str(claim.post))) as act:
        coverage.lock(relied_on(claim.post))
        post = lock_post(claim.post)
        delivery = Delivery.objects.select_related("channel__group").get(pk=claim.delivery)
        if delivery.state != D.CLAIMED or delivery.attempt != claim.fence:
            act.nothing_changed()
            return None
        if post.state not in (State.SCHEDULED, State.PUBLISHING) or delivery.version_id != post.current_version_id:
            _cancel(act, claim, "not_scheduled")
            return None
        if str(delivery.channel_id) not in canonical.read(delivery.version)["channels"]:
            _cancel(act, claim, "channel_not_approved")
            return None
        ready = guards.may_leave(post, delivery, delivery.channel, organisation(), now=clock.now())
        if ready.reasons:
            _stop(act, claim, post, ready)
            return None
        if post.state == State.SCHEDULED:
            post.start_publishing()
            post.changed_at = clock.now()
            post.save()
            act.record(
                f"post.{Transition.START_PUBLISHING.value}",
                data={"version": str(post.current_version_id), "state": post.state},
            )
        intent = _mine(claim, D.CLAIMED).update(
            state=D.SENDING, lease_until=datetime.now(UTC) + timedelta(seconds=settings.LEASE_SECONDS)
        )
        if intent != 1:
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
            next_attempt_at=clock.now() + timedelta(seconds=WAIT_SECONDS),
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


def _call(claim: Claim, order: Order) -> Receipt | Permanent | Retryable | Unknown:
    """The irreversible call, outside any transaction. Whatever is not proof of refusal is Unknown."""
    try:
        return adapter_for(claim.channel.network).send(order)
    except (Permanent, Retryable, Unknown) as outcome:
        return outcome
    except Exception as error:  # noqa: BLE001  an unexpected answer must never lead to a second try
        logger.error("delivery %s: %s from the network", claim.delivery, type(error).__name__)
        return Unknown(type(error).__name__)


def record_outcome(claim: Claim, outcome: Receipt | Permanent | Retryable | Unknown, *, how: str = "answer") -> str:
    """Write what the network said, under the fence; a late answer of a lost lease changes nothing."""
    with action("delivery.recorded", actor=SYSTEM, target=("post", str(claim.post))) as act:
        post = lock_post(claim.post)
        values = _values(claim, outcome, Delivery.objects.get(pk=claim.delivery))
        taken = _mine(claim, D.SENDING).update(lease_until=None, **values)
        if taken != 1:
            act.record(
                "delivery.late_answer",
                data={"delivery": str(claim.delivery), "attempt": claim.fence, "outcome": type(outcome).__name__},
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
        _alert(claim, state, str(values.get("error_code", "")))
        _takedown_if_wanted(act, post, claim)
        deliveries.conclude(act, post)
        request_wanted_takedown(act, post)
        return state


def _values(claim: Claim, outcome: Receipt | Permanent | Retryable | Unknown, row: Delivery) -> dict[str, object]:
    now = clock.now()
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
    kinds = {D.UNCONFIRMED.value: AlertKind.UNCONFIRMED, D.FAILED.value: AlertKind.DELIVERY_FAILED}
    if state in kinds:
        raise_alert(kinds[state], "delivery", str(claim.delivery), code)


def _takedown_if_wanted(act: Act, post: Post, claim: Claim) -> None:
    """Something wanted it cancelled while it was leaving: it left, so it must come down again."""
    row = Delivery.objects.get(pk=claim.delivery)
    if row.state == D.SENT and row.removal_wanted_at is not None:
        raise_alert(AlertKind.TAKEDOWN, "post", str(post.pk), "left_while_stopped")
        act.record("delivery.takedown_task", data={"delivery": str(row.pk)})
