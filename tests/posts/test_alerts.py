"""An alert closes when what it told of is over, and not before."""

from datetime import timedelta

import pytest
from pytest_django import Settings

from compliance.models import CheckRun
from healthsocial import clock
from healthsocial.org.enums import Network
from healthsocial.org.models import Alert, Channel
from posts.actions.close import archive, discard
from posts.actions.deliver import deliver
from posts.actions.pull_back import pull_back
from posts.actions.schedule import reslot, schedule
from posts.actions.settle import settle
from posts.actions.submit import submit
from posts.enums import State
from posts.models import Delivery, Post
from tests.conftest import Cast
from tests.posts import moves

pytestmark = pytest.mark.django_db


def open_kinds() -> list[str]:
    return sorted(Alert.objects.filter(resolved_at=None).values_list("kind", flat=True))


def refusing(cast: Cast) -> Channel:
    return Channel.objects.create(
        group=cast.harbor.group, name="Practice", slug="practice", network=Network.PRACTICE, practice_mode="refuse"
    )


def missed(cast: Cast) -> Post:
    post = moves.approved(cast)
    schedule(post.pk, by=cast.rita, publish_now=True)
    Delivery.objects.filter(post=post).update(due_at=clock.now() - timedelta(hours=3))
    deliver(Delivery.objects.get(post=post).pk)
    assert (moves.fresh(post).state, open_kinds()) == (State.MISSED, ["missed"])
    return post


def unchecked(cast: Cast, settings: Settings) -> Post:
    post = moves.draft(cast)
    submit(post.pk, by=cast.alice)
    good, settings.RULEPACK_DIR = settings.RULEPACK_DIR, settings.RULEPACK_DIR / "not-there"
    for _n in range(3):
        CheckRun.objects.filter(thread=post.pk).update(next_attempt_at=clock.now())
        moves.checks_done(post)
    settings.RULEPACK_DIR = good
    assert (moves.fresh(post).state, open_kinds()) == (State.CHANGES_REQUESTED, ["checker_down"])
    return post


def test_a_missed_post_with_a_new_time(cast: Cast) -> None:
    post = missed(cast)
    schedule(post.pk, by=cast.rita, slot=moves.tomorrow())
    assert open_kinds() == []
    reslot(post.pk, by=cast.rita, publish_now=True)
    assert open_kinds() == []


def test_a_missed_post_pulled_back(cast: Cast) -> None:
    pull_back(missed(cast).pk, by=cast.alice)
    assert open_kinds() == []


def test_an_unchecked_post_discarded(cast: Cast, settings: Settings) -> None:
    discard(unchecked(cast, settings).pk, by=cast.alice)
    assert open_kinds() == []


def test_a_post_of_which_one_channel_refused_settled_and_closed(cast: Cast) -> None:
    post = moves.approved(cast, channels=(cast.harbor.pk, refusing(cast).pk))
    schedule(post.pk, by=cast.rita, publish_now=True)
    for delivery in Delivery.objects.filter(post=post):
        deliver(delivery.pk)
    assert (moves.fresh(post).state, open_kinds()) == (State.INCOMPLETE, ["delivery_failed"])
    settle(post.pk, by=cast.rita)
    assert open_kinds() == []
    archive(post.pk, by=cast.rita)
    assert open_kinds() == []


def test_a_post_whose_only_channel_refused_pulled_back(cast: Cast) -> None:
    post = moves.approved(cast, channels=(refusing(cast).pk,))
    schedule(post.pk, by=cast.rita, publish_now=True)
    deliver(Delivery.objects.get(post=post).pk)
    assert moves.fresh(post).state == State.MISSED
    assert "delivery_failed" in open_kinds()
    pull_back(post.pk, by=cast.alice)
    assert open_kinds() == []


def test_the_alert_of_another_post_stays_open(cast: Cast) -> None:
    post = missed(cast)
    other = moves.scheduled(cast, "Another notice about the flu clinic on Sunday.")
    pull_back(other.pk, by=cast.alice)
    assert list(Alert.objects.filter(resolved_at=None).values_list("target_id", flat=True)) == [str(post.pk)]
