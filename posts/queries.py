"""Fetch and authorise in one call: the only road from a view to a post."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from healthsocial.org.models import Channel, User
from healthsocial.org.permissions import channels_where
from posts import permissions
from posts.models import Post


@dataclass(frozen=True)
class Seen:
    """A post as one person may see it. Without `text` only title and states may be shown."""

    post: Post
    channels: list[Channel]
    text: bool


def visible_posts(user: User, permission: str = "posts.see_titles") -> QuerySet[Post]:
    """Posts on whose channels the person holds the permission, and those they began."""
    through = Post.channels.through
    allowed = Channel.objects.filter(channels_where(user, permission)).values("pk")
    on_channel = Exists(through.objects.filter(post_id=OuterRef("pk"), channel_id__in=allowed))
    own = Q(creator=user) if user.is_active else Q(pk__in=[])
    return Post.objects.filter(Q(on_channel) | own)


def get_post_for(user: User, post_id: UUID) -> Seen:
    """The post with what this person may see of it. Raises Post.DoesNotExist alike for absent and for hidden ones."""
    queryset = visible_posts(user).select_related("current_version", "approval", "working_copy", "creator")
    post = queryset.get(pk=post_id)
    channels = list(post.channels.select_related("group").order_by("name"))
    return Seen(post, channels, permissions.may_see_text(user, post, channels))
