"""Standing and fallen approvals: voiding. Called inside the action that moves the post."""

from datetime import datetime

from healthsocial.audit.log import Act
from posts.models import Approval, Post


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
