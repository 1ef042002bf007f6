"""Case 8: clocks that are wrong. Nothing early by the database's time, nothing twice, lateness by the same clock."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings

from healthsocial.org.models import Organisation
from posts import rounds
from posts.actions import deliver as steps
from posts.actions.leases import return_lost_claim, settle_lost_sending
from posts.enums import DeliveryState, State
from posts.models import Delivery
from posts.networks.practice import accepted
from tests.chaos import world
from tests.chaos.clocks import database_clock, process_clock
from tests.conftest import Cast
from tests.posts import moves

pytestmark = pytest.mark.django_db
D = DeliveryState
HOUR = timedelta(hours=1)
WRONG = [HOUR, -HOUR]
FAR = [timedelta(hours=5), -timedelta(hours=5)]


def _row(cast: Cast) -> Delivery:
    return world.only(world.due_now(cast, world.practice(cast)))


def _due_in(row: Delivery, span: timedelta) -> None:
    at = world.database_now() + span
    Delivery.objects.filter(pk=row.pk).update(due_at=at, next_attempt_at=at)
    row.post.slot_at = at
    row.post.save(update_fields=["slot_at"])


@pytest.mark.parametrize("step", WRONG)
def test_a_wrong_clock_neither_hurries_nor_delays(cast: Cast, step: timedelta) -> None:
    row = _row(cast)
    _due_in(row, timedelta(minutes=30))
    with process_clock(step):
        assert steps.deliver(row.pk) == "not_ours"
        assert rounds.run_round() == {}
    assert accepted(row.channel_id) == []
    _due_in(row, timedelta(0))
    with process_clock(step):
        assert rounds.run_round() == {"deliveries": 1}
        assert steps.deliver(row.pk) == "not_ours"
    assert len(accepted(row.channel_id)) == 1
    assert moves.fresh(row.post).state == State.PUBLISHED


@pytest.mark.parametrize("step", FAR)
@pytest.mark.parametrize(("late", "state"), [(timedelta(minutes=119), D.SENT), (timedelta(minutes=121), D.CANCELLED)])
def test_lateness_is_measured_by_the_databases_clock(cast: Cast, step: timedelta, late: timedelta, state: str) -> None:
    row = _row(cast)
    assert Organisation.objects.get().max_lateness_minutes == 120
    _due_in(row, -late)
    with process_clock(step):
        rounds.run_round()
    row.refresh_from_db()
    assert row.state == state


@pytest.mark.parametrize("step", WRONG)
def test_a_wrong_clock_takes_no_living_lease_for_dead(cast: Cast, step: timedelta) -> None:
    row = _row(cast)
    with process_clock(step):
        claim = steps.claim_delivery(row.pk)
    assert claim is not None
    with process_clock(-step):
        assert return_lost_claim(row.pk) is False
        assert rounds.run_round() == {}
        assert steps.begin_sending(claim) is not None
    with process_clock(step):
        assert settle_lost_sending(row.pk) == "not_ours"
        assert rounds.run_round() == {}
    row.refresh_from_db()
    assert row.state == D.SENDING
    assert row.lease_until is not None
    left = row.lease_until - world.database_now()
    assert timedelta(0) < left <= timedelta(seconds=settings.LEASE_SECONDS)


def test_control_the_wrong_clock_is_really_wrong(cast: Cast) -> None:
    """What the old comparison would have done: by the process's own clock the lease is dead, the slot has come."""
    row = _row(cast)
    claim = steps.claim_delivery(row.pk)
    assert claim is not None
    with process_clock(HOUR):
        assert Delivery.objects.filter(state=D.CLAIMED, lease_until__lt=datetime.now(UTC)).exists()
    with process_clock(-HOUR):
        assert not Delivery.objects.filter(due_at__lte=datetime.now(UTC)).exists()


def test_two_workers_whose_clocks_disagree_publish_once(cast: Cast) -> None:
    row = _row(cast)
    outcomes = []
    for step in (*WRONG, *FAR, timedelta(0), *WRONG, *FAR):
        with process_clock(step):
            outcomes.append(steps.deliver(row.pk))
            rounds.run_round()
    assert Counter(outcomes) == {D.SENT: 1, "not_ours": 8}
    assert len(accepted(row.channel_id)) == 1


def test_the_whole_machine_leaps_past_2038(cast: Cast) -> None:
    """The second in which 32-bit clocks end; the slot lies behind it, then the machine arrives there."""
    row = _row(cast)
    end = datetime(2038, 1, 19, 3, 14, 7, tzinfo=UTC)
    slot = end + timedelta(minutes=10)
    Delivery.objects.filter(pk=row.pk).update(due_at=slot, next_attempt_at=slot)
    row.post.slot_at = slot
    row.post.save(update_fields=["slot_at"])
    before = end - timedelta(minutes=5) - datetime.now(UTC)
    with database_clock(before), process_clock(before):
        assert rounds.run_round() == {}
    after = slot + timedelta(minutes=1) - datetime.now(UTC)
    with database_clock(after), process_clock(after):
        assert rounds.run_round() == {"deliveries": 1}
        row.refresh_from_db()
        assert row.state == D.SENT
        assert row.sent_at is not None
        assert row.sent_at > slot
        assert rounds.run_round() == {}
    assert len(accepted(row.channel_id)) == 1


def test_the_databases_clock_steps_back_and_nothing_goes_out_again(cast: Cast) -> None:
    row = _row(cast)
    assert steps.deliver(row.pk) == D.SENT
    for step in (-HOUR, HOUR):
        with database_clock(step):
            assert steps.deliver(row.pk) == "not_ours"
            assert rounds.run_round() == {}
    assert len(accepted(row.channel_id)) == 1
