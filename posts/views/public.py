"""The built-in public pages and feeds: for everybody, without cookies, cacheable. Only what the `local` network published."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.contrib.syndication.views import Feed
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import escape, linebreaks
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from healthsocial.org.enums import Network
from healthsocial.org.models import Channel
from healthsocial.org.views.helpers import organisation_of
from posts.models import Delivery, LocalPublication

PAGE_SIZE = 20
FEED_SIZE = 30
# Short, because something that is taken down must be gone from caches soon.
MAX_AGE_SECONDS = 60
LARGEST_ID = 2**63 - 1


@dataclass(frozen=True)
class Shown:
    """One publication; `corrects` and `corrected_by` are addresses of other publications of the channel, or empty."""

    row: LocalPublication
    links: list[tuple[str, bool]]  # address, and whether it may be a link
    corrects: str
    corrected_by: str


@require_safe
@cache_control(public=True, max_age=MAX_AGE_SECONDS)
def channel(request: HttpRequest, slug: str) -> HttpResponse:
    """Rendered without the request: no session, no messages, no user, so caches may keep it."""
    place = _channel(slug)
    before, since = request.GET.get("before", ""), request.GET.get("from", "")
    found = list(_standing(place, before or since, including=not before)[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    organisation = organisation_of(request)
    page = render_to_string(
        "posts/public/channel.html",
        {
            "channel": place,
            "organisation": organisation,
            "zone": organisation.zone,
            "publications": _shown(place, shown),
            "older_url": f"{request.path}?before={shown[-1].pk}" if len(found) > PAGE_SIZE else "",
            "newest_url": request.path if before or since else "",
        },
    )
    return HttpResponse(page)


def _channel(slug: str) -> Channel:
    """A channel of the built-in network, switched on or off; every other one is 404."""
    place = Channel.objects.select_related("group").filter(slug=slug, network=Network.LOCAL).first()
    if place is None:
        raise Http404
    return place


def _standing(place: Channel, start: str = "", *, including: bool = False) -> QuerySet[LocalPublication]:
    """What is public on the channel, newest first; `start` is the id after which (or from which) the page begins."""
    rows = LocalPublication.objects.filter(channel=place, removed_at__isnull=True)
    if start.isascii() and start.isdigit() and int(start) <= LARGEST_ID:
        last = LocalPublication.objects.filter(channel=place, pk=int(start)).first()
        if last is not None:
            behind = Q(published_at__lt=last.published_at) | Q(published_at=last.published_at, pk__lt=last.pk)
            rows = rows.filter(behind | Q(pk=last.pk) if including else behind)
    return rows.order_by("-published_at", "-pk")


def _shown(place: Channel, rows: list[LocalPublication]) -> list[Shown]:
    corrects, corrected_by = _corrections(place, rows)
    here = {row.pk for row in rows}

    def address(pk: int | None) -> str:
        if pk is None:
            return ""
        return f"#p{pk}" if pk in here else f"?from={pk}#p{pk}"

    return [
        Shown(
            row,
            [(link, urlsplit(link).scheme in ("http", "https")) for link in row.links],
            address(corrects.get(row.pk)),
            address(corrected_by.get(row.pk)),
        )
        for row in rows
    ]


def _corrections(place: Channel, rows: list[LocalPublication]) -> tuple[dict[int, int], dict[int, int]]:
    """Publication -> the one it corrects, and -> the newest that corrects it; public ones of this channel only."""
    sent = dict(
        Delivery.objects.filter(idempotency_key__in=[row.key for row in rows]).values_list("idempotency_key", "post")
    )
    posts = list(sent.values())
    pairs = (
        Delivery.objects.filter(
            Q(post__in=posts, post__corrects__isnull=False) | Q(post__corrects__in=posts), channel=place
        )
        .values_list("post", "post__corrects")
        .distinct()
    )
    correcting = dict(pairs)
    involved = {*correcting, *correcting.values()}
    keys = dict(Delivery.objects.filter(post__in=involved, channel=place).values_list("idempotency_key", "post"))
    public: dict[object, int] = {}
    for pk, key in _standing(place).filter(key__in=list(keys)).order_by("published_at", "pk").values_list("pk", "key"):
        public[keys[key]] = pk
    corrects, corrected_by = {}, {}
    for row in rows:
        post = sent.get(row.key)
        if post in correcting and correcting[post] in public:
            corrects[row.pk] = public[correcting[post]]
        newer = [public[one] for one, other in correcting.items() if other == post and one in public]
        if newer:
            corrected_by[row.pk] = max(newer)
    return corrects, corrected_by


if TYPE_CHECKING:
    _Feed = Feed[LocalPublication, Channel]
else:
    _Feed = Feed  # Django's class takes no parameters when it runs


class ChannelFeed(_Feed):
    """RSS. Titles and descriptions are read as HTML by feed readers, so what people typed is escaped before the XML is."""

    def get_object(self, request: HttpRequest, slug: str) -> Channel:
        return _channel(slug)

    def title(self, place: Channel) -> SafeString:
        return escape(printable(place.name))

    def link(self, place: Channel) -> str:
        return reverse("posts:public_channel", args=[place.slug])

    def description(self, place: Channel) -> SafeString:
        return escape(printable(_("Posts of %(channel)s") % {"channel": place.name}))

    def items(self, place: Channel) -> list[LocalPublication]:
        rows = list(_standing(place)[:FEED_SIZE])
        for row in rows:
            row.channel = place
        return rows

    def item_title(self, item: LocalPublication) -> SafeString:
        return escape(Truncator(" ".join(printable(item.text).split())).chars(80))

    def item_description(self, item: LocalPublication) -> str:
        return linebreaks(printable(item.text), autoescape=True)

    def item_link(self, item: LocalPublication) -> str:
        return f"{reverse('posts:public_channel', args=[item.channel.slug])}#p{item.pk}"

    def item_pubdate(self, item: LocalPublication) -> datetime:
        return item.published_at


def printable(text: str) -> str:
    """Without the control characters that XML cannot hold."""
    return "".join(
        c for c in text if c in "\n\t\r" or (c >= " " and c not in "\x7f\ufffe\uffff" and not "\ud800" <= c <= "\udfff")
    )


_feed = ChannelFeed()


@require_safe
@cache_control(public=True, max_age=MAX_AGE_SECONDS)
def feed(request: HttpRequest, slug: str) -> HttpResponse:
    return _feed(request, slug=slug)
