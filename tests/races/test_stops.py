"""Crisis stop, hold, pull back, unschedule and a channel switched off, against the worker and against the planner."""

from collections.abc import Callable
from functools import partial

import pytest

from healthsocial.audit.log import Refused
from healthsocial.audit.models import Event
from posts.actions.channels import disable_channel
from posts.actions.crisis_stop import start_stop
from posts.actions.deliver import _call, begin_sending, claim_delivery, deliver, record_outcome
from posts.actions.hold import hold
from posts.actions.pull_back import pull_back
from posts.actions.schedule import schedule, unschedule
from posts.enums import DeliveryState, State
from posts.models import CrisisStop, Delivery, LocalPublication, Post
from tests.conftest import Cast
from tests.posts import moves
from tests.races.together import at_once, hold_post, in_order
from tests.thorough import times

Step = Callable[[], object]
ORDERLY = ("hold", "pull_back", "unschedule")  # refused once it is leaving; the others stop everything, at any time


def stops(cast: Cast, post: Post) -> dict[str, Step]:
    return {
        "hold": partial(hold, post.pk, by=cast.rita, words="A family asked us to wait."),
        "pull_back": partial(pull_back, post.pk, by=cast.alice),
        "unschedule": partial(unschedule, post.pk, by=cast.sam),
        "crisis_stop": partial(start_stop, by=cast.rita, scope="channel", channel=cast.harbor, reason="A fire."),
        "disable": partial(disable_channel, cast.harbor.pk, by=cast.adam),
    }


def lift(cast: Cast) -> None:
    """Back to a channel that publishes, for the next round."""
    CrisisStop.objects.filter(released_at__isnull=True).update(released_at="2026-01-01T00:00Z", released_by=cast.rita)
    type(cast.harbor).objects.filter(pk=cast.harbor.pk).update(is_enabled=True)


def due(cast: Cast) -> tuple[Post, Delivery]:
    post = moves.approved(cast)
    schedule(post.pk, by=cast.rita, publish_now=True)
    return post, Delivery.objects.get(post=post)


def is_public(delivery: Delivery) -> bool:
    return LocalPublication.objects.filter(key=delivery.idempotency_key).exists()


def seq(verb: str, after: int) -> int | None:
    return Event.objects.filter(verb=verb, seq__gt=after).values_list("seq", flat=True).first()


VERBS = {
    "hold": "post.hold",
    "pull_back": "post.pull_back",
    "unschedule": "post.unschedule",
    "crisis_stop": "crisis_stop.started",
    "disable": "channel.disabled",
}
NAMES = tuple(VERBS)


def test_both_orders_step_by_step(cast: Cast) -> None:
    for name in NAMES:
        lift(cast)
        post, delivery = due(cast)
        claim = claim_delivery(delivery.pk)
        assert claim is not None
        stops(cast, post)[name]()
        assert (begin_sending(claim), is_public(delivery)) == (None, False), name

        lift(cast)
        post, delivery = due(cast)
        claim = claim_delivery(delivery.pk)
        assert claim is not None
        order = begin_sending(claim)
        assert order is not None
        if name in ORDERLY:
            with pytest.raises(Refused, match="wrong_state"):
                stops(cast, post)[name]()
        else:
            stops(cast, post)[name]()
        assert record_outcome(claim, _call(claim, order)) == DeliveryState.SENT
        expected = State.PUBLISHED if name in ORDERLY else State.TAKEDOWN_REQUESTED
        assert moves.fresh(post).state == expected, name


@pytest.mark.postgres
def test_whoever_is_first_at_the_lock_decides(cast: Cast) -> None:
    for name in NAMES:
        lift(cast)
        post, delivery = due(cast)
        results = in_order(hold_post(post), stops(cast, post)[name], partial(deliver, delivery.pk))
        assert (results[1], is_public(delivery)) == ("stopped", False), name
        lift(cast)
        post, delivery = due(cast)
        results = in_order(hold_post(post), partial(deliver, delivery.pk), stops(cast, post)[name])
        assert (results[0], is_public(delivery)) == (DeliveryState.SENT, True), name
        assert isinstance(results[1], Refused) == (name in ORDERLY), name


def test_free_running_nothing_leaves_after_the_stop(cast: Cast) -> None:
    for n in range(times(5, 250)):
        name = NAMES[n % len(NAMES)]
        lift(cast)
        post, delivery = due(cast)
        before = Event.objects.order_by("-seq").values_list("seq", flat=True)[0]
        sent, stopped = at_once(partial(deliver, delivery.pk), stops(cast, post)[name])
        sending, stop = seq("delivery.sending", before), seq(VERBS[name], before)
        assert is_public(delivery) == (sent == DeliveryState.SENT) == (sending is not None), name
        if isinstance(stopped, Refused):
            assert (name in ORDERLY, stopped.reasons[0].code, sent) == (True, "wrong_state", DeliveryState.SENT)
        else:
            assert stop is not None
            assert sending is None or sending < stop, name
