"""The officer's other decisions: ask for changes, reject."""

from uuid import UUID

from django.utils.translation import gettext as _

from healthsocial.audit.log import Reason, Refused
from healthsocial.org.models import User
from posts.actions.move import Move, moving
from posts.enums import ReviewReason, Transition
from posts.models import Post, ReviewDecision


def request_changes(post_id: UUID, *, by: User, version_id: UUID, reason: str, words: str) -> Post:
    """Send back with a reason and words; the author sees both."""
    with moving(Transition.REQUEST_CHANGES, post_id, by=by) as move:
        _decide(move, by, version_id, reason, words, rejected=False)
        move.post.request_changes()
        move.post.reason_code, move.post.reason_words = reason, words.strip()
        move.done(Transition.REQUEST_CHANGES, why=reason)
        return move.post


def reject(post_id: UUID, *, by: User, version_id: UUID, reason: str, words: str) -> Post:
    """Final. A copy can be made from it."""
    with moving(Transition.REJECT, post_id, by=by) as move:
        _decide(move, by, version_id, reason, words, rejected=True)
        move.post.reject()
        move.post.reason_code, move.post.reason_words = reason, words.strip()
        move.done(Transition.REJECT, why=reason)
        return move.post


def same_version(move: Move, version_id: UUID) -> None:
    """The version on screen is the current one (an old form, another tab, or back button shows another)."""
    if move.post.current_version_id != version_id:
        raise Refused(
            Reason("stale_version", _("The post changed since you opened this page. Read the new version first."))
        )


def _decide(move: Move, by: User, version_id: UUID, reason: str, words: str, *, rejected: bool) -> None:
    same_version(move, version_id)
    problems: list[Reason] = []
    if reason not in ReviewReason.values:
        problems.append(Reason("reason_missing", _("Choose a reason.")))
    if len(words.strip()) < 10:
        problems.append(Reason("words_missing", _("Say what should change, in a sentence of at least ten characters.")))
    move.must(problems)
    ReviewDecision.objects.create(
        post=move.post,
        version=move.version,
        rejected=rejected,
        reason=reason,
        words=words.strip(),
        by=by,
        by_name=by.name,
        at=move.now,
    )
