"""Check again what stands, because packs, engine or directory changed, or an officer asks."""

import logging
from uuid import UUID

from django.db import Error as DatabaseError
from django.db import connection

from compliance.actions.runs import open_run
from compliance.enums import RunPurpose
from healthsocial.audit.log import Actor, action
from healthsocial.org.models import User
from posts.actions.check import outdated
from posts.actions.move import SYSTEM, lock_post, moving
from posts.actions.submit import queue_check
from posts.enums import RECHECKED_STATES, State, Transition
from posts.models import Post
from posts.wake import wake_check_on_commit

logger = logging.getLogger(__name__)


def recheck(post_id: UUID, *, by: User | Actor = SYSTEM) -> Post:
    """in_review -> checking with a new run of the same version."""
    with moving(Transition.RECHECK, post_id, by=by) as move:
        move.post.recheck()
        queue_check(move, move.version, RunPurpose.RECHECK)
        move.done(Transition.RECHECK)
        return move.post


def recheck_in_background(post_id: UUID) -> None:
    """A new run for an approved post; its state changes only when the run finds something new."""
    with action("check.queued", actor=SYSTEM, target=("post", str(post_id))) as act:
        post = lock_post(post_id)
        version = post.current_version
        if version is None or post.state not in RECHECKED_STATES or not outdated(post):
            act.nothing_changed()
            return
        entries = len(act.entries)
        run = open_run(
            act, thread=post.pk, version=version.pk, seal=version.seal, purpose=RunPurpose.RECHECK, kind=post.kind
        )
        if len(act.entries) == entries:
            act.nothing_changed()  # it is on its way already
        wake_check_on_commit(run.pk)


def recheck_everything_outdated() -> int:
    """Queue a recheck of every standing post whose check was made with other packs; returns how many.

    A post that moved meanwhile, or whose recheck fails, stops no other; it is looked at again in the next round.
    """
    count = 0
    standing = Post.objects.filter(state__in=RECHECKED_STATES).order_by("pk").values_list("pk", flat=True)
    for post_id in list(standing):
        try:
            count += _recheck_if_outdated(post_id)
        except Exception as error:
            logger.error("recheck of post %s failed: %s", post_id, type(error).__name__)
            if isinstance(error, DatabaseError) and not connection.is_usable():
                raise  # the database is away, for the other posts as well
    return count


def _recheck_if_outdated(post_id: UUID) -> bool:
    post = Post.objects.select_related("current_version").filter(pk=post_id, state__in=RECHECKED_STATES).first()
    if post is None or not outdated(post):
        return False
    if post.state == State.IN_REVIEW:
        recheck(post.pk)
    else:
        recheck_in_background(post.pk)
    return True
