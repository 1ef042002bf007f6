"""Case 16: whatever fails after the network accepted, the delivery stays sent (or in doubt), and is never sent again."""

import pytest

from healthsocial.org.enums import AlertKind
from healthsocial.org.models import Alert, Channel
from posts import rounds
from posts.actions import deliver as steps
from posts.actions import deliveries
from posts.enums import DeliveryState, State
from posts.models import Delivery
from posts.networks.practice import accepted
from tests.chaos import world
from tests.conftest import Cast
from tests.posts import moves

pytestmark = pytest.mark.django_db
D = DeliveryState


class Broken(Exception):
    """A template, a mail server, a bug: anything."""


def _breaks(*_args: object, **_kwargs: object) -> None:
    raise Broken


@pytest.mark.parametrize(
    "what", [(deliveries, "conclude"), (steps, "request_wanted_takedown"), (steps, "_takedown_if_wanted")]
)
def test_an_error_after_success_leaves_it_sent(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, what: tuple[object, str]
) -> None:
    row = world.only(world.due_now(cast, world.practice(cast)))
    with monkeypatch.context() as broken:
        broken.setattr(*what, _breaks)
        assert steps.deliver(row.pk) == D.SENT
    assert Delivery.objects.get().state == D.SENT
    assert moves.fresh(row.post).state == State.PUBLISHING
    world.until_quiet()  # the round makes up for what failed
    assert moves.fresh(row.post).state == State.PUBLISHED
    assert len(accepted(row.channel_id)) == 1
    world.all_is_well()


def test_an_alert_that_cannot_be_raised_is_raised_by_the_next_round(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = world.only(world.due_now(cast, world.practice(cast, mode="no_answer")))
    with monkeypatch.context() as broken:
        broken.setattr(steps, "raise_alert", _breaks)
        assert steps.deliver(row.pk) == D.UNCONFIRMED
    assert not Alert.objects.exists()
    assert moves.fresh(row.post).state == State.INCOMPLETE
    assert rounds.run_round() == {"alerts": 1}
    assert rounds.run_round() == {}
    assert list(Alert.objects.values_list("kind", "target_id")) == [(AlertKind.UNCONFIRMED, str(row.pk))]
    assert len(accepted(row.channel_id)) == 1


def test_control_without_the_savepoint_the_answer_would_be_lost(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """One transaction for the answer and all that follows: the error takes the answer with it."""
    row = world.only(world.due_now(cast, world.practice(cast)))
    monkeypatch.setattr(deliveries, "conclude", _breaks)
    monkeypatch.setattr(steps, "_afterwards", lambda _claim, step: step())
    with pytest.raises(Broken):
        steps.deliver(row.pk)
    assert Delivery.objects.get().state == D.SENDING
    assert len(accepted(row.channel_id)) == 1


def test_an_answer_that_cannot_be_recorded_at_all_is_read_back_later(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = world.only(world.due_now(cast, world.practice(cast)))
    with monkeypatch.context() as broken:
        broken.setattr(steps, "_values", _breaks)
        with pytest.raises(Broken):
            steps.deliver(row.pk)
    assert Delivery.objects.get().state == D.SENDING
    world.until_quiet()
    assert Delivery.objects.get().state == D.SENT
    assert len(accepted(row.channel_id)) == 1


def test_a_guard_that_always_fails_ends_as_missed_with_an_alert(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in silence: a row at which every worker fails is taken up again until it is too late, and then missed."""
    row = world.only(world.due_now(cast, world.practice(cast)))
    monkeypatch.setattr(steps.guards, "seal_matches", _breaks)
    for _n in range(3):
        world.age_leases()
        rounds.run_round()
    assert Delivery.objects.get().state == D.CLAIMED
    late = world.database_now() - world.timedelta(hours=3)
    Delivery.objects.update(due_at=late)
    Channel.objects.update(max_lateness_minutes=120)
    world.age_leases()
    rounds.run_round()
    assert (Delivery.objects.get().state, moves.fresh(row.post).state) == (D.CANCELLED, State.MISSED)
    assert list(Alert.objects.values_list("kind", flat=True)) == [AlertKind.MISSED]
    assert accepted(row.channel_id) == []
