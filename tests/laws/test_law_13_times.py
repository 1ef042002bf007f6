"""Law 13: times: UTC instant + IANA zone + wall time chosen."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthsocial import clock
from healthsocial.audit.log import Refused, database_now
from healthsocial.org.models import Organisation
from posts.actions.schedule import schedule
from posts.slots import readings, resolve
from tests.conftest import Cast
from tests.posts import moves


@pytest.mark.parametrize(
    ("wall", "zone", "code"),
    [
        ("2027-03-14T02:30", "America/New_York", "time_skipped"),
        ("2027-03-28T02:30", "Europe/Berlin", "time_skipped"),
        ("2026-10-04T02:15", "Australia/Lord_Howe", "time_skipped"),
        ("2026-11-01T01:30", "America/New_York", "time_doubled"),
        ("2026-10-25T02:30", "Europe/Berlin", "time_doubled"),
        ("2027-04-04T01:45", "Australia/Lord_Howe", "time_doubled"),
        ("2026-12-01T09:00", "Mars/Olympus", "zone_unknown"),
        ("2026-12-01T09:00+01:00", "Europe/Berlin", "time_unreadable"),
        ("tomorrow", "Europe/Berlin", "time_unreadable"),
    ],
)
def test_times_that_do_not_exist_are_refused_and_doubled_ones_asked_about(wall: str, zone: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        resolve(wall, zone)
    assert refused.value.reasons[0].code == code


def test_a_doubled_time_is_taken_as_the_person_says() -> None:
    first = resolve("2026-11-01T01:30", "America/New_York", second=False)
    second = resolve("2026-11-01T01:30", "America/New_York", second=True)
    assert (first.at, second.at) == (datetime(2026, 11, 1, 5, 30, tzinfo=UTC), datetime(2026, 11, 1, 6, 30, tzinfo=UTC))


FIRST, LAST = datetime(2024, 1, 1), datetime(2031, 1, 1)  # noqa: DTZ001  Hypothesis adds the zone
ZONES = st.sampled_from(
    ["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC", "America/Phoenix"]
)


@settings(max_examples=200, deadline=None)
@given(st.datetimes(min_value=FIRST, max_value=LAST), ZONES)
def test_every_reading_shows_the_wall_time_that_was_chosen(wall: datetime, zone: str) -> None:
    wall = wall.replace(second=0, microsecond=0)
    found = readings(wall, ZoneInfo(zone))
    assert len(found) <= 2
    assert all(moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0) == wall for moment in found)
    if len(found) == 1:
        assert resolve(wall.strftime("%Y-%m-%dT%H:%M"), zone).at == found[0]


@settings(max_examples=200, deadline=None)
@given(st.datetimes(min_value=FIRST, max_value=LAST, timezones=st.just(UTC)), ZONES)
def test_every_instant_is_a_reading_of_its_own_wall_time(moment: datetime, zone: str) -> None:
    moment = moment.replace(second=0, microsecond=0)
    wall = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)
    assert moment in readings(wall, ZoneInfo(zone))


@pytest.mark.django_db
def test_the_post_keeps_instant_zone_and_wall_time(cast: Cast) -> None:
    post = moves.approved(cast)
    schedule(post.pk, by=cast.rita, slot=resolve("2030-07-04T09:00", "America/New_York"))
    after = moves.fresh(post)
    assert (after.slot_at, after.slot_zone, after.slot_wall) == (
        datetime(2030, 7, 4, 13, 0, tzinfo=UTC),
        "America/New_York",
        "2030-07-04T09:00",
    )


@pytest.mark.django_db
def test_a_slot_in_the_past_is_refused(cast: Cast) -> None:
    post = moves.approved(cast)
    with pytest.raises(Refused) as refused:
        schedule(post.pk, by=cast.rita, slot=resolve("2024-07-04T09:00", "America/New_York"))
    assert refused.value.reasons[0].code == "slot_passed"


@pytest.mark.django_db
def test_a_scheduler_moves_inside_the_window_and_an_officer_outside(cast: Cast) -> None:
    post = moves.approved(cast)
    inside = (clock.now() + timedelta(days=3)).strftime("%Y-%m-%dT12:00")
    outside = (clock.now() + timedelta(days=30)).strftime("%Y-%m-%dT12:00")
    schedule(post.pk, by=cast.sam, slot=resolve(inside, "UTC"))
    from posts.actions.schedule import reslot

    with pytest.raises(Refused) as refused:
        reslot(post.pk, by=cast.sam, slot=resolve(outside, "UTC"))
    assert refused.value.reasons[0].code == "outside_window"
    reslot(post.pk, by=cast.rita, slot=resolve(outside, "UTC"))


@pytest.mark.django_db
def test_audit_uses_database_time_and_actions_the_clock() -> None:
    clock.set_offset(7 * 24 * 3600)
    assert abs(clock.now() - database_now() - timedelta(days=7)) < timedelta(seconds=5)


@pytest.mark.django_db
def test_the_clock_moves_on_demo_databases_only() -> None:
    from django.db import IntegrityError, transaction

    Organisation.objects.get_or_create(id=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        Organisation.objects.update(clock_offset_seconds=60)
