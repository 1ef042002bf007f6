"""Stop an approved post for a reason, and let it go back to the checks."""

from uuid import UUID

from django.utils.translation import gettext as _

from healthsocial.audit.log import Reason
from healthsocial.org.enums import AlertKind
from healthsocial.org.models import User
from posts.actions import approval, deliveries
from posts.actions.move import moving
from posts.actions.submit import queue_check
from posts.actions.system_takedown import close_alerts
from posts.enums import Transition
from posts.models import Post


def hold(post_id: UUID, *, by: User, words: str) -> Post:
    """approved|scheduled|missed -> held, with a person's reason. Voids the approval."""
    with moving(Transition.HOLD, post_id, by=by) as move:
        if len(words.strip()) < 10:
            move.must([Reason("words_missing", _("Say why, in a sentence of at least ten characters."))])
        deliveries.cancel(move.act, move.post, "held")
        approval.void(move.act, move.post, "held", move.now)
        approval.clear_slot(move.post)
        move.post.hold()
        close_alerts(move.post, AlertKind.MISSED, AlertKind.DELIVERY_FAILED)
        move.post.reason_code, move.post.reason_words = "held_by_person", words.strip()
        move.done(Transition.HOLD, why="held_by_person")
        return move.post


def release(post_id: UUID, *, by: User) -> Post:
    """held -> checking: the same version is checked and approved anew."""
    with moving(Transition.RELEASE, post_id, by=by) as move:
        move.post.release()
        move.post.reason_code, move.post.reason_words = "", ""
        queue_check(move, move.version)
        move.done(Transition.RELEASE)
        return move.post
