"""An officer signs exactly one version (laws 1 and 2)."""

import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from compliance import checking
from compliance import queries as checks
from compliance.models import CheckRun
from healthsocial.audit.log import Reason, Refused, action
from healthsocial.audit.models import Event
from healthsocial.org import permissions as org_permissions
from healthsocial.org import queries as org
from healthsocial.org.models import Channel, User
from posts import canonical, guards, permissions
from posts.actions.decide import same_version
from posts.actions.move import Move, moving
from posts.actions.schedule import schedule
from posts.enums import Transition
from posts.models import Approval, Post
from posts.signing import signature_of
from posts.slots import Slot

MEANING = "I have reviewed this version and approve it for publication."
ATTEMPTS = 5
WINDOW = timedelta(minutes=15)


def check_signature(by: User, password: str, post_id: UUID) -> None:
    """The password again, before the post is locked (hashing is slow). Five wrong ones pause signing for 15 minutes.

    The person's own row is locked meanwhile, so that tries sent side by side are counted one after the other.
    """
    with transaction.atomic():
        refusal = _wrong_signature(User.objects.select_for_update(no_key=True).get(pk=by.pk), password)
        if refusal is not None:
            # Recorded under the lock: the next try counts it. Raised after it, or the record would be rolled back.
            with (
                contextlib.suppress(Refused),
                action("post.approve", actor=org.actor(by), target=("post", str(post_id))),
            ):
                raise refusal
    if refusal is not None:
        raise refusal


def _wrong_signature(by: User, password: str) -> Refused | None:
    """`by` was read just now, under the lock."""
    since = datetime.now(UTC) - WINDOW
    wrong = Event.objects.filter(
        actor_id=str(by.pk), verb="post.approve.refused", at__gte=since, body__contains="signature_wrong"
    ).count()
    if wrong >= ATTEMPTS:
        return Refused(
            Reason("signature_paused", _("Too many wrong passwords. Signing is paused for 15 minutes.")), status=429
        )
    if not by.check_password(password):
        return Refused(Reason("signature_wrong", _("The password is not right. Nothing was approved.")))
    return None


def approve(
    post_id: UUID,
    *,
    by: User,
    version_id: UUID,
    password: str,
    check_id: UUID | None = None,
    slot: Slot | None = None,
    publish_now: bool = False,
) -> Post:
    """Approve the version on screen; with `slot` also schedule it, with `publish_now` for this minute.

    Raises Refused with everything that stands in the way; nothing is half done.
    """
    check_signature(by, password, post_id)
    with moving(Transition.APPROVE, post_id, by=by, with_authorizations=True) as move:
        same_version(move, version_id, check_id)
        run = checks.newest_complete_run(move.version.pk)
        move.must(_stands_in_the_way(move.post, run, move.now, move.channels))
        _sign(move, run, by)
        move.post.approve()
        move.post.reason_code, move.post.reason_words = "", ""
        move.done(Transition.APPROVE, approval=str(move.post.approval_id), seal=move.version.seal)
        if slot is not None or publish_now:
            return schedule(post_id, by=by, slot=slot, publish_now=publish_now)
        return move.post


def blockers(post: Post, at: datetime) -> list[Reason]:
    """Everything but the person's role that stops an approval of the current version."""
    if post.current_version is None:
        return [Reason("no_version", _("Nothing has been submitted yet."))]
    return _stands_in_the_way(post, checks.newest_complete_run(post.current_version.pk), at)


def _stands_in_the_way(
    post: Post, run: CheckRun | None, at: datetime, channels: Sequence[Channel] | None = None
) -> list[Reason]:
    assert post.current_version is not None
    form = canonical.read(post.current_version)
    found = guards.check_is_current(run)
    if run is not None:
        found += guards.findings_answered(run, form, at, barred=permissions.barred_from_approving(post))
    found += guards.copy_is_version(post, channels)
    return found + guards.persons_covered(form, at, moment=_("now"))


def _sign(move: Move, run: CheckRun | None, by: User) -> None:
    """`run` is the check that the guards looked at, and no other."""
    assert run is not None
    now = checking.active()
    channels = move.channels
    approval = Approval(
        post=move.post,
        version=move.version,
        seal=canonical.seal_of(move.version.canonical),
        by=by,
        by_name=by.name,
        by_role=org_permissions.role_used(move.user or by, "posts.approve", channels),
        meaning=MEANING,
        at=move.now,
        epoch=move.post.epoch,
        check_run=run.pk,
        packs_digest=now.packs,
        engine_digest=now.engine,
        directory_digest=now.directory,
        window_from=move.now,
        window_until=move.now + timedelta(days=move.organisation.approved_window_days),
    )
    approval.signature = signature_of(approval)
    approval.save(force_insert=True)
    move.post.approval = approval
