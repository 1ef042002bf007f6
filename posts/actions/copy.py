"""Start from an existing post: copy to a new draft, or correct something published."""

from uuid import UUID

from django.utils.translation import gettext as _

from healthsocial.audit.log import Denied, Reason, action
from healthsocial.org import queries as org
from healthsocial.org.models import User
from posts import permissions
from posts.actions.edit import Content, create_post
from posts.models import Post


def content_of(post: Post) -> Content:
    """The working copy of a post as a save would send it, without its times."""
    copy = post.working_copy
    return Content(
        text=copy.text,
        channels=tuple(post.channels.order_by("pk").values_list("pk", flat=True)),
        channel_texts=dict(copy.channel_texts),
        first_comment=copy.first_comment,
        links=tuple(copy.links),
        kind=post.kind,
        person_answer=copy.person_answer,
        person_answer_explicit=copy.person_answer_explicit,
        persons=tuple(copy.persons),
        authorizations=tuple(copy.authorizations),
        title=post.title,
        notes=post.notes,
        tags=tuple(post.tags),
    )


def copy_post(post: Post, *, by: User, correction: bool = False, new: UUID | None = None) -> Post:
    """A new draft with the same words; the copier must be allowed to read them and to write on its channels."""
    with action("post.created", actor=org.actor(by), target=("post", str(post.pk))):
        user = org.fresh(by)
        channels = list(post.channels.select_related("group").order_by("pk"))
        if not permissions.may_see_text(user, post, channels):
            raise Denied(Reason("role_missing", _("You may not read this post.")))
        writable = tuple(channel.pk for channel in channels if user.has_perm("posts.write", channel))
        old = content_of(post)
        title = (_("Correction: %(title)s") if correction else _("Copy of %(title)s")) % {"title": post.title}
        content = Content(**{**old.__dict__, "channels": writable, "title": title[:160]})
        return create_post(
            by=user, content=content, corrects=post if correction else None, copied_from=post.pk, new=new
        )
