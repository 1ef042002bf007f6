"""Law 5: guards return reasons: each says what stops the step and who can lift it."""

import pytest

from healthsocial import clock
from healthsocial.audit.log import Refused
from healthsocial.org.actions.update_channel import update_channel
from healthsocial.org.models import Channel
from posts.actions.approve import approve, blockers
from posts.actions.deliver import deliver
from posts.actions.edit import Content, create_post
from posts.actions.schedule import reslot, schedule
from posts.actions.submit import submit
from posts.enums import State
from posts.models import Delivery
from tests.conftest import PASSWORD, Cast
from tests.posts import moves

pytestmark = pytest.mark.django_db


def test_submit_names_everything_that_is_missing_at_once(cast: Cast) -> None:
    post = create_post(
        by=cast.alice, content=Content(title="Empty", channels=(cast.harbor.pk,), person_answer="patients")
    )
    with pytest.raises(Refused) as refused:
        submit(post.pk, by=cast.alice)
    assert [(r.code, str(r.lifted_by)) for r in refused.value.reasons] == [
        ("text_missing", "the author"),
        ("persons_missing", "the author"),
    ]


def test_a_draft_without_a_channel_is_told_so(cast: Cast) -> None:
    post = create_post(by=cast.alice, content=Content(title="No channel yet", text=moves.CLEAN))
    with pytest.raises(Refused) as refused:
        submit(post.pk, by=cast.alice)
    assert [r.code for r in refused.value.reasons] == ["channel_missing"]


def test_a_text_that_is_too_long_names_channel_limit_and_count(cast: Cast) -> None:
    Channel.objects.filter(pk=cast.harbor.pk).update(character_limit=20)
    post = moves.draft(cast, "This sentence has more than twenty characters.")
    with pytest.raises(Refused) as refused:
        submit(post.pk, by=cast.alice)
    assert refused.value.reasons[0].message == "Harbor news takes 20 characters; this has 46."


def test_the_reasons_shown_are_the_reasons_the_action_gives(cast: Cast) -> None:
    post = moves.in_review(cast, "Our new tea cures arthritis. Ask us how.", person_answer="not_sure")
    shown = [reason.code for reason in blockers(moves.fresh(post), post.created_at)]
    version = moves.fresh(post).current_version_id
    assert version is not None
    with pytest.raises(Refused) as refused:
        approve(post.pk, by=cast.rita, version_id=version, password=PASSWORD)
    if moves.fresh(post).state == "in_review":
        assert [reason.code for reason in refused.value.reasons] == shown
    assert shown
    assert "person_not_sure" in shown


def test_a_limit_lowered_after_the_approval_stops_schedule_and_delivery(cast: Cast) -> None:
    post = moves.approved(cast)
    schedule(post.pk, by=cast.rita, slot=moves.tomorrow())
    update_channel(cast.harbor, character_limit=20, max_lateness_minutes=None, by=cast.adam)
    with pytest.raises(Refused) as refused:
        reslot(post.pk, by=cast.rita, publish_now=True)
    assert [reason.code for reason in refused.value.reasons] == ["too_long"]
    delivery = Delivery.objects.get(post=post)
    Delivery.objects.filter(pk=delivery.pk).update(due_at=clock.now(), next_attempt_at=clock.now())
    assert deliver(delivery.pk) == "stopped"
    delivery.refresh_from_db()
    assert (delivery.state, delivery.error_code) == ("cancelled", "too_long")
    # The twin: with the old limit again it goes out.
    update_channel(cast.harbor, character_limit=2000, max_lateness_minutes=None, by=cast.adam)
    again = schedule if moves.fresh(post).state == State.MISSED else reslot
    again(post.pk, by=cast.rita, publish_now=True)
    assert deliver(delivery.pk) == "sent"
