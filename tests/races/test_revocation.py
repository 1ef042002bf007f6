"""A patient takes the word back while the post is being approved, scheduled or sent. The record shows the order."""

from collections.abc import Callable
from functools import partial

import pytest

from compliance.actions.register import revoke_authorization
from compliance.models import Authorization
from healthsocial import clock
from healthsocial.org.queries import organisation
from posts import guards
from posts.actions.deliver import _call, begin_sending, claim_delivery, deliver, record_outcome
from posts.actions.leases import remove_delivery
from posts.actions.schedule import schedule
from posts.enums import DeliveryState, State
from posts.models import Delivery, LocalPublication, Post
from tests.conftest import Cast
from tests.posts import moves, people
from tests.races.together import at_once, codes, events, hold_head, hold_post, in_order, rounds, seq_of

Ready = tuple[Authorization, Post, Delivery]


def due(cast: Cast) -> Ready:
    """A patient's story that is due now."""
    record = people.authorization(cast)
    post = people.approved_story(cast, record)
    schedule(post.pk, by=cast.rita, publish_now=True)
    return record, moves.fresh(post), Delivery.objects.get(post=post)


def revoking(cast: Cast, record: Authorization) -> Callable[[], Authorization]:
    return partial(revoke_authorization, record.pk, by=cast.priya, words="They changed their mind.")


def stayed_here(post: Post) -> None:
    assert (moves.fresh(post).state, moves.fresh(post).approval) == (State.HELD, None)
    assert events(post, "delivery.sending") == []
    assert not LocalPublication.objects.filter(key=Delivery.objects.get(post=post).idempotency_key).exists()


def left_and_comes_down(record: Authorization, post: Post) -> None:
    """It left before the revocation, as the chain shows, and is taken down."""
    assert seq_of(post, "delivery.sending") < seq_of(record, "authorization.revoked")
    assert moves.fresh(post).state == State.TAKEDOWN_REQUESTED
    delivery = Delivery.objects.get(post=post)
    assert remove_delivery(delivery.pk)
    assert Delivery.objects.get(post=post).state == DeliveryState.REMOVED
    assert LocalPublication.objects.get(key=delivery.idempotency_key).removed_at is not None


def test_both_orders_step_by_step(cast: Cast) -> None:
    record, post, delivery = due(cast)
    claim = claim_delivery(delivery.pk)
    assert claim is not None
    revoking(cast, record)()
    assert begin_sending(claim) is None
    stayed_here(post)

    record, post, delivery = due(cast)
    claim = claim_delivery(delivery.pk)
    assert claim is not None
    order = begin_sending(claim)
    assert order is not None
    revoking(cast, record)()
    assert record_outcome(claim, _call(claim, order)) == DeliveryState.SENT
    left_and_comes_down(record, post)


@pytest.mark.postgres
def test_whoever_is_first_at_the_lock_decides(cast: Cast) -> None:
    record, post, delivery = due(cast)
    assert in_order(hold_post(post), revoking(cast, record), partial(deliver, delivery.pk))[1] == "stopped"
    stayed_here(post)

    record, post, delivery = due(cast)
    results = in_order(hold_post(post), partial(deliver, delivery.pk), revoking(cast, record))
    assert (results[0], codes(results)["Authorization"]) == (DeliveryState.SENT, 1)
    left_and_comes_down(record, post)


@pytest.mark.postgres
def test_control_a_look_without_the_lock_says_that_it_may_leave(cast: Cast) -> None:
    """The revocation is under way and not yet visible: only waiting for its lock shows it."""
    record, post, delivery = due(cast)
    seen: list[object] = []

    def look() -> None:
        seen.append(Authorization.objects.get(pk=record.pk).revoked_at)
        now = clock.now()
        seen.append(guards.may_leave(moves.fresh(post), delivery, cast.harbor, organisation(), now=now).reasons)

    in_order(hold_head, revoking(cast, record), then=look)
    assert seen == [None, ()]
    assert deliver(delivery.pk) == "not_ours"
    stayed_here(post)


def test_free_running_nothing_leaves_after_the_revocation(cast: Cast) -> None:
    for _n in range(rounds(4, 100)):
        record, post, delivery = due(cast)
        sent, revoked = at_once(partial(deliver, delivery.pk), revoking(cast, record))
        assert isinstance(revoked, Authorization)
        if sent == DeliveryState.SENT:
            left_and_comes_down(record, post)
        else:
            assert sent in ("stopped", "not_ours")
            stayed_here(post)


def test_revoked_twice_at_once_is_one_revocation(cast: Cast) -> None:
    record = people.authorization(cast)
    results = at_once(*[revoking(cast, record)] * 4)
    assert codes(results) == {"Authorization": 1, "revoked_already": 3}
    assert events(record, "authorization.revoked") == ["authorization.revoked"]
