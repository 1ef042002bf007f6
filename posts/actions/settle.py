"""After an incomplete publication: say what happened to a channel, try the failed ones again, or settle."""

from datetime import UTC, datetime
from uuid import UUID

from django.utils.translation import gettext as _

from healthsocial import clock
from healthsocial.audit.log import Act, Reason, Refused, action
from healthsocial.org import queries as org
from healthsocial.org.enums import AlertKind
from healthsocial.org.models import Organisation, User
from posts import guards
from posts.actions import deliveries
from posts.actions.move import authorise, lock_post, moving
from posts.actions.system_takedown import close_alert, close_alerts, request_wanted_takedown
from posts.enums import DeliveryState, State, Transition
from posts.models import Delivery, Post
from posts.models.delivery import WAITING


def resolve_unconfirmed(delivery_id: UUID, *, by: User, arrived: bool, proof: str, remote_url: str = "") -> Delivery:
    """A person looked at the channel: unconfirmed -> sent or failed, with what they saw as proof."""
    post_id = Delivery.objects.values_list("post_id", flat=True).get(pk=delivery_id)
    with action("delivery.resolved", actor=org.actor(by), target=("post", str(post_id))) as act:
        post = lock_post(post_id)
        user = org.fresh(by)
        authorise(act, user, "posts.settle", list(post.channels.all()))
        if len(proof.strip()) < 10:
            raise Refused(
                Reason("proof_missing", _("Say what you saw on the channel, in a sentence of at least ten characters."))
            )
        now = clock.now()
        changed = Delivery.objects.filter(pk=delivery_id, state=DeliveryState.UNCONFIRMED).update(
            state=DeliveryState.SENT if arrived else DeliveryState.FAILED,
            sent_at=now if arrived else None,
            proof=proof.strip()[:300],
            remote_url=remote_url[:500],
            removal_wanted_at=_wish(post, delivery_id) if arrived else None,
        )
        if changed != 1:
            raise Refused(Reason("wrong_state", _("This delivery is settled already.")))
        close_alert(AlertKind.UNCONFIRMED, str(delivery_id))
        act.record("delivery.resolved", data={"delivery": str(delivery_id), "arrived": arrived})
        request_wanted_takedown(act, post)
        _nothing_arrived(act, post)
        return Delivery.objects.get(pk=delivery_id)


def _wish(post: Post, delivery_id: UUID) -> datetime | None:
    """A takedown that was wanted while it was leaving stays wanted; one asked for since is wanted too."""
    if post.state == State.TAKEDOWN_REQUESTED:
        return datetime.now(UTC)
    return Delivery.objects.values_list("removal_wanted_at", flat=True).get(pk=delivery_id)


def _nothing_arrived(act: Act, post: Post) -> None:
    """The last doubt is gone and no channel has the post: it was missed, and can be given a new time or pulled back."""
    states = set(post.deliveries.filter(version=post.current_version_id).values_list("state", flat=True))
    if post.state != State.INCOMPLETE or not states <= {DeliveryState.FAILED, DeliveryState.CANCELLED}:
        return
    post.retry()
    post.save()
    act.record(
        f"post.{Transition.RETRY.value}",
        data={"version": str(post.current_version_id), "state": post.state, "why": "nothing_arrived"},
    )
    deliveries.conclude(act, post)


def retry(post_id: UUID, *, by: User) -> Post:
    """incomplete -> publishing, for deliveries that were proven not accepted; all guards of start_publishing."""
    with moving(Transition.RETRY, post_id, by=by, with_authorizations=True) as move:
        failed = _failed(move.post)
        move.must(retry_blockers(move.post, move.organisation, move.now))
        move.post.retry()
        for delivery in failed:
            Delivery.objects.filter(pk=delivery.pk, state=delivery.state).update(
                state=DeliveryState.DUE,
                due_at=move.now,
                next_attempt_at=move.now,
                error_code="",
                woken_at=None,
                refusals=0,
                removal_wanted_at=None,
            )
            close_alert(AlertKind.DELIVERY_FAILED, str(delivery.pk))
        move.done(Transition.RETRY, deliveries=[str(d.pk) for d in failed])
        return move.post


def retry_blockers(post: Post, organisation: Organisation, now: datetime) -> list[Reason]:
    """Everything but the role that stops a retry of the channels that refused."""
    failed = _failed(post)
    if not failed:
        return [Reason("nothing_failed", _("No channel is known to have refused the post."))]
    found: list[Reason] = []
    for delivery in failed:
        delivery.due_at = now
        ready = guards.may_leave(post, delivery, delivery.channel, organisation, now=now)
        found += [reason for reason in ready.reasons if reason not in found]
    return found


def _failed(post: Post) -> list[Delivery]:
    states = (DeliveryState.FAILED, DeliveryState.CANCELLED)
    return list(
        post.deliveries.filter(version=post.current_version_id, state__in=states).select_related("channel__group")
    )


def settle(post_id: UUID, *, by: User) -> Post:
    """incomplete -> published: at least one sent, none unconfirmed."""
    with moving(Transition.SETTLE, post_id, by=by) as move:
        move.must(settle_blockers(move.post))
        move.post.settle()
        move.post.reason_code = ""
        close_alerts(move.post)
        move.done(Transition.SETTLE)
        return move.post


def settle_blockers(post: Post) -> list[Reason]:
    """Everything but the role that stops a partly published post from being settled."""
    states = list(post.deliveries.filter(version=post.current_version_id).values_list("state", flat=True))
    problems: list[Reason] = []
    if DeliveryState.SENT not in states:
        problems.append(Reason("nothing_sent", _("No channel has the post.")))
    if DeliveryState.UNCONFIRMED in states:
        problems.append(
            Reason(
                "unconfirmed",
                _("It is not known whether every channel has the post. Look, and say what you saw."),
                guards.OFFICER,
            )
        )
    if any(state in WAITING for state in states):
        problems.append(Reason("still_sending", _("The post is still being sent."), _("the system")))
    return problems
