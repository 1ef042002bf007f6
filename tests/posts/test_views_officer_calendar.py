"""The calendar: a wish is not a schedule, what was missed is counted, everybody sees their own channels."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from healthsocial import clock
from healthsocial.org.models import User
from posts.models import Post
from posts.slots import now_slot
from tests.conftest import Cast
from tests.posts import moves

pytestmark = pytest.mark.django_db


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(client: Client, name: str, **query: str) -> Any:
    return client.get(reverse(f"posts:{name}"), query)


def test_a_proposal_is_not_shown_as_a_schedule(cast: Cast) -> None:
    slot = now_slot(clock.now() + timedelta(minutes=5), "America/New_York")
    wish, firm = moves.draft(cast, proposed=slot), moves.scheduled(cast, slot=slot)
    answer = page(signed_in(cast.sam), "calendar")
    looks = {entry.post.pk: entry.look for day in answer.context["days"] for entry in day.entries}
    assert looks == {wish.pk: "proposed", firm.pk: "scheduled"}
    shown = answer.content.decode()
    assert shown.count("Proposed, not scheduled") == 1
    assert "(America/New_York)" in shown


def test_missed_posts_count_as_overdue(cast: Cast) -> None:
    post = moves.scheduled(cast, slot=now_slot(clock.now(), "UTC"))
    client = signed_in(cast.sam)
    assert page(client, "calendar").context["overdue"] == 0
    Post.objects.filter(pk=post.pk).update(slot_at=clock.now() - timedelta(hours=1))
    assert page(client, "calendar").context["overdue"] == 1


def test_the_calendar_shows_only_ones_own_channels_and_turns_pages(cast: Cast) -> None:
    post = moves.scheduled(cast, slot=now_slot(clock.now() + timedelta(days=7), "UTC"))
    mine = signed_in(cast.sam)
    assert post.title not in page(mine, "calendar").content.decode()
    following = page(mine, "calendar").context["next_url"]
    assert str(post.pk) in mine.get(following).content.decode()
    assert str(post.pk) not in signed_in(cast.mallory).get(following).content.decode()
    for week in ("0001-01-01", "9999-12-31", "nonsense"):
        assert page(mine, "calendar", week=week).status_code == 200
    assert page(signed_in(cast.nobody), "calendar").status_code == 403
