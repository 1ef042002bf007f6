"""The whole path through the actions, on the database at hand."""

import pytest

from healthsocial.audit.models import Event
from posts.enums import DeliveryState, State
from posts.models import Delivery, LocalPublication
from tests.conftest import Cast
from tests.posts import moves

pytestmark = pytest.mark.django_db


def test_a_harmless_post_goes_from_draft_to_the_public_page(cast: Cast) -> None:
    post = moves.published(cast)
    assert post.state == State.PUBLISHED
    assert [d.state for d in Delivery.objects.filter(post=post)] == [DeliveryState.SENT]
    assert list(LocalPublication.objects.values_list("text", flat=True)) == [moves.CLEAN]
    assert list(Event.objects.filter(target_id=str(post.pk)).values_list("verb", flat=True)) == [
        "post.created",
        "version.frozen",
        "check.queued",
        "post.submit",
        "check.completed",
        "post.pass_checks",
        "post.approve",
        "delivery.planned",
        "post.schedule",
        "post.start_publishing",
        "delivery.sending",
        "delivery.sent",
        "post.finish",
    ]
