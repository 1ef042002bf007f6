"""Law 7: the irreversible call is made at most once per attempt, after its intent is committed."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, transaction

from compliance.actions.register import revoke_authorization
from healthsocial.audit.models import Event
from healthsocial.org.models import Alert, Channel
from posts import rounds
from posts.actions import deliver as steps
from posts.actions.crisis_stop import start_stop
from posts.actions.hold import hold
from posts.actions.leases import return_lost_claim, settle_lost_sending
from posts.actions.pull_back import pull_back
from posts.actions.schedule import schedule, unschedule
from posts.actions.settle import resolve_unconfirmed, retry, settle
from posts.enums import DeliveryState, State
from posts.models import Delivery, LocalPublication, Post
from posts.networks.base import Permanent, Receipt, Retryable, Unknown
from posts.networks.practice import accepted
from tests.conftest import Cast
from tests.posts import moves, people

pytestmark = pytest.mark.django_db
D = DeliveryState


def _practice(cast: Cast, mode: str = "accept") -> Channel:
    return Channel.objects.create(
        group=cast.harbor.group,
        name=f"Practice {mode}",
        slug=f"practice-{mode}",
        network="practice",
        practice_mode=mode,
    )


def _due(cast: Cast, *channels: Channel) -> tuple[Post, Delivery]:
    post = moves.approved(cast, channels=tuple(c.pk for c in channels) or (cast.harbor.pk,))
    schedule(post.pk, by=cast.rita, publish_now=True)
    return moves.fresh(post), Delivery.objects.filter(post=post).order_by("channel__name")[0]


def _claimed(cast: Cast, *channels: Channel) -> tuple[Post, steps.Claim]:
    post, delivery = _due(cast, *channels)
    claim = steps.claim_delivery(delivery.pk)
    assert claim is not None
    return post, claim


def _state(claim: steps.Claim) -> tuple[str, str]:
    row = Delivery.objects.get(pk=claim.delivery)
    return row.state, row.error_code


def test_two_claims_have_one_winner(cast: Cast) -> None:
    _post, delivery = _due(cast)
    assert steps.claim_delivery(delivery.pk) is not None
    assert steps.claim_delivery(delivery.pk) is None


def test_the_same_message_three_times_sends_once(cast: Cast) -> None:
    channel = _practice(cast)
    _post, delivery = _due(cast, channel)
    assert [steps.deliver(delivery.pk) for _n in range(3)] == [D.SENT, "not_ours", "not_ours"]
    assert len(accepted(channel.pk)) == 1


def test_the_intent_is_committed_before_the_call(cast: Cast) -> None:
    """A network that fails in the middle leaves `sending` and its event behind."""
    _post, claim = _claimed(cast)
    order = steps.begin_sending(claim)
    assert order is not None
    assert _state(claim) == (D.SENDING, "")
    assert list(Event.objects.order_by("-seq").values_list("verb", flat=True)[:2]) == [
        "delivery.sending",
        "post.start_publishing",
    ]


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Receipt("1"), D.SENT),
        (Permanent("refused"), D.FAILED),
        (Retryable("429"), D.DUE),
        (Unknown("timeout"), D.UNCONFIRMED),
    ],
)
def test_only_proof_of_refusal_leads_to_another_try(cast: Cast, outcome: object, state: str) -> None:
    _post, claim = _claimed(cast)
    assert steps.begin_sending(claim) is not None
    assert steps.record_outcome(claim, outcome) == state  # type: ignore[arg-type]
    assert _state(claim)[0] == state


def test_an_unexpected_answer_is_unknown_and_is_never_sent_again(cast: Cast) -> None:
    channel = _practice(cast, "no_answer")
    post, delivery = _due(cast, channel)
    assert steps.deliver(delivery.pk) == D.UNCONFIRMED
    for _n in range(3):
        rounds.run_round()
    assert len(accepted(channel.pk)) == 1
    assert moves.fresh(post).state == State.INCOMPLETE
    assert list(Alert.objects.values_list("kind", flat=True)) == ["unconfirmed"]


def test_a_late_answer_of_a_lost_lease_changes_nothing(cast: Cast) -> None:
    _post, claim = _claimed(cast)
    assert steps.begin_sending(claim) is not None
    assert steps.record_outcome(claim, Unknown("timeout")) == D.UNCONFIRMED
    assert steps.record_outcome(claim, Receipt("late")) == "late"
    assert _state(claim) == (D.UNCONFIRMED, "timeout")


def test_an_old_fence_cannot_begin_or_record(cast: Cast) -> None:
    _post, claim = _claimed(cast)
    Delivery.objects.filter(pk=claim.delivery).update(lease_until=datetime.now(UTC) - timedelta(seconds=1))
    assert return_lost_claim(claim.delivery)
    newer = steps.claim_delivery(claim.delivery)
    assert newer is not None
    assert steps.begin_sending(claim) is None
    assert steps.begin_sending(newer) is not None


@pytest.mark.parametrize(("arrived", "state"), [(True, D.SENT), (False, D.UNCONFIRMED)])
def test_a_dead_lease_in_sending_is_read_back_never_resent(cast: Cast, arrived: bool, state: str) -> None:
    channel = _practice(cast)
    _post, claim = _claimed(cast, channel)
    order = steps.begin_sending(claim)
    assert order is not None
    if arrived:
        from posts.networks.practice import PracticeNetwork

        PracticeNetwork().send(order)
    assert settle_lost_sending(claim.delivery) == "not_ours"  # the lease still runs
    Delivery.objects.filter(pk=claim.delivery).update(lease_until=datetime.now(UTC) - timedelta(seconds=1))
    assert settle_lost_sending(claim.delivery) == state
    assert len(accepted(channel.pk)) == int(arrived)


def _stop_everything(cast: Cast, post: Post, how: str) -> None:
    if how == "crisis_stop":
        start_stop(by=cast.rita, scope="group", group=cast.harbor.group, reason="Incident on site")
    elif how == "hold":
        hold(post.pk, by=cast.rita, words="Wait for the pharmacy.")
    elif how == "pull_back":
        pull_back(post.pk, by=cast.alice)
    elif how == "unschedule":
        unschedule(post.pk, by=cast.sam)
    elif how == "channel_disabled":
        from posts.actions.channels import disable_channel

        disable_channel(cast.harbor.pk, by=cast.adam)


@pytest.mark.parametrize("how", ["crisis_stop", "hold", "pull_back", "unschedule", "channel_disabled"])
def test_what_is_stopped_between_claim_and_intent_does_not_leave(cast: Cast, how: str) -> None:
    post, claim = _claimed(cast)
    _stop_everything(cast, post, how)
    assert _state(claim)[0] == D.CANCELLED
    assert steps.begin_sending(claim) is None
    assert not LocalPublication.objects.exists()


def test_a_revocation_between_claim_and_intent_stops_it(cast: Cast) -> None:
    record = people.authorization(cast)
    post = people.approved_story(cast, record)
    schedule(post.pk, by=cast.rita, publish_now=True)
    claim = steps.claim_delivery(Delivery.objects.get(post=post).pk)
    assert claim is not None
    revoke_authorization(record.pk, by=cast.priya, words="withdrawn by phone")
    assert steps.begin_sending(claim) is None
    assert (moves.fresh(post).state, moves.fresh(post).reason_code) == (State.HELD, "authorization_ended")


def test_without_the_row_the_stop_would_come_too_late(cast: Cast) -> None:
    """The twin: a stop that finds the row in `sending` cannot call it back; it gets a takedown instead."""
    post, claim = _claimed(cast)
    order = steps.begin_sending(claim)
    assert order is not None
    start_stop(by=cast.rita, scope="group", group=cast.harbor.group, reason="Incident on site")
    assert _state(claim)[0] == D.SENDING
    assert steps.record_outcome(claim, Receipt("1")) == D.SENT
    after = moves.fresh(post)
    assert (after.state, after.reason_code) == (State.TAKEDOWN_REQUESTED, "left_while_stopped")


def test_a_revocation_after_publication_takes_the_post_down(cast: Cast) -> None:
    record = people.authorization(cast)
    post = people.approved_story(cast, record)
    schedule(post.pk, by=cast.rita, publish_now=True)
    steps.deliver(Delivery.objects.get(post=post).pk)
    revoke_authorization(record.pk, by=cast.priya, words="withdrawn by phone")
    assert moves.fresh(post).state == State.TAKEDOWN_REQUESTED
    rounds.run_round()
    assert Delivery.objects.get(post=post).state == D.REMOVED
    assert LocalPublication.objects.get().removed_at is not None


def test_retry_touches_only_what_failed(cast: Cast) -> None:
    channel = _practice(cast, "refuse")
    post = moves.approved(cast, channels=(cast.harbor.pk, channel.pk))
    schedule(post.pk, by=cast.rita, publish_now=True)
    for delivery in Delivery.objects.filter(post=post):
        steps.deliver(delivery.pk)
    assert moves.fresh(post).state == State.INCOMPLETE
    Channel.objects.filter(pk=channel.pk).update(practice_mode="accept")
    retry(post.pk, by=cast.rita)
    for delivery in Delivery.objects.filter(post=post):
        steps.deliver(delivery.pk)
    assert moves.fresh(post).state == State.PUBLISHED
    assert list(Delivery.objects.filter(post=post).values_list("attempt", flat=True).order_by("attempt")) == [1, 2]
    assert LocalPublication.objects.count() == 1


def test_an_unconfirmed_delivery_is_settled_by_a_person_with_proof(cast: Cast) -> None:
    channel = _practice(cast, "no_answer")
    post, delivery = _due(cast, channel)
    steps.deliver(delivery.pk)
    resolve_unconfirmed(delivery.pk, by=cast.rita, arrived=True, proof="I see it on the page.")
    settle(post.pk, by=cast.rita)
    assert moves.fresh(post).state == State.PUBLISHED
    assert not Alert.objects.filter(resolved_at__isnull=True).exists()


def test_illegal_moves_of_a_delivery_are_refused_by_the_database(cast: Cast) -> None:
    _post, delivery = _due(cast)
    with pytest.raises(DatabaseError), transaction.atomic():
        Delivery.objects.filter(pk=delivery.pk).update(state=D.SENT, sent_at=datetime.now(UTC))
