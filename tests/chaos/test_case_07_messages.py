"""Cases 7 and 11: every message three times, in any order, to several workers at once; two dispatchers beside them."""

import random
from collections.abc import Callable

import pytest
from pytest_django import Settings

from posts import rounds, tasks
from posts.enums import DeliveryState
from posts.models import Delivery
from posts.networks.base import Order
from posts.networks.practice import PracticeNetwork, accepted
from tests.chaos import world
from tests.chaos.killing import ended, start_child
from tests.conftest import Cast
from tests.thorough import times

pytestmark = pytest.mark.usefixtures("real_connections")
D = DeliveryState


@pytest.fixture(autouse=True)
def _own_log(settings: Settings, tmp_path: object) -> None:
    settings.DATA_DIR = tmp_path


def _worker(messages: list[str], seed: int) -> Callable[[], None]:
    """Takes every message three times, in an order of its own."""

    def work() -> None:
        order = messages * 3
        random.Random(seed).shuffle(order)
        for row_id in order:
            tasks.deliver(row_id=row_id)

    return work


def test_messages_thrice_reordered_to_two_workers_at_once_are_one_accept(cast: Cast) -> None:
    world.due_now(cast, world.practice(cast, times(8, 30)))
    messages = [str(pk) for pk in Delivery.objects.values_list("pk", flat=True)]
    children = [start_child(_worker(messages, seed)) for seed in range(2)]
    assert [ended(pid) for pid in children] == [0, 0]
    assert set(Delivery.objects.values_list("state", flat=True)) == {D.SENT}
    assert world.all_is_well().sent == len(messages)


def test_two_dispatchers_and_four_workers_on_one_second(cast: Cast) -> None:
    """1,000 deliveries of one second in the long form: 40 posts to 25 channels."""
    channels = world.practice(cast, times(4, 25))
    for number in range(times(3, 40)):
        world.due_now(cast, channels, f"Notice {number} about the flu clinic.")
    messages = [str(pk) for pk in Delivery.objects.values_list("pk", flat=True)]
    steps: list[Callable[[], object]] = [_worker(messages, seed) for seed in range(4)]
    steps += [rounds.run_round, rounds.run_round]
    children = [start_child(step) for step in steps]
    assert [ended(pid) for pid in children] == [0] * 6
    world.until_quiet()
    found = world.all_is_well()
    assert (found.deliveries, found.sent) == (len(messages), len(messages))


def test_control_workers_that_do_not_claim_would_send_each_message_again(cast: Cast) -> None:
    row = world.only(world.due_now(cast, world.practice(cast)))

    def careless() -> None:
        for _n in range(3):
            PracticeNetwork().send(Order(row.channel_id, row.idempotency_key, "x"))

    children = [start_child(careless) for _n in range(2)]
    assert [ended(pid) for pid in children] == [0, 0]
    assert len(accepted(row.channel_id)) == 6
