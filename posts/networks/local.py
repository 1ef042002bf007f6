"""The built-in network: a public page and a feed per channel, served by this installation."""

from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from healthsocial import clock
from healthsocial.org.models import Channel
from posts.models import LocalPublication
from posts.networks.base import Order, Receipt


class LocalNetwork:
    def send(self, order: Order) -> Receipt:
        """One row per key: a second call with the same key finds the first one's row."""
        page = _page(order.channel)  # before the row: whatever can fail fails while nothing is public
        row, _created = LocalPublication.objects.get_or_create(
            key=order.key,
            defaults={
                "channel_id": order.channel,
                "text": order.text,
                "first_comment": order.first_comment,
                "links": list(order.links),
                "published_at": clock.now(),
            },
        )
        return _receipt(row, page)

    def find(self, channel: UUID, key: str) -> Receipt | None:
        row = LocalPublication.objects.filter(channel_id=channel, key=key).first()
        return _receipt(row, _page(channel)) if row else None

    def remove(self, channel: UUID, key: str) -> str:
        LocalPublication.objects.filter(key=key, channel_id=channel, removed_at__isnull=True).update(
            removed_at=clock.now()
        )
        return str(_("Removed from the public page by HealthSocial."))


def _page(channel: UUID) -> str:
    slug = Channel.objects.values_list("slug", flat=True).get(pk=channel)
    # Written out, not reversed: a worker must not need the views to publish. tests/posts/test_public.py compares the two.
    return f"{settings.SITE_URL}/c/{slug}/"


def _receipt(row: LocalPublication, page: str) -> Receipt:
    # `from` leads to the right page of the list, however many newer posts there are.
    return Receipt(str(row.pk), f"{page}?from={row.pk}#p{row.pk}")
