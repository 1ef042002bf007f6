"""Who may do which transition: role on every channel, and separation of duties. Pure reads; actions call them."""

from collections.abc import Sequence
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from healthsocial.audit.log import Reason
from healthsocial.org.models import Channel, User
from posts.enums import Transition
from posts.models import Post, PostEditor

T = Transition

# Transition -> permissions of which one must be held on every channel. Absent: the system only.
NEEDED: dict[Transition, tuple[str, ...]] = {
    T.SUBMIT: ("posts.write",),
    T.RECHECK: ("posts.review",),
    T.REQUEST_CHANGES: ("posts.review",),
    T.REJECT: ("posts.review",),
    T.APPROVE: ("posts.approve",),
    T.SCHEDULE: ("posts.schedule",),
    T.UNSCHEDULE: ("posts.schedule",),
    T.RESLOT: ("posts.schedule",),
    T.PULL_BACK: ("posts.write", "posts.review"),
    T.HOLD: ("posts.hold",),
    T.RELEASE: ("posts.review",),
    T.RETRY: ("posts.settle",),
    T.SETTLE: ("posts.settle",),
    T.REQUEST_TAKEDOWN: ("posts.takedown",),
    T.CANCEL_TAKEDOWN: ("posts.settle",),
    T.CONFIRM_TAKEDOWN: ("posts.settle",),
    T.DISCARD: ("posts.write",),
    T.ARCHIVE: ("posts.review",),
}
SYSTEM_ONLY = frozenset(T) - frozenset(NEEDED)
# What the system itself may do beside SYSTEM_ONLY (design, section 3, column "who").
SYSTEM_TOO = frozenset({T.RECHECK, T.HOLD, T.REQUEST_TAKEDOWN, T.PULL_BACK})

WHO: dict[str, str | Promise] = {
    "posts.write": gettext_lazy("an author on every channel of the post"),
    "posts.review": gettext_lazy("a compliance officer for every channel of the post"),
    "posts.approve": gettext_lazy("a compliance officer for every channel of the post"),
    "posts.schedule": gettext_lazy("a scheduler or compliance officer for every channel of the post"),
    "posts.hold": gettext_lazy("a compliance or privacy officer for every channel of the post"),
    "posts.settle": gettext_lazy("a compliance officer for every channel of the post"),
    "posts.takedown": gettext_lazy("a compliance or privacy officer for every channel of the post"),
    "posts.redact": gettext_lazy("a privacy officer for every channel of the post"),
}


def denied(user: User, transition: Transition, post: Post, channels: Sequence[Channel]) -> Reason | None:
    """Why this person may not do this transition on this post; None when they may."""
    if transition in SYSTEM_ONLY:
        return Reason("system_only", _("Only the system does this."))
    needed = NEEDED[transition]
    if transition in (T.SUBMIT, T.DISCARD) and not channels and post.creator_id == user.pk and user.is_active:
        return None  # a draft that has no channel yet belongs to whoever began it; its guard asks for a channel
    if not any(user.has_perm(permission, channels) for permission in needed):
        return role_missing(needed[0])
    if transition == T.APPROVE:
        return own_work(user, post)
    return None


def role_missing(permission: str) -> Reason:
    return Reason("role_missing", _("You do not hold the role for this on every channel of the post."), WHO[permission])


def own_work(user: User, post: Post) -> Reason | None:
    """Law 2: nobody approves what they began or edited."""
    if post.creator_id == user.pk:
        return Reason(
            "own_post", _("You began this post, so somebody else must approve it."), _("another compliance officer")
        )
    if PostEditor.objects.filter(post=post, user=user, epoch__in=epochs_of(post)).exists():
        return Reason(
            "own_edit", _("You edited this version, so somebody else must approve it."), _("another compliance officer")
        )
    return None


def epochs_of(post: Post) -> set[int]:
    """The epochs whose editors count: the present one, and the one in which the version's words were first frozen."""
    version = post.current_version
    return {post.epoch} | ({version.epoch} if version is not None else set())


def barred_from_approving(post: Post) -> frozenset[UUID]:
    """Everyone who began or edited what is to be approved; their word as officers does not count either."""
    editors = PostEditor.objects.filter(post=post, epoch__in=epochs_of(post)).values_list("user_id", flat=True)
    return frozenset({post.creator_id, *editors})


def may_write(user: User, post: Post, channels: Sequence[Channel]) -> bool:
    """May change the working copy: author on every channel, or its creator while it has none."""
    if not channels:
        return post.creator_id == user.pk and user.is_active
    return user.has_perm("posts.write", channels)


def may_see_text(user: User, post: Post, channels: Sequence[Channel]) -> bool:
    """May read the words: a role on one of the post's channels, or its creator as long as they are active."""
    if post.creator_id == user.pk and user.is_active:
        return True
    return any(user.has_perm("posts.see_text", channel) for channel in channels)
