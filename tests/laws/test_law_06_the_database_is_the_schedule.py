"""Law 6: the database is the schedule; Redis lost or absent loses nothing."""

from datetime import UTC, datetime, timedelta

import pytest
from celery import Celery, current_app
from pytest_django import Settings

from compliance.models import CheckRun
from healthsocial import clock
from healthsocial.org.models import Heartbeat
from posts import rounds
from posts.actions.schedule import schedule
from posts.actions.submit import submit
from posts.enums import DeliveryState, State
from posts.models import Delivery
from posts.wake import send
from tests.conftest import Cast
from tests.posts import moves

pytestmark = pytest.mark.django_db


@pytest.fixture
def no_broker(settings: Settings) -> None:
    settings.BROKER_CONFIGURED = False


@pytest.mark.usefixtures("no_broker")
def test_without_a_broker_dispatch_checks_and_publishes(cast: Cast) -> None:
    post = moves.draft(cast)
    submit(post.pk, by=cast.alice)
    assert rounds.run_round() == {"checks": 1}
    assert moves.fresh(post).state == State.IN_REVIEW
    approved = moves.approved(cast, "A second post about the flu clinic.")
    schedule(approved.pk, by=cast.rita, publish_now=True)
    assert rounds.run_round() == {"deliveries": 1}
    assert moves.fresh(approved).state == State.PUBLISHED


@pytest.mark.usefixtures("no_broker")
def test_nothing_is_sent_before_its_time(cast: Cast) -> None:
    post = moves.scheduled(cast)
    assert rounds.run_round() == {}
    clock.set_offset(60 * 60 * 25)
    # the round reads the clock of the database, which is real time here
    assert rounds.run_round() == {}
    assert moves.fresh(post).state == State.SCHEDULED
    Delivery.objects.filter(post=post).update(due_at=clock.now(), next_attempt_at=clock.now())
    assert rounds.run_round() == {"deliveries": 1}


def test_a_broker_that_is_down_is_noticed_and_not_needed(
    cast: Cast, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.BROKER_CONFIGURED = True
    before = current_app._get_current_object()
    unreachable = Celery("unreachable", broker="redis://127.0.0.1:1/0", set_as_current=True)
    unreachable.conf.broker_transport_options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    try:
        assert send("posts.deliver", "x") is False
    finally:
        unreachable.close()
        before.set_current()
    assert "broker unreachable" in caplog.text


@pytest.mark.usefixtures("no_broker")
def test_a_wake_up_that_nobody_answers_is_not_waited_for_for_ever(cast: Cast) -> None:
    post = moves.draft(cast)
    submit(post.pk, by=cast.alice)
    CheckRun.objects.update(woken_at=datetime.now(UTC))
    rounds.run_round()
    assert moves.fresh(post).state == State.CHECKING
    CheckRun.objects.update(woken_at=datetime.now(UTC) - rounds.PATIENCE - timedelta(seconds=1))
    rounds.run_round()
    assert moves.fresh(post).state == State.IN_REVIEW


@pytest.mark.usefixtures("no_broker")
def test_a_day_of_downtime_publishes_nothing_late(cast: Cast) -> None:
    post = moves.scheduled(cast)
    past = clock.now() - timedelta(hours=3)
    Delivery.objects.filter(post=post).update(due_at=past, next_attempt_at=past)
    type(post).objects.filter(pk=post.pk).update(slot_at=past)
    rounds.run_round()
    after = moves.fresh(post)
    assert (after.state, after.reason_code) == (State.MISSED, "too_late")
    assert Delivery.objects.get(post=post).state == DeliveryState.CANCELLED


@pytest.mark.usefixtures("no_broker")
def test_one_broken_row_stops_no_other(cast: Cast) -> None:
    first = moves.scheduled(cast)
    second = moves.scheduled(cast, "A second post about the flu clinic.")
    now = clock.now()
    Delivery.objects.update(due_at=now, next_attempt_at=now)
    type(first).objects.filter(pk=first.pk).update(slot_zone="Nowhere/Land")
    Delivery.objects.filter(post=first).update(channel=cast.heart)
    rounds.run_round()
    assert moves.fresh(second).state == State.PUBLISHED


@pytest.mark.usefixtures("no_broker")
def test_a_round_says_that_dispatch_is_alive(cast: Cast) -> None:
    rounds.run_round()
    assert list(Heartbeat.objects.values_list("name", flat=True)) == ["dispatch"]
