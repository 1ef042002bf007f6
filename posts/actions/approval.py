"""Standing and fallen approvals: signing, voiding. Called inside the action that moves the post."""

from datetime import datetime

from healthsocial import crypto
from healthsocial.audit.log import Act, stamp
from posts.models import Approval, Post


def signature_of(*, post: str, seal: str, by: str, name: str, meaning: str, at: datetime) -> str:
    """Ties signer, name, time and meaning to one seal of one post: moved to another row it does not verify (21 CFR 11.70)."""
    return crypto.mac("approval", post, seal, by, name, meaning, stamp(at))


def signature_holds(approval: Approval) -> bool:
    return approval.signature == signature_of(
        post=str(approval.post_id),
        seal=approval.seal,
        by=str(approval.by_id),
        name=approval.by_name,
        meaning=approval.meaning,
        at=approval.at,
    )


def void(act: Act, post: Post, why: str, at: datetime) -> None:
    """Void the standing approval, if any. The row stays as history."""
    if post.approval_id is None:
        return
    Approval.objects.filter(pk=post.approval_id, voided_at__isnull=True).update(voided_at=at, voided_why=why[:60])
    act.record("approval.voided", target=("post", str(post.pk)), data={"approval": str(post.approval_id), "why": why})
    post.approval = None


def clear_slot(post: Post) -> None:
    """Take the post off the calendar; the time it had stays as the proposed one."""
    if post.slot_at is not None:
        post.proposed_at, post.proposed_zone, post.proposed_wall = post.slot_at, post.slot_zone, post.slot_wall
    post.slot_at, post.slot_zone, post.slot_wall = None, "", ""
    post.due_at = post.proposed_at
