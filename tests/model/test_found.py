"""What the model found, told as short stories: each failed before its mend."""

import pytest

from compliance.models import Finding
from healthsocial.audit.log import Denied, Refused
from healthsocial.audit.models import Event
from healthsocial.org.models import Alert, Channel
from posts.actions import deliver as steps
from posts.actions.answer import answer
from posts.actions.channels import disable_channel
from posts.actions.copy import copy_post
from posts.actions.crisis_stop import start_stop
from posts.actions.hold import hold
from posts.actions.schedule import schedule
from posts.enums import DeliveryState, State
from posts.models import Delivery
from posts.networks.base import Receipt
from tests.conftest import Cast
from tests.posts import moves, people, states

pytestmark = pytest.mark.django_db


def test_a_refused_copy_leaves_its_refusal(cast: Cast) -> None:
    post = moves.draft(cast)
    with pytest.raises(Denied):
        copy_post(post, by=cast.mallory)
    newest = Event.objects.order_by("-seq")[0]
    assert (newest.verb, newest.actor_id, newest.target_id) == (
        "post.created.refused",
        str(cast.mallory.pk),
        str(post.pk),
    )


def test_an_authorization_answers_only_what_an_authorization_can_clear(cast: Cast) -> None:
    record = people.authorization(cast)
    post = people.story(cast, record, text="A guaranteed cure for you.")
    assert post.state == State.CHANGES_REQUESTED
    finding = Finding.objects.get(run__thread=post.pk, severity="block")
    with pytest.raises(Refused) as refused:
        answer(post.pk, finding.pk, by=cast.alice, side="author", kind="authorised", authorization_id=record.pk)
    assert [reason.code for reason in refused.value.reasons] == ["authorization_clears_nothing"]


def test_what_left_during_a_stop_comes_down_however_its_round_ends(cast: Cast) -> None:
    """One channel is stopped while it is leaving; the round is ended later by switching the other channel off."""
    post = moves.approved(cast, channels=(cast.harbor.pk, cast.heart.pk))
    schedule(post.pk, by=cast.rita, publish_now=True)
    claim = steps.claim_delivery(Delivery.objects.get(post=post, channel=cast.harbor).pk)
    assert claim is not None
    assert steps.begin_sending(claim) is not None
    start_stop(by=cast.rita, scope="channel", channel=cast.harbor, reason="Incident on site")
    steps.record_outcome(claim, Receipt("1"))
    assert moves.fresh(post).state == State.PUBLISHING
    disable_channel(cast.heart.pk, by=cast.adam)
    after = moves.fresh(post)
    assert (after.state, after.reason_code) == (State.TAKEDOWN_REQUESTED, "left_while_stopped")
    assert sorted(Delivery.objects.filter(post=post).values_list("state", flat=True)) == [
        DeliveryState.CANCELLED,
        DeliveryState.SENT,
    ]


def test_a_missed_post_that_is_held_is_no_longer_an_alert_of_its_slot(cast: Cast) -> None:
    post = states.missed(cast)
    open_alerts = Alert.objects.filter(resolved_at__isnull=True)
    assert list(open_alerts.values_list("kind", flat=True)) == ["missed"]
    Channel.objects.filter(pk=cast.harbor.pk).update(is_enabled=True)
    hold(post.pk, by=cast.rita, words="A family asked us to wait.")
    assert not open_alerts.exists()
