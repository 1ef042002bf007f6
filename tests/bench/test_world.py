"""Rows written in bulk are those that the actions would have written: the actions go on with them."""

from datetime import timedelta

import pytest

from healthsocial import clock
from posts.actions.approve import approve
from posts.actions.deliver import deliver
from posts.enums import DeliveryState, State
from posts.models import Delivery, Post
from tests.bench import world


@pytest.mark.django_db
def test_posts_written_in_bulk_can_be_published_approved_and_multiplied() -> None:
    cast = world.people()
    due = clock.now() - timedelta(seconds=1)
    scheduled, in_review = world.write(cast, [State.SCHEDULED, State.IN_REVIEW], due=due)
    world.multiply(2)
    assert {state: Post.objects.filter(state=state).count() for state in (State.SCHEDULED, State.IN_REVIEW)} == {
        State.SCHEDULED: 3,
        State.IN_REVIEW: 3,
    }
    assert deliver(Delivery.objects.get(post=scheduled).pk) == DeliveryState.SENT
    version = Post.objects.get(pk=in_review).current_version_id
    assert version is not None
    approve(in_review, by=cast.officer, version_id=version, password=world.PASSWORD)
    assert Post.objects.get(pk=in_review).state == State.APPROVED
