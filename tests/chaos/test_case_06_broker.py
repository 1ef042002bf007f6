"""Case 6: the broker is stopped, emptied, restarted, full, or hangs during a due batch. Everything leaves, once."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from celery import Celery, current_app
from django.core.cache import caches
from django.test import Client
from django.urls import reverse
from pytest_django import Settings
from redis.backoff import NoBackoff
from redis.exceptions import OutOfMemoryError
from redis.retry import Retry

from posts import rounds, wake
from posts.actions import deliver as steps
from posts.actions.submit import submit
from posts.enums import DeliveryState, State
from posts.models import Delivery
from tests.chaos import world
from tests.chaos.broker import Broker
from tests.conftest import PASSWORD, Cast
from tests.posts import moves

pytestmark = pytest.mark.django_db
D = DeliveryState
BATCH = 6


@pytest.fixture
def broker(settings: Settings) -> Iterator[Broker]:
    with Broker() as broker:
        before = current_app._get_current_object()
        app = Celery("chaos", broker=broker.url, set_as_current=True)
        app.conf.broker_transport_options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
        settings.BROKER_CONFIGURED = True
        try:
            yield broker
        finally:
            app.close()
            before.set_current()


def _nobody_came() -> None:
    """The wake-ups were lost: more than PATIENCE passes."""
    wake.ask_again()
    Delivery.objects.filter(state=D.DUE, woken_at__isnull=False).update(
        woken_at=world.database_now() - rounds.PATIENCE * 2
    )


def _fill(broker: Broker) -> None:
    client = broker.client()
    client.config_set("maxmemory-policy", "noeviction")
    client.config_set("maxmemory", "1")
    with pytest.raises(OutOfMemoryError):
        client.set("x", "y")


def _evict(broker: Broker) -> None:
    client = broker.client()
    client.config_set("maxmemory-policy", "allkeys-random")
    client.config_set("maxmemory", "1")


def _restart(broker: Broker) -> None:
    broker.kill()
    broker.start()


HURTS: dict[str, Callable[[Broker], Any]] = {
    "stopped": Broker.kill,
    "emptied": Broker.flush,
    "restarted": _restart,
    "full": _fill,
    "evicting": _evict,
    "hanging": Broker.hang,
}


@pytest.mark.parametrize("hurt", HURTS)
def test_a_due_batch_leaves_whatever_happens_to_the_broker(cast: Cast, broker: Broker, hurt: str) -> None:
    world.due_now(cast, world.practice(cast, BATCH // 2))
    assert rounds.run_round() == {"deliveries": BATCH // 2}
    assert broker.messages() == BATCH // 2
    steps.deliver(Delivery.objects.order_by("pk")[0].pk)  # a worker took one message
    HURTS[hurt](broker)
    world.due_now(cast, world.practice(cast, BATCH // 2), "A second notice about the flu clinic.")
    begin = time.monotonic()
    rounds.run_round()
    assert time.monotonic() - begin < 5
    _nobody_came()
    rounds.run_round()
    _nobody_came()
    rounds.run_round()
    found = world.all_is_well()
    assert (found.deliveries, found.sent) == (BATCH, BATCH)


def test_control_without_polling_an_emptied_broker_loses_the_batch(cast: Cast, broker: Broker) -> None:
    world.due_now(cast, world.practice(cast, 2))
    rounds.run_round()
    broker.flush()
    assert broker.messages() == 0
    assert world.verdict().losses == 2  # what a schedule in the broker would leave


def _seconds(step: Callable[[], object]) -> float:
    begin = time.monotonic()
    step()
    return time.monotonic() - begin


def test_a_hanging_broker_does_not_hang_people(
    cast: Cast, broker: Broker, django_capture_on_commit_callbacks: Any, settings: Settings
) -> None:
    """One act in ten seconds waits a second for it; the others do not wait."""
    posts = [moves.draft(cast, f"Notice {n} about the flu clinic.") for n in range(3)]
    broker.hang()

    def act(number: int) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            submit(posts[number].pk, by=cast.alice)

    first, *later = [_seconds(lambda n=n: act(n)) for n in range(3)]  # type: ignore[misc]
    assert 0.9 < first < 3
    assert max(later) < 0.9
    world.until_quiet()
    assert [moves.fresh(post).state for post in posts] == [State.IN_REVIEW] * 3


def test_control_with_the_workers_own_limits_an_act_would_wait(cast: Cast, broker: Broker) -> None:
    """The limits of a worker's connection (30 s; two here) are what a person would wait for."""
    app = current_app._get_current_object()
    app.conf.broker_transport_options = {**app.conf.broker_transport_options, "socket_timeout": 2}
    broker.hang()
    began = time.monotonic()
    with pytest.raises(Exception, match=r"imed out|imeout"):
        app.send_task("posts.run_check", kwargs={"row_id": "x"}, retry=False)
    assert time.monotonic() - began > 1.5


def test_signing_in_does_not_wait_for_a_hanging_cache(
    cast: Cast, broker: Broker, settings: Settings, client: Client
) -> None:
    """Signing in counts tries in the cache, several times for one page."""
    redis_cache = {
        "BACKEND": "healthsocial.cache.RedisOrMemory",
        "LOCATION": f"unix://{broker.socket}?db=1",
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1, "retry": Retry(NoBackoff(), 0)},
    }
    settings.CACHES = {"default": redis_cache}
    caches["default"].set("k", 1)
    broker.hang()
    words = {"login": cast.alice.email, "password": PASSWORD}
    assert _seconds(lambda: client.post(reverse("account_login"), words)) < 4
    assert client.session["_auth_user_id"] == str(cast.alice.pk)
    assert _seconds(lambda: client.get(reverse("posts:home"))) < 1
