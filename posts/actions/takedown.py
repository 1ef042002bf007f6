"""Take a published post down: asked for with a reason, done per channel with proof, confirmed by an officer."""

from datetime import UTC, datetime
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from healthsocial import clock
from healthsocial.audit.log import Actor, Reason, Refused, action
from healthsocial.org import queries as org
from healthsocial.org.enums import AlertKind
from healthsocial.org.models import User
from posts import canonical, guards
from posts.actions.move import authorise, lock_post, moving
from posts.actions.settle import settle_blockers
from posts.actions.system_takedown import close_alert, raise_alert
from posts.enums import DeliveryState, State, Transition
from posts.models import Delivery, Post

D = DeliveryState


def request_takedown(post_id: UUID, *, by: User | Actor, words: str, code: str = "asked_by_person") -> Post:
    """published|incomplete|archived -> takedown_requested; removal starts at once where the network allows it."""
    with moving(Transition.REQUEST_TAKEDOWN, post_id, by=by) as move:
        move.must(request_blockers(move.post))
        if len(words.strip()) < 10:
            move.must([Reason("words_missing", _("Say why, in a sentence of at least ten characters."))])
        move.post.deliveries.filter(state=D.SENT).update(removal_wanted_at=datetime.now(UTC))
        move.post.request_takedown()
        move.post.reason_code, move.post.reason_words = code, words.strip()
        raise_alert(AlertKind.TAKEDOWN, "post", str(post_id), code)
        move.done(Transition.REQUEST_TAKEDOWN, why=code)
        return move.post


def cancel_takedown(post_id: UUID, *, by: User) -> Post:
    """takedown_requested -> published, while nothing is being removed and everyone in it is covered."""
    with moving(Transition.CANCEL_TAKEDOWN, post_id, by=by, with_authorizations=True) as move:
        move.must(cancel_blockers(move.post, move.now))
        move.post.deliveries.filter(state=D.SENT).update(removal_wanted_at=None)
        move.post.cancel_takedown()
        move.post.reason_code, move.post.reason_words = "", ""
        close_alert(AlertKind.TAKEDOWN, str(post_id))
        move.done(Transition.CANCEL_TAKEDOWN)
        return move.post


def confirm_takedown(post_id: UUID, *, by: User) -> Post:
    """takedown_requested -> withdrawn: every delivery is removed, with proof, and none is unconfirmed."""
    with moving(Transition.CONFIRM_TAKEDOWN, post_id, by=by) as move:
        move.must(confirm_blockers(move.post))
        move.post.confirm_takedown()
        close_alert(AlertKind.TAKEDOWN, str(post_id))
        move.done(Transition.CONFIRM_TAKEDOWN)
        return move.post


def request_blockers(post: Post) -> list[Reason]:
    """Only what is, or may be, public can be taken down."""
    if post.deliveries.filter(state__in=(D.SENT, D.UNCONFIRMED)).exists():
        return []
    return [Reason("nothing_sent", _("Nothing of this post is public."))]


def cancel_blockers(post: Post, now: datetime) -> list[Reason]:
    """A takedown that has begun cannot be called off; and what comes back must be settled and still be allowed."""
    if post.deliveries.filter(Q(state=D.REMOVED) | Q(removal_started_at__isnull=False)).exists():
        return [
            Reason("already_removed", _("A channel has removed the post already, or is removing it."), guards.OFFICER)
        ]
    found = settle_blockers(post)
    if post.current_version is not None:
        found += guards.persons_covered(canonical.read(post.current_version), now, moment=_("now"))
    return found


def confirm_blockers(post: Post) -> list[Reason]:
    """Every channel where it is not proven to be down."""
    left = post.deliveries.filter(state__in=(D.SENT, D.UNCONFIRMED, D.SENDING)).select_related("channel")
    return [
        Reason(
            "still_public",
            _("%(channel)s: not proven to be down yet.") % {"channel": delivery.channel.name},
            guards.OFFICER,
        )
        for delivery in left
    ]


def prove_removal(delivery_id: UUID, *, by: User, proof: str) -> Delivery:
    """A person removed it by hand and says what they saw: sent -> removed."""
    post_id = Delivery.objects.values_list("post_id", flat=True).get(pk=delivery_id)
    with action("delivery.removed", actor=org.actor(by), target=("post", str(post_id))) as act:
        post = lock_post(post_id)
        user = org.fresh(by)
        authorise(act, user, "posts.settle", list(post.channels.all()))
        if post.state != State.TAKEDOWN_REQUESTED:
            raise Refused(Reason("wrong_state", _("Ask for the takedown first.")))
        if len(proof.strip()) < 10:
            raise Refused(
                Reason("proof_missing", _("Say what you saw on the channel, in a sentence of at least ten characters."))
            )
        changed = Delivery.objects.filter(pk=delivery_id, state=D.SENT).update(
            state=D.REMOVED, removed_at=clock.now(), proof=proof.strip()[:300]
        )
        if changed != 1:
            raise Refused(Reason("wrong_state", _("This delivery is not public.")))
        act.record("delivery.removed", data={"delivery": str(delivery_id), "how": "by_hand"})
        return Delivery.objects.get(pk=delivery_id)
