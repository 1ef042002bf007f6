"""Law 8: a crisis stop changes no post's state; on release nothing fires by itself."""

import pytest

from healthsocial import clock
from healthsocial.audit.log import Denied, Refused
from posts import rounds
from posts.actions.approve import approve
from posts.actions.crisis_stop import release_stop, start_stop
from posts.actions.schedule import reslot, schedule
from posts.enums import DeliveryState, State
from posts.models import Delivery, LocalPublication, Post
from tests.conftest import PASSWORD, Cast, give
from tests.posts import moves

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_broker(settings: object) -> None:
    settings.BROKER_CONFIGURED = False  # type: ignore[attr-defined]


def _stop(cast: Cast, **values: object) -> object:
    return start_stop(by=cast.rita, scope="group", group=cast.harbor.group, reason="Incident on site", **values)  # type: ignore[arg-type]


def _time_comes(post: Post) -> None:
    now = clock.now()
    Post.objects.filter(pk=post.pk).update(slot_at=now)
    Delivery.objects.filter(post=post).update(due_at=now, next_attempt_at=now)


def test_it_cancels_unsent_deliveries_and_leaves_the_post_scheduled(cast: Cast) -> None:
    post = moves.scheduled(cast)
    _stop(cast)
    assert moves.fresh(post).state == State.SCHEDULED
    assert Delivery.objects.get(post=post).state == DeliveryState.CANCELLED


def test_schedule_refuses_while_it_lasts_and_the_approval_can_still_be_given(cast: Cast) -> None:
    post = moves.in_review(cast)
    _stop(cast)
    assert post.current_version_id is not None
    approve(post.pk, by=cast.rita, version_id=post.current_version_id, password=PASSWORD)
    with pytest.raises(Refused) as refused:
        schedule(post.pk, by=cast.rita, slot=moves.tomorrow())
    assert refused.value.reasons[0].code == "crisis_stop"


def test_on_release_nothing_fires_and_what_lost_its_slot_is_missed(cast: Cast) -> None:
    post = moves.scheduled(cast)
    stop = _stop(cast)
    _time_comes(post)
    release_stop(stop.pk, by=cast.rita)  # type: ignore[attr-defined]
    rounds.run_round()
    assert moves.fresh(post).state == State.MISSED
    assert not LocalPublication.objects.exists()


def test_after_release_a_person_confirms_the_time(cast: Cast) -> None:
    post = moves.scheduled(cast)
    stop = _stop(cast)
    release_stop(stop.pk, by=cast.rita)  # type: ignore[attr-defined]
    assert Delivery.objects.get(post=post).state == DeliveryState.CANCELLED
    reslot(post.pk, by=cast.sam, publish_now=True)
    rounds.run_round()
    assert moves.fresh(post).state == State.PUBLISHED


def test_emergency_posts_go_on_when_the_stop_says_so(cast: Cast) -> None:
    post = moves.scheduled(cast, emergency=True)
    other = moves.scheduled(cast, "The garden club meets on Monday.")
    _stop(cast, emergency_goes_on=True)
    for each in (post, other):
        _time_comes(each)
    rounds.run_round()
    assert (moves.fresh(post).state, moves.fresh(other).state) == (State.PUBLISHED, State.MISSED)


def test_other_groups_go_on(cast: Cast) -> None:
    give(cast.alice, "author", channel=cast.other)  # type: ignore[arg-type]
    give(cast.rita, "compliance_officer", channel=cast.other)  # type: ignore[arg-type]
    post = moves.scheduled(cast, channels=(cast.other.pk,))
    _stop(cast)
    _time_comes(post)
    rounds.run_round()
    assert moves.fresh(post).state == State.PUBLISHED


def test_who_may_stop_what(cast: Cast) -> None:
    with pytest.raises(Denied):
        start_stop(by=cast.rita, scope="organisation", reason="Incident")
    with pytest.raises(Denied):
        start_stop(by=cast.alice, scope="channel", channel=cast.harbor, reason="Incident")
    assert start_stop(by=cast.adam, scope="organisation", reason="Incident").scope == "organisation"
