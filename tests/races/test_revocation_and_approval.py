"""The same while somebody approves or schedules the post: an approval never stands on a record that was taken back."""

from collections.abc import Callable
from functools import partial

import pytest

from compliance import coverage
from healthsocial.audit.log import Refused
from posts.actions.approve import approve
from posts.actions.schedule import schedule
from posts.enums import DeliveryState, State
from posts.models import Delivery, Post
from tests.conftest import PASSWORD, Cast
from tests.posts import moves, people
from tests.races.test_revocation import revoking
from tests.races.together import codes, hold_head, in_order

pytestmark = pytest.mark.postgres


def approving(cast: Cast, post: Post) -> Callable[[], Post]:
    version = post.current_version_id
    assert version is not None
    return partial(approve, post.pk, by=cast.rita, version_id=version, password=PASSWORD)


def test_approving_and_scheduling_during_the_revocation(cast: Cast) -> None:
    for approve_first in (True, False):
        record = people.authorization(cast)
        post, ready = people.story(cast, record), people.approved_story(cast, record)
        plan = partial(schedule, ready.pk, by=cast.rita, slot=moves.tomorrow())
        acts = [approving(cast, post), plan]
        revoke = revoking(cast, record)
        results = in_order(hold_head, *acts, revoke) if approve_first else in_order(hold_head, revoke, *acts)
        refused = {r.reasons[0].code for r in results if isinstance(r, Refused)}
        assert refused == (set() if approve_first else {"uncovered_revoked", "wrong_state"})
        assert moves.fresh(post).state == (State.HELD if approve_first else State.IN_REVIEW)
        assert moves.fresh(ready).state == State.HELD
        assert not Delivery.objects.filter(state=DeliveryState.DUE).exists()


def test_control_without_the_lock_the_approval_stands_on_a_revoked_record(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coverage, "lock", lambda ids: [])
    record = people.authorization(cast)
    post = people.story(cast, record)
    assert codes(in_order(hold_head, revoking(cast, record), approving(cast, post))) == {"Authorization": 1, "Post": 1}
    assert moves.fresh(post).state == State.APPROVED
