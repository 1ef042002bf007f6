"""An authorization ended: hold what stands on it, cancel what has not left, ask for the takedown of what is public (law 7)."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Q

from healthsocial.audit.log import Actor, action
from posts import canonical
from posts.actions import deliveries
from posts.actions.check import hold_by_system
from posts.actions.move import lock_post
from posts.actions.system_takedown import takedown_by_system
from posts.enums import HOLDABLE_STATES, TAKEDOWN_STATES, State
from posts.models import Post

WHY = "authorization_ended"


def authorizations_ended(ids: Sequence[UUID], by: Actor) -> None:
    """Reach every post that relies on one of these, inside the transaction of the revocation."""
    wanted = {str(pk) for pk in ids}
    for post_id in _relying_on(wanted):
        _end(post_id, wanted, by)


def _end(post_id: UUID, wanted: set[str], by: Actor) -> None:
    with action("post.authorization_ended", actor=by, target=("post", str(post_id))) as act:
        post = lock_post(post_id)
        version = post.current_version
        if version is None or not wanted & set(canonical.read(version)["authorizations"]):
            act.nothing_changed()
            return
        act.record("post.authorization_ended", data={"authorizations": sorted(wanted), "state": post.state})
        if post.state in HOLDABLE_STATES:
            hold_by_system(act, post, WHY)
        elif post.state == State.PUBLISHING:
            # What is leaving now gets its takedown when it has left; what has left comes down with the round's end.
            deliveries.cancel(act, post, WHY)
            deliveries.want_removal(post)
            deliveries.conclude(act, post, wanted=WHY)
        takedown_by_system(act, post, WHY)


def _relying_on(wanted: set[str]) -> list[UUID]:
    """Posts whose current version names one of the authorizations, in lock order."""
    condition = Q()
    for pk in wanted:
        condition |= Q(current_version__canonical__contains=pk)
    states = (*HOLDABLE_STATES, State.PUBLISHING, *TAKEDOWN_STATES, State.TAKEDOWN_REQUESTED)
    return list(Post.objects.filter(condition, state__in=states).order_by("pk").values_list("pk", flat=True))
