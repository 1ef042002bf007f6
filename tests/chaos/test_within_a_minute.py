"""Every delivery is settled, or in doubt with an alert, within its lease and a minute: by arithmetic, and by clock."""

import time
from uuid import UUID

import pytest
from django.conf import settings as ours
from pytest_django import Settings

from healthsocial.org.models import Alert
from posts import rounds
from posts.actions import deliver as steps
from posts.enums import DeliveryState
from posts.models import Delivery
from posts.networks.base import Order, Receipt
from posts.networks.practice import PracticeNetwork
from posts.rounds import SWEEP_SECONDS
from tests.chaos import world
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
D = DeliveryState


def test_the_arithmetic_of_the_limits() -> None:
    """The longest time between the end of a lease and its settlement, with every network and check at its limit."""
    longest_step = max(ours.NETWORK_TIMEOUT_SECONDS, ours.CHECK_TIME_LIMIT_SECONDS)
    sweep = SWEEP_SECONDS + ours.READ_BACK_SECONDS  # the last read-back begins just before patience ends
    # It ends just after a sweep has looked; then slow work goes on until the next sweep, which takes it last.
    worst = sweep + SWEEP_SECONDS + longest_step + sweep
    assert worst <= 60
    assert ours.DISPATCH_INTERVAL_SECONDS + sweep <= 60
    # A call ends well before its lease, so that no lease of a living process is taken for dead.
    assert ours.NETWORK_TIMEOUT_SECONDS + 60 <= ours.LEASE_SECONDS
    assert ours.CELERY_TASK_SOFT_TIME_LIMIT > ours.NETWORK_TIMEOUT_SECONDS
    assert ours.CHECK_TIME_LIMIT_SECONDS < ours.CHECK_LEASE_SECONDS


class Slow(PracticeNetwork):
    """Half a second for everything."""

    def send(self, order: Order) -> Receipt:
        time.sleep(0.5)
        return super().send(order)

    def find(self, channel: UUID, key: str) -> Receipt | None:
        time.sleep(0.5)
        return None


def test_slow_networks_do_not_keep_a_dead_lease_waiting(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """Limits a tenth as long: 8 deliveries that take half a second each, and a lease that dies meanwhile."""
    monkeypatch.setattr("posts.networks.practice.PracticeNetwork", Slow)
    monkeypatch.setattr(rounds, "SWEEP_SECONDS", 0.5)
    monkeypatch.setattr(rounds, "WORK_SECONDS", 2.0)
    settings.LEASE_SECONDS, settings.NETWORK_TIMEOUT_SECONDS, settings.READ_BACK_SECONDS = 3, 1, 0.2
    lost = world.only(world.due_now(cast, world.practice(cast)))
    claim = steps.claim_delivery(lost.pk)
    assert claim is not None
    assert steps.begin_sending(claim) is not None  # and here the worker dies
    Delivery.objects.update(lease_until=world.database_now() + world.timedelta(seconds=1))
    world.due_now(cast, world.practice(cast, 8), "Another notice about the flu clinic.")
    begin = time.monotonic()
    assert rounds.run_round()["lost_sendings"] == 1
    assert time.monotonic() - begin < 8
    lost.refresh_from_db()
    assert (lost.state, lost.error_code) == (D.UNCONFIRMED, "read_back_failed:TookTooLong")
    assert Alert.objects.filter(target_id=str(lost.pk), resolved_at=None).exists()
    # The round did not try to do everything: the rest waits for the next one.
    assert 0 < Delivery.objects.filter(state=D.DUE).count() < 8


def test_a_network_that_answers_nobody_leaves_the_rest_unread(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """Read-backs share a few seconds; who gets none is in doubt at once, and a person looks."""
    monkeypatch.setattr("posts.networks.practice.PracticeNetwork", Slow)
    monkeypatch.setattr(rounds, "SWEEP_SECONDS", 0.3)
    settings.READ_BACK_SECONDS = 0.2
    post = world.due_now(cast, world.practice(cast, 6))
    for row in world.deliveries(post):
        claim = steps.claim_delivery(row.pk)
        assert claim is not None
        assert steps.begin_sending(claim) is not None
    world.age_leases()
    rounds.run_round()
    codes = sorted(Delivery.objects.values_list("error_code", flat=True))
    assert set(codes) == {"not_read_back", "read_back_failed:TookTooLong"}
    assert Delivery.objects.filter(state=D.UNCONFIRMED).count() == 6
    assert Alert.objects.filter(resolved_at=None).count() == 6
