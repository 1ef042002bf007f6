"""A stop or a switched-off channel against the planner: what is planned meanwhile is cancelled, or refused."""

from functools import partial

import pytest

from healthsocial import clock
from posts.actions import channels, crisis_stop, move
from posts.actions.channels import disable_channel, enable_channel
from posts.actions.crisis_stop import release_stop, start_stop
from posts.actions.deliver import deliver
from posts.actions.schedule import schedule
from posts.actions.settle import retry
from posts.enums import DeliveryState
from posts.models import CrisisStop, Delivery, LocalPublication, Post
from tests.conftest import Cast
from tests.posts import moves, states
from tests.races.together import at_once, codes, hold_head, in_order

pytestmark = pytest.mark.postgres


def stop(cast: Cast) -> partial[CrisisStop]:
    return partial(start_stop, by=cast.adam, scope="organisation", reason="A fire.")


def plan(cast: Cast, post: Post) -> partial[Post]:
    return partial(schedule, post.pk, by=cast.rita, slot=moves.tomorrow())


def release(cast: Cast) -> None:
    release_stop(CrisisStop.objects.get(released_at__isnull=True).pk, by=cast.adam)


def fires_by_itself(post: Post) -> bool:
    """At the slot, after everything is released (law 8: nothing does)."""
    clock.set_offset(24 * 3600 + 60)
    outcome = deliver(Delivery.objects.get(post=post).pk)
    clock.set_offset(0)
    return outcome == DeliveryState.SENT


def no_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(move, "before_planning", lambda: None)
    monkeypatch.setattr(crisis_stop, "before_stopping", lambda: None)
    monkeypatch.setattr(channels, "before_stopping", lambda: None)


def test_what_is_scheduled_during_a_stop_is_cancelled_by_it(cast: Cast) -> None:
    post = moves.approved(cast)
    assert codes(in_order(hold_head, plan(cast, post), stop(cast))) == {"Post": 1, "CrisisStop": 1}
    release(cast)
    assert Delivery.objects.get(post=post).state == DeliveryState.CANCELLED
    assert not fires_by_itself(post)
    post = moves.approved(cast)
    assert codes(in_order(hold_head, stop(cast), plan(cast, post))) == {"CrisisStop": 1, "crisis_stop": 1}
    assert not Delivery.objects.filter(post=post).exists()


def test_what_is_scheduled_while_a_channel_is_switched_off_is_cancelled(cast: Cast) -> None:
    post = moves.approved(cast)
    results = in_order(hold_head, plan(cast, post), partial(disable_channel, cast.harbor.pk, by=cast.adam))
    assert codes(results) == {"Post": 1, "Channel": 1}
    enable_channel(cast.harbor.pk, by=cast.adam)
    assert Delivery.objects.get(post=post).state == DeliveryState.CANCELLED
    assert not fires_by_itself(post)


def test_control_without_turns_it_fires_after_the_release(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    no_turns(monkeypatch)
    post = moves.approved(cast)
    assert codes(in_order(hold_head, plan(cast, post), stop(cast))) == {"Post": 1, "CrisisStop": 1}
    release(cast)
    assert fires_by_itself(post)
    assert LocalPublication.objects.count() == 1
    post = moves.approved(cast, "Another notice about the flu clinic.")
    in_order(hold_head, plan(cast, post), partial(disable_channel, cast.harbor.pk, by=cast.adam))
    enable_channel(cast.harbor.pk, by=cast.adam)
    assert fires_by_itself(post)


def test_a_retry_during_a_stop_waits_for_it(cast: Cast) -> None:
    post = states.incomplete(cast)
    results = in_order(hold_head, partial(retry, post.pk, by=cast.rita), stop(cast))
    assert codes(results) == {"Post": 1, "CrisisStop": 1}
    release(cast)
    assert not Delivery.objects.filter(post=post, state=DeliveryState.DUE).exists()


def test_the_same_stop_pressed_twice_is_one_stop(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    assert codes(at_once(*[stop(cast)] * 4)) == {"CrisisStop": 1, "stopped_already": 3}
    release(cast)
    # Control: without turns both find none in force.
    no_turns(monkeypatch)
    assert codes(in_order(hold_head, stop(cast), stop(cast))) == {"CrisisStop": 2}
