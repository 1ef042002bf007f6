"""Cases 2 to 5: the network accepts, and then resets, is late, says something else, or fails at the second try."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta

import pytest
from django.db import connection
from pytest_django import Settings

from healthsocial.audit.log import database_now
from healthsocial.audit.models import Event
from healthsocial.org.enums import AlertKind
from healthsocial.org.models import Alert
from posts import rounds
from posts.actions import deliver as steps
from posts.actions.leases import settle_lost_sending
from posts.actions.schedule import schedule
from posts.actions.settle import resolve_unconfirmed, retry
from posts.enums import DeliveryState, State
from posts.models import Delivery
from posts.networks import adapter_for
from tests.chaos import world
from tests.chaos.fake_network import FakeNetwork, HttpAdapter, serving
from tests.conftest import Cast
from tests.posts import moves

D = DeliveryState


class Served:
    """Puts a scripted network in the place of the practice network."""

    def __init__(self, stack: ExitStack, patch: pytest.MonkeyPatch) -> None:
        self.stack, self.patch = stack, patch

    def __call__(self, *script: str, timeout: float | None = 5.0, finds: bool = True) -> FakeNetwork:
        network = self.stack.enter_context(serving(FakeNetwork(*script, finds=finds)))
        adapter = type("Adapter", (HttpAdapter,), {"port": network.port, "timeout": timeout})
        self.patch.setattr("posts.networks.practice.PracticeNetwork", adapter)
        return network


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    with ExitStack() as stack:
        yield Served(stack, monkeypatch)


def _due(cast: Cast) -> Delivery:
    return world.only(world.due_now(cast, world.practice(cast)))


def _in_doubt(row: Delivery, code: str) -> None:
    """Unconfirmed, an open alert, the post concluded; and no round of dispatch changes that."""
    for _n in range(3):
        world.age_leases()
        rounds.run_round()
    row.refresh_from_db()
    assert (row.state, row.error_code) == (D.UNCONFIRMED, code)
    alerts = Alert.objects.filter(resolved_at=None).values_list("kind", "target_id", "code")
    assert list(alerts) == [(AlertKind.UNCONFIRMED, str(row.pk), code)]
    assert moves.fresh(row.post).state == State.INCOMPLETE


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("reset", "ConnectionResetError"),  # case 2
        ("html", "JSONDecodeError"),  # case 4: a 200 that says nothing is not a failure, and no success
        ("empty", "JSONDecodeError"),
        ("500", "KeyError"),
        ("502", "KeyError"),
    ],
)
def test_accepted_and_then_nothing_that_can_be_understood(cast: Cast, served: Served, answer: str, code: str) -> None:
    network = served(answer)
    row = _due(cast)
    assert steps.deliver(row.pk) == D.UNCONFIRMED
    _in_doubt(row, code)
    assert network.calls["send"] == 1
    assert network.accepted == ([row.idempotency_key] if answer != "502" else [])


@pytest.mark.django_db
def test_control_an_adapter_that_calls_a_reset_a_refusal_doubles(cast: Cast, served: Served) -> None:
    """What the rule guards against: the same reset, taken for "not accepted", is sent again."""
    network = served("reset", "ok")
    row = _due(cast)
    claim = steps.claim_delivery(row.pk)
    assert claim is not None
    order = steps.begin_sending(claim)
    assert order is not None
    assert isinstance(steps._call(claim, order), steps.Unknown)
    steps.record_outcome(claim, steps.Retryable("reset"))
    Delivery.objects.update(next_attempt_at=database_now())
    assert steps.deliver(row.pk) == D.SENT
    assert network.accepted == [row.idempotency_key] * 2


@pytest.mark.django_db
def test_a_late_answer_is_unknown_when_the_adapter_has_a_time_out(cast: Cast, served: Served) -> None:
    network = served("late:0.6", timeout=0.1)
    row = _due(cast)
    assert steps.deliver(row.pk) == D.UNCONFIRMED
    _in_doubt(row, "TimeoutError")
    assert network.accepted == [row.idempotency_key]


@pytest.mark.django_db
def test_an_adapter_without_a_time_out_is_cut_off(cast: Cast, served: Served, settings: Settings) -> None:
    network = served("late:3", timeout=None)
    settings.NETWORK_TIMEOUT_SECONDS = 0.3
    row = _due(cast)
    begin = time.monotonic()
    assert steps.deliver(row.pk) == D.UNCONFIRMED
    assert time.monotonic() - begin < 2.5
    _in_doubt(row, "timed_out")
    assert network.accepted == [row.idempotency_key]


@pytest.mark.django_db
def test_a_time_limit_that_an_adapter_calls_a_lost_connection_proves_nothing(
    cast: Cast, served: Served, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = served("late:3", timeout=None)

    class Careless(HttpAdapter):
        port, timeout = network.port, None

        def send(self, order: steps.Order) -> steps.Receipt:
            try:
                return super().send(order)
            except Exception as error:
                raise steps.Retryable("network") from error

    monkeypatch.setattr("posts.networks.practice.PracticeNetwork", Careless)
    settings.NETWORK_TIMEOUT_SECONDS = 0.3
    row = _due(cast)
    assert steps.deliver(row.pk) == D.UNCONFIRMED
    _in_doubt(row, "timed_out")


@pytest.mark.usefixtures("real_connections")
def test_an_answer_after_the_lease_changes_nothing_and_is_on_record(cast: Cast, served: Served) -> None:
    """In a thread nothing can cut a call off, so it outlasts its lease: others settle it, the late word is noted."""
    network = served("late:1.0", timeout=None, finds=False)
    row = _due(cast)
    results: list[str] = []

    def work() -> None:
        results.append(steps.deliver(row.pk))
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    assert network.arrived.wait(10)
    world.age_leases()
    assert settle_lost_sending(row.pk) == D.UNCONFIRMED
    thread.join(30)
    assert results == ["late"]
    _in_doubt(row, "read_back_failed:Unknown")
    assert network.accepted == [row.idempotency_key]
    late = Event.objects.get(verb="delivery.late_answer")
    assert '"outcome":"Receipt"' in late.body
    assert '"remote_id":"1"' in late.body


@pytest.mark.django_db
def test_a_process_that_slept_through_its_lease_does_not_call(cast: Cast, served: Served) -> None:
    """Stopped between intent and call, while a person looked, found nothing, and had it sent again."""
    network = served("ok")
    row = _due(cast)
    sleeper = steps.claim_delivery(row.pk)
    assert sleeper is not None
    order = steps.begin_sending(sleeper)
    assert order is not None
    world.age_leases()
    assert settle_lost_sending(row.pk) == D.UNCONFIRMED
    resolve_unconfirmed(row.pk, by=cast.rita, arrived=False, proof="It is not on the page.")
    schedule(row.post_id, by=cast.rita, publish_now=True)
    assert steps.deliver(row.pk) == D.SENT
    assert network.accepted == [row.idempotency_key]
    outcome = steps._call(sleeper, order)
    assert isinstance(outcome, steps.Retryable)
    assert steps.keep_outcome(sleeper, outcome) == "late"
    assert network.accepted == [row.idempotency_key]
    # The twin: without asking for the lease, the sleeper would have sent it a second time.
    adapter_for(row.channel.network).send(order)
    assert network.accepted == [row.idempotency_key] * 2


@pytest.mark.django_db
@pytest.mark.parametrize("answer", ["500", "reset", "html"])
def test_a_failure_at_the_second_try_of_a_key_is_not_a_refusal(cast: Cast, served: Served, answer: str) -> None:
    """Case 5: first told to wait (429), then something else with the same key."""
    network = served("429", answer)
    row = _due(cast)
    assert steps.deliver(row.pk) == D.DUE
    assert network.accepted == []
    Delivery.objects.update(next_attempt_at=database_now() - timedelta(seconds=1))
    assert steps.deliver(row.pk) == D.UNCONFIRMED
    codes = {"500": "KeyError", "reset": "ConnectionResetError", "html": "JSONDecodeError"}
    _in_doubt(row, codes[answer])
    assert network.calls["send"] == 2
    assert network.accepted == [row.idempotency_key]


@pytest.mark.django_db
@pytest.mark.parametrize(("finds", "state"), [(True, D.SENT), (False, D.UNCONFIRMED)])
def test_a_lost_worker_is_settled_by_reading_back(cast: Cast, served: Served, finds: bool, state: str) -> None:
    network = served("ok", finds=finds)
    row = _due(cast)
    claim = steps.claim_delivery(row.pk)
    assert claim is not None
    order = steps.begin_sending(claim)
    assert order is not None
    assert isinstance(steps._call(claim, order), steps.Receipt)
    world.age_leases()
    assert rounds.run_round()["lost_sendings"] == 1
    row.refresh_from_db()
    assert row.state == state
    assert (network.calls["send"], network.calls["find"]) == (1, 1)


@pytest.mark.django_db
def test_what_a_person_found_missing_is_sent_once_more_and_only_then(cast: Cast, served: Served) -> None:
    network = served("502", "ok")
    first, second = world.practice(cast, 2)
    post = world.due_now(cast, [first, second])
    one, two = world.deliveries(post)
    assert [steps.deliver(one.pk), steps.deliver(two.pk)] == [D.UNCONFIRMED, D.SENT]
    resolve_unconfirmed(one.pk, by=cast.rita, arrived=False, proof="It is not on the page.")
    retry(post.pk, by=cast.rita)
    world.until_quiet()
    assert sorted(network.accepted) == sorted([one.idempotency_key, two.idempotency_key])
    assert moves.fresh(post).state == State.PUBLISHED
