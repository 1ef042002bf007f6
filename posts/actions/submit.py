"""Author sends the working copy to review: it is frozen into a version and a check is queued."""

from uuid import UUID

from django.utils.translation import gettext as _

from compliance.actions.runs import open_run
from compliance.enums import RunPurpose
from healthsocial import clock
from healthsocial.audit.log import Act, Reason, Refused
from healthsocial.org.models import Channel, User
from posts import canonical, guards
from posts.actions.move import Move, moving
from posts.enums import Transition
from posts.models import Post, PostVersion, WorkingCopy
from posts.wake import wake_check_on_commit


def submit(post_id: UUID, *, by: User) -> Post:
    """Freeze (only when the canonical bytes are new), queue the check, move to `checking`."""
    with moving(Transition.SUBMIT, post_id, by=by) as move:
        copy = move.post.working_copy
        move.must(guards.submit(move.post, copy, move.channels))
        version = freeze(move.act, move.post, copy, move.channels, by)
        move.post.current_version = version
        move.post.submit()
        move.post.reason_code, move.post.reason_words = "", ""
        queue_check(move, version)
        move.done(Transition.SUBMIT, seal=version.seal, number=version.number)
        return move.post


def freeze(act: Act, post: Post, copy: WorkingCopy, channels: list[Channel], by: User) -> PostVersion:
    """The version of these canonical bytes: an earlier one when nothing is new."""
    form = canonical.canonical_form(copy, kind=post.kind, channels=[c.pk for c in channels])
    seal = canonical.seal_of(form)
    known = PostVersion.objects.filter(post=post, seal=seal).first()
    if known is not None and known.redacted_at is not None:
        words = _("These very words were redacted from version %(number)d. Write them differently.")
        raise Refused(Reason("redacted_words", words % {"number": known.number}, guards.AUTHOR))
    if known is not None:
        return known
    newest = PostVersion.objects.filter(post=post).order_by("-number").first()
    version = PostVersion.objects.create(
        post=post,
        number=(newest.number + 1) if newest else 1,
        canonical=form,
        seal=seal,
        epoch=post.epoch,
        created_by=by,
        created_at=clock.now(),
    )
    act.record(
        "version.frozen",
        target=("post", str(post.pk)),
        data={"version": str(version.pk), "number": version.number, "seal": seal},
    )
    return version


def queue_check(move: Move, version: PostVersion, purpose: RunPurpose = RunPurpose.SUBMIT) -> None:
    run = open_run(
        move.act, thread=move.post.pk, version=version.pk, seal=version.seal, purpose=purpose, kind=move.post.kind
    )
    wake_check_on_commit(run.pk)
