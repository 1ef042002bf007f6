"""A post for a page: hidden and absent ones answer alike."""

from uuid import UUID

from django.http import Http404, HttpRequest

from healthsocial.org.models import User
from healthsocial.org.views.helpers import viewer
from posts.models import Delivery, Post
from posts.presenting import reading
from posts.queries import Seen, get_post_for


def access_post(request: HttpRequest, pk: UUID) -> Seen:
    """The post with what this person may see of it; 404 otherwise."""
    try:
        return get_post_for(viewer(request), pk)
    except Post.DoesNotExist as absent:
        raise Http404 from absent


def access_text(request: HttpRequest, pk: UUID) -> Seen:
    """The post, for pages that show its words; 404 for those who may see titles only."""
    seen = access_post(request, pk)
    if not seen.text:
        raise Http404
    return seen


def viewer_once(request: HttpRequest) -> User:
    """`reading` of the viewer, kept on the request: a page asks for it in many places."""
    found: User | None = getattr(request, "_reader", None)
    if found is None:
        found = reading(viewer(request))
        request._reader = found  # type: ignore[attr-defined]
    return found


def access_delivery(request: HttpRequest, pk: UUID) -> Delivery:
    """A delivery of a post whose words this person may read."""
    delivery = Delivery.objects.filter(pk=pk).first()
    if delivery is None:
        raise Http404
    access_text(request, delivery.post_id)
    return delivery
