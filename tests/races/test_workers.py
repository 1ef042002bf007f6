"""Two workers and two dispatchers on the same due deliveries: each is accepted once, and nobody stumbles over another."""

import logging
import random
import threading
from collections import Counter
from uuid import UUID

import pytest
from pytest_django import Settings

from healthsocial.audit.models import Event
from healthsocial.audit.verify import verify_chain
from healthsocial.org.models import Channel
from posts import tasks
from posts.actions.deliver import Claim, claim_delivery, deliver
from posts.actions.schedule import schedule
from posts.enums import DeliveryState, State
from posts.models import Delivery, LocalPublication, Post
from posts.networks.practice import accepted
from posts.rounds import run_round
from tests.conftest import Cast
from tests.posts import moves
from tests.races.together import at_once, rounds

CHANNELS = 20  # of every post: deliveries of one post also compete for its row


def due_at_the_same_second(cast: Cast, count: int) -> tuple[list[UUID], list[Channel]]:
    channels = Channel.objects.bulk_create(
        [
            Channel(group=cast.harbor.group, name=f"Practice {n}", slug=f"practice-{n}", network="practice")
            for n in range(CHANNELS)
        ]
    )
    for n in range(count // CHANNELS):
        post = moves.approved(
            cast, f"Notice number {n} about the flu clinic.", channels=tuple(channel.pk for channel in channels)
        )
        schedule(post.pk, by=cast.rita, publish_now=True)
    return list(Delivery.objects.values_list("pk", flat=True)), list(channels)


def test_two_workers_and_two_dispatchers_publish_each_once(
    cast: Cast, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.BROKER_CONFIGURED = False  # a dispatcher then does the work itself; the workers are woken here
    count = rounds(200, 1000) // CHANNELS * CHANNELS
    ids, channels = due_at_the_same_second(cast, count)

    def worker() -> Counter[str]:
        mine = random.sample(ids, len(ids))
        return Counter(tasks.deliver(row_id=str(pk)) for pk in mine)

    def dispatcher() -> int:
        rounds = 0
        while Delivery.objects.filter(state=DeliveryState.DUE).exists():
            run_round()
            rounds += 1
        return rounds

    with caplog.at_level(logging.ERROR):
        results = at_once(worker, worker, dispatcher, dispatcher)
    assert [type(result) for result in results] == [Counter, Counter, int, int], results
    assert [record.getMessage() for record in caplog.records] == []
    keys = [entry["key"] for channel in channels for entry in accepted(channel.pk)]
    assert sorted(keys) == sorted(Delivery.objects.values_list("idempotency_key", flat=True))
    assert len(keys) == len(set(keys)) == count
    assert set(Delivery.objects.values_list("state", flat=True)) == {DeliveryState.SENT}
    assert Delivery.objects.values("channel", "remote_id").distinct().count() == count
    assert set(Post.objects.values_list("state", flat=True)) == {State.PUBLISHED}
    sending = Event.objects.filter(verb="delivery.sending").count()
    assert (sending, Event.objects.filter(verb="delivery.sent").count()) == (count, count)
    assert verify_chain().ok


def test_four_workers_on_one_delivery(cast: Cast) -> None:
    post = moves.approved(cast)
    schedule(post.pk, by=cast.rita, publish_now=True)
    pk = Delivery.objects.get(post=post).pk
    outcomes = at_once(*[lambda: deliver(pk)] * 4)
    assert Counter(outcomes) == {DeliveryState.SENT: 1, "not_ours": 3}
    assert LocalPublication.objects.count() == 1


def test_control_without_the_conditional_update_several_would_claim(cast: Cast) -> None:
    post = moves.approved(cast)
    schedule(post.pk, by=cast.rita, publish_now=True)
    pk = Delivery.objects.get(post=post).pk
    gate = threading.Barrier(4)

    def careless() -> bool:
        seen = Delivery.objects.get(pk=pk).state
        gate.wait(timeout=30)
        return seen == DeliveryState.DUE

    assert at_once(*[careless] * 4) == [True] * 4
    claims = at_once(*[lambda: claim_delivery(pk)] * 4)
    assert [isinstance(claim, Claim) for claim in claims].count(True) == 1
