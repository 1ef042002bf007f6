"""Back to draft: always one step, always safe. Voids the approval and cancels what has not left."""

from uuid import UUID

from compliance.actions.runs import supersede_open_runs
from healthsocial import clock
from healthsocial.audit.log import Act
from healthsocial.org.enums import AlertKind
from healthsocial.org.models import User
from posts.actions import approval, deliveries
from posts.actions.move import moving
from posts.actions.system_takedown import close_alerts
from posts.enums import Transition
from posts.models import Post


def pull_back(post_id: UUID, *, by: User) -> Post:
    with moving(Transition.PULL_BACK, post_id, by=by) as move:
        pull_back_within(move.act, move.post, "pulled_back")
        move.post.changed_at = move.now
        move.post.save()
        return move.post


def pull_back_within(act: Act, post: Post, why: str) -> None:
    """The same inside another action on the locked post (an edit). The caller saves."""
    deliveries.cancel(act, post, why)
    approval.void(act, post, why, clock.now())
    supersede_open_runs(post.pk)
    post.pull_back()
    close_alerts(post, AlertKind.CHECKER_DOWN, AlertKind.MISSED, AlertKind.DELIVERY_FAILED)
    approval.clear_slot(post)
    post.reason_code, post.reason_words = "", ""
    act.record(
        "post.pull_back",
        target=("post", str(post.pk)),
        data={"version": str(post.current_version_id or ""), "state": post.state, "why": why},
    )
