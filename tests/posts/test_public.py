"""The public pages and feeds: anonymous, without cookies, inert, and only what is really public."""

import xml.etree.ElementTree as ET
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from healthsocial import clock
from healthsocial.org.models import Channel
from posts.actions.approve import approve
from posts.actions.copy import copy_post
from posts.actions.deliver import deliver
from posts.actions.submit import submit
from posts.models import Delivery, LocalPublication, Post
from tests.conftest import PASSWORD, Cast
from tests.posts import moves

pytestmark = pytest.mark.django_db

XSS = "<script>alert(1)</script><img src=x onerror=alert(2)>"


def public(name: str = "public_channel", slug: str = "harbor-news", **query: object) -> Any:
    return Client().get(reverse(f"posts:{name}", args=[slug]), query)


def publish(channel: Channel, number: int, text: str = "Hello") -> LocalPublication:
    at = clock.now() - timedelta(minutes=number)
    return LocalPublication.objects.create(channel=channel, key=f"key-{number}", text=text, published_at=at)


def test_the_page_needs_no_sign_in_sets_no_cookie_and_may_be_cached(cast: Cast) -> None:
    moves.published(cast)
    for name in ("public_channel", "public_feed"):
        answer = public(name)
        assert answer.status_code == 200
        assert not answer.cookies
        assert "Cookie" not in answer.get("Vary", "")
        assert set(answer["Cache-Control"].split(", ")) == {"max-age=60", "public"}
        assert b"Our flu clinic opens on Saturday." in answer.content
        assert b"csrf" not in answer.content


def test_removed_posts_are_gone_and_a_disabled_channel_still_shows_the_rest(cast: Cast) -> None:
    gone, kept = publish(cast.harbor, 1, "Wrong words"), publish(cast.harbor, 2, "Right words")
    LocalPublication.objects.filter(pk=gone.pk).update(removed_at=clock.now())
    Channel.objects.filter(pk=cast.harbor.pk).update(is_enabled=False)
    for name in ("public_channel", "public_feed"):
        shown = public(name).content.decode()
        assert "Wrong words" not in shown
        assert "Right words" in shown
        assert f"#p{kept.pk}" in shown or f'id="p{kept.pk}"' in shown


def test_other_networks_and_unknown_names_are_not_found(cast: Cast) -> None:
    Channel.objects.filter(pk=cast.heart.pk).update(network="practice")
    for name in ("public_channel", "public_feed"):
        assert public(name, "heart-center").status_code == 404
        assert public(name, "no-such-channel").status_code == 404
        assert Client().post(reverse(f"posts:{name}", args=["harbor-news"])).status_code == 405


def test_newest_first_page_by_page(cast: Cast) -> None:
    rows = [publish(cast.harbor, number) for number in range(1, 43)]
    seen, url = [], reverse("posts:public_channel", args=["harbor-news"])
    while url:
        answer = Client().get(url)
        page = answer.content.decode()
        seen += [row.pk for row in rows if f'id="p{row.pk}"' in page]
        url = next((part.split('"')[0] for part in page.split('rel="next" href="')[1:]), "")
    assert seen == [row.pk for row in rows]
    assert public(before="9" * 40).status_code == 200
    assert public(before="x").status_code == 200


def test_hostile_words_are_inert_on_the_page_and_in_the_feed(cast: Cast) -> None:
    row = publish(cast.harbor, 1, f"{XSS}\x0b\x1b")
    LocalPublication.objects.filter(pk=row.pk).update(
        first_comment=XSS, links=["javascript:alert(3)", 'https://example.org/?a="><b>']
    )
    Channel.objects.filter(pk=cast.harbor.pk).update(name=XSS)
    page = public().content.decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert 'href="javascript:' not in page
    assert 'rel="nofollow noopener noreferrer"' in page
    feed = public("public_feed").content.decode()
    assert "<script>" not in feed
    channel = ET.fromstring(feed).find("channel")
    assert channel is not None
    for field in ("title", "description", "item/title", "item/description"):
        # What a feed reader takes as HTML is escaped HTML.
        assert "<script" not in (channel.findtext(field) or ""), field
        assert "<img" not in (channel.findtext(field) or ""), field


def test_a_correction_and_what_it_corrects_point_at_each_other(cast: Cast) -> None:
    wrong = moves.published(cast)
    right = copy_post(wrong, by=cast.alice, correction=True)
    submit(right.pk, by=cast.alice)
    moves.checks_done(right)
    _publish(cast, right.pk)
    first, second = LocalPublication.objects.order_by("pk")
    page = public().content.decode()
    before, after = page.split(f'id="p{first.pk}"')
    assert f'href="#p{first.pk}"' in before
    assert f'href="#p{second.pk}"' in after
    LocalPublication.objects.filter(pk=first.pk).update(removed_at=clock.now())
    assert f'href="#p{first.pk}"' not in public().content.decode()


def test_a_correction_leads_to_what_it_corrects_on_another_page(cast: Cast) -> None:
    wrong = moves.published(cast)
    first = LocalPublication.objects.get()
    LocalPublication.objects.filter(pk=first.pk).update(published_at=clock.now() - timedelta(days=2))
    for number in range(1, 26):
        publish(cast.harbor, number)
    right = copy_post(wrong, by=cast.alice, correction=True)
    submit(right.pk, by=cast.alice)
    moves.checks_done(right)
    _publish(cast, right.pk)
    assert f'href="?from={first.pk}#p{first.pk}"' in public().content.decode()
    assert f'id="p{first.pk}"' in public(**{"from": first.pk}).content.decode()


def _publish(cast: Cast, pk: Any) -> None:
    version = Post.objects.get(pk=pk).current_version_id
    assert version is not None
    approve(pk, by=cast.rita, version_id=version, password=PASSWORD, publish_now=True)
    for delivery in Delivery.objects.filter(post=pk):
        deliver(delivery.pk)


def test_the_page_takes_the_same_number_of_queries_for_1_and_20_posts(cast: Cast) -> None:
    counts = []
    publish(cast.harbor, 1)
    for number in (1, 20):
        for extra in range(2, number + 1):
            publish(cast.harbor, extra)
        public()
        for name in ("public_channel", "public_feed"):
            with CaptureQueriesContext(connection) as captured:
                public(name)
            counts.append(len(captured))
    assert counts[:2] == counts[2:]
