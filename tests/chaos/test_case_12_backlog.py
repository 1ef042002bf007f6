"""Case 12: down for a day with 200 posts due. The old ones are missed and seen; the others leave in order, one by one."""

from collections import Counter
from datetime import timedelta

import pytest
from django.conf import settings as ours
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from healthsocial.audit.log import database_now
from healthsocial.org.enums import AlertKind
from healthsocial.org.models import Alert, Channel
from posts import rounds
from posts.enums import DeliveryState, State
from posts.models import Delivery, Post
from posts.networks.practice import accepted
from tests.chaos import world
from tests.conftest import Cast
from tests.posts import moves
from tests.thorough import times

pytestmark = pytest.mark.django_db
D = DeliveryState
POSTS = times(6, 10)
OLD = POSTS // 2  # older than two hours


def _overdue(cast: Cast, channels: list[Channel]) -> None:
    """Deliveries whose times are spread over the past day; every post is one minute later than the one before."""
    for number in range(POSTS):
        world.due_now(cast, channels, f"Notice {number} about the flu clinic.")
    start = database_now() - timedelta(days=1)
    for number, post in enumerate(Post.objects.order_by("created_at")):
        # Half of them over the day, half within the last hour and a half.
        old = number < OLD
        at = start + timedelta(hours=4 * number) if old else database_now() - timedelta(minutes=90 - number)
        Post.objects.filter(pk=post.pk).update(slot_at=at)
        Delivery.objects.filter(post=post).update(due_at=at, next_attempt_at=at)


def _pass(span: timedelta) -> None:
    """Time goes by: everything that has a time of its own is that much older."""
    for row in Delivery.objects.all():
        Delivery.objects.filter(pk=row.pk).update(
            next_attempt_at=row.next_attempt_at - span, sent_at=row.sent_at - span if row.sent_at else None
        )


def test_after_a_day_of_downtime(cast: Cast, client: Client) -> None:
    """200 deliveries in the long form (10 posts to 20 channels), 12 in the suite."""
    channels = world.practice(cast, times(2, 20))
    _overdue(cast, channels)
    order = {
        channel.pk: list(
            Delivery.objects.filter(channel=channel, due_at__gt=database_now() - timedelta(hours=2))
            .order_by("due_at")
            .values_list("idempotency_key", flat=True)
        )
        for channel in channels
    }
    rounds.run_round()
    # Each channel got one; everything older than two hours is missed.
    assert [len(accepted(channel.pk)) for channel in channels] == [1] * len(channels)
    assert Counter(Delivery.objects.values_list("state", flat=True)) == {
        D.CANCELLED: OLD * len(channels),
        D.SENT: len(channels),
        D.DUE: (POSTS - OLD - 1) * len(channels),
    }
    assert Post.objects.filter(state=State.MISSED, reason_code="too_late").count() == OLD
    assert Alert.objects.filter(kind=AlertKind.MISSED, resolved_at=None).count() == OLD
    client.force_login(cast.rita)
    page = client.get(reverse("posts:list"), {"state": "stopped"})
    assert page.content.decode().count("Flu clinic") >= OLD
    # Rounds that follow at once send nothing; half a minute later each channel gets the next one.
    for sent in range(1, POSTS - OLD + 1):
        for _n in range(3):
            rounds.run_round()
        assert [len(accepted(channel.pk)) for channel in channels] == [sent] * len(channels)
        _pass(timedelta(seconds=ours.BACKLOG_PACE_SECONDS + 1))
        rounds.run_round()
    for channel in channels:
        assert [line["key"] for line in accepted(channel.pk)] == order[channel.pk]
    assert Counter(Delivery.objects.values_list("state", flat=True)) == {
        D.CANCELLED: OLD * len(channels),
        D.SENT: (POSTS - OLD) * len(channels),
    }


def test_control_without_a_pace_the_backlog_bursts(cast: Cast, settings: Settings) -> None:
    settings.BACKLOG_PACE_SECONDS = 0
    channels = world.practice(cast, 1)
    _overdue(cast, channels)
    rounds.run_round()
    assert len(accepted(channels[0].pk)) == POSTS - OLD


def test_what_is_on_time_is_not_paced(cast: Cast) -> None:
    channel = world.practice(cast, 1)
    for number in range(4):
        world.due_now(cast, channel, f"Notice {number} about the flu clinic.")
    rounds.run_round()
    assert len(accepted(channel[0].pk)) == 4


def test_a_post_on_time_does_not_wait_for_the_backlog(cast: Cast) -> None:
    channels = world.practice(cast, 1)
    _overdue(cast, channels)
    rounds.run_round()
    now = moves.fresh(world.due_now(cast, channels, "This one is on time."))
    rounds.run_round()
    assert moves.fresh(now).state == State.PUBLISHED
    assert len(accepted(channels[0].pk)) == 2
