"""Law 6: the database is the schedule; Redis lost or absent loses nothing."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from celery import Celery, current_app
from django.db import connection, transaction
from pytest_django import Settings

from compliance.models import CheckRun
from healthsocial import clock
from healthsocial.org.models import Heartbeat
from posts import rounds
from posts.actions.decide import reject
from posts.actions.recheck import recheck_everything_outdated
from posts.actions.schedule import schedule
from posts.actions.submit import submit
from posts.enums import DeliveryState, State
from posts.models import Delivery, WorkingCopy
from posts.wake import send
from tests.conftest import Cast
from tests.laws.packs import with_rule_on
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
    WorkingCopy.objects.filter(post=first).delete()  # the guard that reads it fails
    rounds.run_round()
    assert (moves.fresh(first).state, moves.fresh(second).state) == (State.SCHEDULED, State.PUBLISHED)


@pytest.mark.usefixtures("no_broker")
def test_a_round_says_that_dispatch_is_alive(cast: Cast) -> None:
    rounds.run_round()
    assert list(Heartbeat.objects.values_list("name", flat=True)) == ["dispatch"]


def _rule_changes(settings: Settings, folder: Path) -> None:
    settings.RULEPACK_DIR = with_rule_on("zebra", folder)


def test_one_post_that_cannot_be_rechecked_stops_no_other(
    cast: Cast, settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    posts = [moves.in_review(cast, f"Notice {n} about the flu clinic.") for n in range(3)]
    broken = min(posts, key=lambda post: post.pk)  # the first of the round
    run = CheckRun.objects.get(thread=broken.pk)
    # Its next run would take this row's number.
    CheckRun.objects.create(
        thread=broken.pk,
        turn=3,
        version=run.version,
        seal=run.seal,
        next_attempt_at=clock.now(),
        created_at=clock.now(),
    )
    CheckRun.objects.filter(thread=broken.pk, turn=3).update(state="superseded")
    _rule_changes(settings, tmp_path)
    assert recheck_everything_outdated() == 2
    assert {moves.fresh(post).state for post in posts if post.pk != broken.pk} == {State.CHECKING}
    assert moves.fresh(broken).state == State.IN_REVIEW
    assert [record.getMessage() for record in caplog.records if record.name == "posts.actions.recheck"] == [
        f"recheck of post {broken.pk} failed: IntegrityError"
    ]


@pytest.mark.postgres
@pytest.mark.usefixtures("real_connections")
def test_a_post_that_is_rejected_while_the_round_waits_for_it_stops_no_other(
    cast: Cast, settings: Settings, tmp_path: Path
) -> None:
    posts = sorted((moves.in_review(cast, f"Notice {n} about the flu clinic.") for n in range(2)), key=lambda p: p.pk)
    _rule_changes(settings, tmp_path)
    counted: list[int] = []

    def work() -> None:
        counted.append(recheck_everything_outdated())
        connection.close()

    thread = threading.Thread(target=work)
    with transaction.atomic():
        first = posts[0]
        assert first.current_version_id is not None
        reject(first.pk, by=cast.rob, version_id=first.current_version_id, reason="other", words="We said this.")
        thread.start()
        thread.join(1)  # it waits for the first post
        assert counted == []
    thread.join(30)
    assert counted == [1]
    assert [moves.fresh(post).state for post in posts] == [State.REJECTED, State.CHECKING]
