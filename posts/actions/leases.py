"""What a dead process left behind: leases that ran out, slots that passed, removals that are due."""

from uuid import UUID

from django.conf import settings

from healthsocial import clock
from healthsocial.audit.log import action, database_now
from healthsocial.org.enums import AlertKind
from healthsocial.org.models import Alert
from healthsocial.org.queries import organisation
from posts import due, guards
from posts.actions import deliveries
from posts.actions.deliver import Claim, keep_outcome
from posts.actions.move import SYSTEM, lock_post
from posts.actions.system_takedown import close_alert, raise_alert, request_wanted_takedown
from posts.enums import DeliveryState, State
from posts.models import Delivery, Post
from posts.networks import adapter_for
from posts.networks.base import Receipt, Unknown
from posts.networks.call import within

D = DeliveryState


def return_lost_claim(delivery_id: UUID) -> bool:
    """`claimed` with a dead lease never reached its intent, so it is safe to take again, unless it is too late.

    The lateness is asked here too: a row at which every worker dies or fails would be taken up again for ever.
    """
    row = Delivery.objects.select_related("channel").get(pk=delivery_id)
    with action("delivery.lease_lost", actor=SYSTEM, target=("post", str(row.post_id))) as act:
        post = lock_post(row.post_id)
        late = guards.too_late(row, row.channel, organisation(), now=due.now())
        values = {"state": D.CANCELLED.value, "error_code": "too_late"} if late else {"state": D.DUE.value}
        changed = Delivery.objects.filter(
            pk=delivery_id, state=D.CLAIMED, attempt=row.attempt, lease_until__lt=database_now()
        ).update(lease_until=None, woken_at=None, **values)
        if changed != 1:
            act.nothing_changed()
            return False
        act.record(
            "delivery.lease_lost",
            data={"delivery": str(delivery_id), "attempt": row.attempt, "state": values["state"]},
        )
        if late:
            deliveries.conclude(act, post)
        return True


def settle_lost_sending(delivery_id: UUID, *, read_back: bool = True) -> str:
    """`sending` with a dead lease may have arrived: read back, else `unconfirmed`. Never blindly sent again (law 7).

    Without `read_back` (a network keeps everybody waiting) it is `unconfirmed` at once, and a person looks.
    """
    row = Delivery.objects.select_related("channel__group").get(pk=delivery_id)
    if row.state != D.SENDING or row.lease_until is None or row.lease_until >= database_now():
        return "not_ours"
    claim = Claim(row.pk, row.post_id, row.channel, row.attempt)
    if not read_back:
        return keep_outcome(claim, Unknown("not_read_back"), how="read_back")
    found: Receipt | None
    try:
        network = adapter_for(row.channel.network)
        found = within(settings.READ_BACK_SECONDS, lambda: network.find(row.channel_id, row.idempotency_key))
    except Exception as error:  # noqa: BLE001  a read-back that fails says nothing about the post
        return keep_outcome(claim, Unknown(f"read_back_failed:{type(error).__name__}"), how="read_back")
    if found is not None:
        return keep_outcome(claim, found, how="read_back")
    # Absent now, but a slow network may still accept it: only a person may say that it never arrived.
    return keep_outcome(claim, Unknown("not_found_on_read_back"), how="read_back")


def miss_if_passed(post_id: UUID) -> bool:
    """A scheduled post whose time came with nothing left to send becomes `missed`."""
    with action("post.miss", actor=SYSTEM, target=("post", str(post_id))) as act:
        post = lock_post(post_id)
        before = post.state
        if before == State.SCHEDULED and (post.slot_at is None or post.slot_at > due.now()):
            act.nothing_changed()
            return False
        deliveries.conclude(act, post)
        if post.state == before:
            act.nothing_changed()
            return False
        request_wanted_takedown(act, post)
        return True


def remove_delivery(delivery_id: UUID) -> bool:
    """Take a sent delivery down at its network, with the network's word as proof. Safe to repeat."""
    row = Delivery.objects.select_related("channel", "post").get(pk=delivery_id)
    if row.state != D.SENT or row.removal_wanted_at is None or row.post.state != State.TAKEDOWN_REQUESTED:
        return False
    if not _begin_removal(row):
        return False
    network = adapter_for(row.channel.network)
    proof = within(settings.NETWORK_TIMEOUT_SECONDS, lambda: network.remove(row.channel_id, row.idempotency_key))
    with action("delivery.removed", actor=SYSTEM, target=("post", str(row.post_id))) as act:
        lock_post(row.post_id)
        changed = Delivery.objects.filter(pk=delivery_id, state=D.SENT).update(
            state=D.REMOVED, removed_at=clock.now(), proof=proof[:300]
        )
        if changed != 1:
            act.nothing_changed()
            return False
        act.record("delivery.removed", data={"delivery": str(delivery_id), "how": "network"})
        close_alert(AlertKind.DELIVERY_FAILED, str(delivery_id))
        return True


def _begin_removal(row: Delivery) -> bool:
    """Commit the intent before the call: from here on the takedown cannot be called off."""
    with action("delivery.removing", actor=SYSTEM, target=("post", str(row.post_id))) as act:
        post = lock_post(row.post_id)
        mine = Delivery.objects.filter(pk=row.pk, state=D.SENT, removal_wanted_at__isnull=False)
        if post.state != State.TAKEDOWN_REQUESTED or not mine.exists():
            act.nothing_changed()
            return False
        if not mine.filter(removal_started_at__isnull=True).update(removal_started_at=clock.now()):
            act.nothing_changed()  # begun before, by a process that died
            return True
        act.record("delivery.removing", data={"delivery": str(row.pk), "channel": str(row.channel_id)})
        return True


def posts_past_their_slot() -> list[UUID]:
    """Scheduled or publishing posts with nothing on its way, whose time has come."""
    live = Delivery.objects.filter(state__in=deliveries.LIVE).values("post")
    return list(
        Post.objects.filter(state__in=(State.SCHEDULED, State.PUBLISHING), slot_at__lte=due.now())
        .exclude(pk__in=live)
        .order_by("slot_at")
        .values_list("pk", flat=True)[:200]
    )


def unconfirmed_unseen() -> list[UUID]:
    """Unconfirmed deliveries of unfinished posts without an open alert: raising it failed when they were recorded."""
    doubtful = Delivery.objects.filter(state=D.UNCONFIRMED, post__state__in=(State.PUBLISHING, State.INCOMPLETE))
    alerted = set(
        Alert.objects.filter(kind=AlertKind.UNCONFIRMED, resolved_at=None).values_list("target_id", flat=True)
    )
    return [pk for pk in doubtful.values_list("pk", flat=True) if str(pk) not in alerted]


def alert_unconfirmed(delivery_id: UUID) -> bool:
    """Nobody may be left not knowing: make up for the alert."""
    row = Delivery.objects.get(pk=delivery_id)
    with action("delivery.alerted", actor=SYSTEM, target=("post", str(row.post_id))) as act:
        lock_post(row.post_id)
        if not Delivery.objects.filter(pk=delivery_id, state=D.UNCONFIRMED).exists():
            act.nothing_changed()
            return False
        raise_alert(AlertKind.UNCONFIRMED, "delivery", str(delivery_id), row.error_code)
        act.record("delivery.alerted", data={"delivery": str(delivery_id)})
        return True
