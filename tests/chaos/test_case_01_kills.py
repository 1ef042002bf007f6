"""Case 1: SIGKILL at every named point. At most one accept per delivery; every one sent, or unconfirmed with an alert."""

import pytest
from django.db import connection
from pytest_django import Settings

from healthsocial.org.models import Alert
from posts import rounds, tasks
from posts.actions import deliver as steps
from posts.enums import DeliveryState
from posts.models import Delivery
from posts.networks import practice
from posts.networks.practice import PracticeNetwork, accepted
from tests.chaos import killing, world
from tests.chaos.conftest import TOTALS
from tests.chaos.killing import LOST_CLAIM_POINTS, LOST_SENDING_POINTS, POINTS, killed
from tests.conftest import Cast
from tests.thorough import times

pytestmark = pytest.mark.usefixtures("real_connections")
D = DeliveryState


@pytest.fixture(autouse=True)
def _own_log(settings: Settings, tmp_path: object) -> None:
    settings.DATA_DIR = tmp_path


def _say(what: str, kills: int, points: int, found: world.Verdict) -> None:
    TOTALS.append(
        f"{what} on {connection.vendor}: {kills} kills at {points} points, {found.deliveries} deliveries,"
        f" {found.duplicates} duplicates, {found.losses} silent losses, {found.sent} sent,"
        f" {found.unconfirmed} unconfirmed with an alert"
    )


def test_a_worker_killed_at_every_point_doubles_and_loses_nothing(cast: Cast) -> None:
    channels = world.practice(cast, len(POINTS))
    kills = 0
    for number in range(times(4, 100)):
        post = world.due_now(cast, channels, f"Notice {number} about the flu clinic.")
        for install, row in zip(POINTS.values(), world.deliveries(post), strict=True):
            killed(lambda pk=row.pk: tasks.deliver(row_id=str(pk)), install)  # type: ignore[misc]
            kills += 1
            tasks.deliver(row_id=str(row.pk))  # the broker hands the message of the dead worker to another one
        world.until_quiet()
    found = world.all_is_well()
    # Dead between intent and call: nobody can know, so a person is asked. Everywhere else the outcome is certain.
    assert found.unconfirmed == 2 * times(4, 100)
    assert found.sent == 10 * times(4, 100)
    _say("Worker", kills, len(POINTS), found)


def test_dispatch_killed_at_every_point_doubles_and_loses_nothing(cast: Cast) -> None:
    channels = world.practice(cast, 6)
    kills = 0
    for number in range(times(1, 100)):
        world.due_now(cast, channels, f"Notice {number} about the flu clinic.")
        for name, install in POINTS.items():
            if not Delivery.objects.filter(state=D.DUE).exists():
                world.due_now(cast, channels, f"Notice {number} about the flu clinic: {name}.")
            killed(rounds.run_round, install)
            kills += 1
        for state, points in ((D.CLAIMED, LOST_CLAIM_POINTS), (D.SENDING, LOST_SENDING_POINTS)):
            for install in points.values():
                _leave_behind(cast, channels, state)
                world.age_leases()
                killed(rounds.run_round, install)
                kills += 1
        world.until_quiet()
    _say("Dispatch", kills, len(POINTS) + 6, world.all_is_well())


def _leave_behind(cast: Cast, channels: list[world.Channel], state: DeliveryState) -> None:
    """One delivery that a killed worker left in this state, if there is none."""
    if Delivery.objects.filter(state=state).exists():
        return
    row = world.only(world.due_now(cast, channels[:1]))
    point = "claim committed" if state == D.CLAIMED else "accepted, no answer yet"
    killed(lambda: steps.deliver(row.pk), POINTS[point])


def test_control_with_the_intent_after_the_call_a_kill_would_double(cast: Cast) -> None:
    """The same harness sees what happens to a careless order of the same steps."""

    def careless(row: Delivery) -> None:
        claim = steps.claim_delivery(row.pk)
        assert claim is not None
        form = steps.Order(channel=row.channel_id, key=row.idempotency_key, text="x")
        PracticeNetwork().send(form)
        steps.begin_sending(claim)  # the point of no return, recorded too late

    row = world.only(world.due_now(cast, world.practice(cast)))
    killed(lambda: careless(row), killing.after(practice, "_accept"))
    world.until_quiet()
    assert len(accepted(row.channel_id)) == 2
    assert world.verdict().duplicates == 1


def test_control_a_delivery_in_doubt_without_an_alert_counts_as_lost(cast: Cast) -> None:
    row = world.only(world.due_now(cast, world.practice(cast)))
    killed(lambda: steps.deliver(row.pk), POINTS["before the call"])
    world.until_quiet()
    assert world.verdict().losses == 0
    Alert.objects.update(resolved_at=world.database_now())
    assert world.verdict().losses == 1
    # Nobody takes such an alert away without settling the delivery; if it happens, the next round makes up for it.
    assert rounds.run_round() == {"alerts": 1}
    assert world.verdict().losses == 0
