"""The officer's other decisions: ask for changes, reject."""

from uuid import UUID

from django.utils.translation import gettext as _

from compliance.queries import newest_complete_run
from healthsocial.audit.log import Reason, Refused
from healthsocial.org.models import User
from posts.actions.move import Move, moving
from posts.enums import ReviewReason, Transition
from posts.models import Post, ReviewDecision


def request_changes(
    post_id: UUID, *, by: User, version_id: UUID, reason: str, words: str, check_id: UUID | None = None
) -> Post:
    """Send back with a reason and words; the author sees both."""
    with moving(Transition.REQUEST_CHANGES, post_id, by=by) as move:
        same_version(move, version_id, check_id)
        _decide(move, by, reason, words, rejected=False)
        move.post.request_changes()
        move.post.reason_code, move.post.reason_words = reason, words.strip()
        move.done(Transition.REQUEST_CHANGES, why=reason)
        return move.post


def reject(post_id: UUID, *, by: User, version_id: UUID, reason: str, words: str, check_id: UUID | None = None) -> Post:
    """Final. A copy can be made from it."""
    with moving(Transition.REJECT, post_id, by=by) as move:
        same_version(move, version_id, check_id)
        _decide(move, by, reason, words, rejected=True)
        move.post.reject()
        move.post.reason_code, move.post.reason_words = reason, words.strip()
        move.done(Transition.REJECT, why=reason)
        return move.post


def same_version(move: Move, version_id: UUID, check_id: UUID | None = None) -> None:
    """The version on screen is the current one (an old form, another tab, or back button shows another)."""
    newest = newest_complete_run(version_id) if check_id is not None else None
    resubmitted = check_id is not None and (newest is None or newest.pk != check_id)
    if move.post.current_version_id != version_id or resubmitted:
        raise Refused(
            Reason("stale_version", _("The post changed since you opened this page. Read the new version first."))
        )


def _decide(move: Move, by: User, reason: str, words: str, *, rejected: bool) -> None:
    problems: list[Reason] = []
    if reason not in ReviewReason.values:
        problems.append(Reason("reason_missing", _("Choose a reason.")))
    if len(words.strip()) < 10:
        asked = _("Say why it is rejected, in a sentence of at least ten characters.")
        if not rejected:
            asked = _("Say what should change, in a sentence of at least ten characters.")
        problems.append(Reason("words_missing", asked))
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
