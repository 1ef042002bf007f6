"""The ends: discard a draft, close a finished post."""

from uuid import UUID

from compliance.actions.runs import supersede_open_runs
from healthsocial.org.models import User
from posts import guards
from posts.actions.move import moving
from posts.actions.system_takedown import close_alerts
from posts.enums import Transition
from posts.models import Post


def discard(post_id: UUID, *, by: User) -> Post:
    """draft|changes_requested -> archived, when nothing of it ever went out. A copy can be made."""
    with moving(Transition.DISCARD, post_id, by=by) as move:
        move.must(guards.nothing_sent(move.post))
        supersede_open_runs(post_id)
        move.post.discard()
        close_alerts(move.post)
        move.done(Transition.DISCARD)
        return move.post


def archive(post_id: UUID, *, by: User) -> Post:
    """published|withdrawn|rejected -> archived. What is public stays public."""
    with moving(Transition.ARCHIVE, post_id, by=by) as move:
        move.post.archive()
        close_alerts(move.post)
        move.done(Transition.ARCHIVE)
        return move.post
