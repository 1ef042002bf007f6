"""Every role x every state x every transition: allowed, or refused with the right reason, and the refusal recorded.

The table below is written from the design page, not from the code.
"""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from django.db import transaction

from healthsocial.audit.log import Refused
from healthsocial.audit.models import Event, Head
from healthsocial.org.models import User
from posts.actions import close, decide, hold, pull_back, recheck, settle, takedown
from posts.actions.approve import approve
from posts.actions.move import moving
from posts.actions.schedule import reslot, schedule, unschedule
from posts.actions.submit import submit
from posts.enums import State, Transition
from posts.models import Post
from posts.models.post import edges
from tests.conftest import PASSWORD, Cast
from tests.posts import moves
from tests.posts.states import BUILD

pytestmark = pytest.mark.django_db
S, T = State, Transition

# transition -> (from, to, who by name of the cast). `system` means no person at all.
DESIGN: dict[Transition, tuple[set[State], State, set[str]]] = {
    T.SUBMIT: ({S.DRAFT, S.CHANGES_REQUESTED}, S.CHECKING, {"alice"}),
    T.PASS_CHECKS: ({S.CHECKING}, S.IN_REVIEW, {"system"}),
    T.BLOCK: ({S.CHECKING}, S.CHANGES_REQUESTED, {"system"}),
    T.RECHECK: ({S.IN_REVIEW}, S.CHECKING, {"rita", "rob", "system"}),
    T.REQUEST_CHANGES: ({S.IN_REVIEW}, S.CHANGES_REQUESTED, {"rita", "rob"}),
    T.REJECT: ({S.IN_REVIEW}, S.REJECTED, {"rita", "rob"}),
    T.APPROVE: ({S.IN_REVIEW}, S.APPROVED, {"rita", "rob"}),
    T.SCHEDULE: ({S.APPROVED, S.MISSED}, S.SCHEDULED, {"rita", "rob", "sam"}),
    T.UNSCHEDULE: ({S.SCHEDULED}, S.APPROVED, {"rita", "rob", "sam"}),
    T.RESLOT: ({S.SCHEDULED}, S.SCHEDULED, {"rita", "rob", "sam"}),
    T.PULL_BACK: (
        {S.CHECKING, S.IN_REVIEW, S.APPROVED, S.SCHEDULED, S.MISSED, S.HELD},
        S.DRAFT,
        {"alice", "rita", "rob", "system"},
    ),
    T.HOLD: ({S.APPROVED, S.SCHEDULED, S.MISSED}, S.HELD, {"rita", "rob", "priya", "system"}),
    T.RELEASE: ({S.HELD}, S.CHECKING, {"rita", "rob"}),
    T.START_PUBLISHING: ({S.SCHEDULED}, S.PUBLISHING, {"system"}),
    T.MISS: ({S.SCHEDULED, S.PUBLISHING}, S.MISSED, {"system"}),
    T.FINISH: ({S.PUBLISHING}, S.PUBLISHED, {"system"}),
    T.FALL_SHORT: ({S.PUBLISHING}, S.INCOMPLETE, {"system"}),
    T.RETRY: ({S.INCOMPLETE}, S.PUBLISHING, {"rita", "rob"}),
    T.SETTLE: ({S.INCOMPLETE}, S.PUBLISHED, {"rita", "rob"}),
    T.REQUEST_TAKEDOWN: (
        {S.PUBLISHED, S.INCOMPLETE, S.ARCHIVED},
        S.TAKEDOWN_REQUESTED,
        {"rita", "rob", "priya", "system"},
    ),
    T.CANCEL_TAKEDOWN: ({S.TAKEDOWN_REQUESTED}, S.PUBLISHED, {"rita", "rob"}),
    T.CONFIRM_TAKEDOWN: ({S.TAKEDOWN_REQUESTED}, S.WITHDRAWN, {"rita", "rob"}),
    T.DISCARD: ({S.DRAFT, S.CHANGES_REQUESTED}, S.ARCHIVED, {"alice"}),
    T.ARCHIVE: ({S.PUBLISHED, S.WITHDRAWN, S.REJECTED}, S.ARCHIVED, {"rita", "rob"}),
}
# Where role and state fit, a guard still has its say; each has its own test.
GUARDED = {(S.TAKEDOWN_REQUESTED, T.CONFIRM_TAKEDOWN): "still_public"}
# One per role, and mallory, who is an author elsewhere.
PEOPLE = ("alice", "rita", "priya", "sam", "adam", "olga", "mallory")
WORDS = "Because the page says so."

Call = Callable[[Post, User], object]


def _version(post: Post) -> UUID:
    return post.current_version_id or uuid4()


CALLS: dict[Transition, Call] = {
    T.SUBMIT: lambda p, u: submit(p.pk, by=u),
    T.RECHECK: lambda p, u: recheck.recheck(p.pk, by=u),
    T.REQUEST_CHANGES: lambda p, u: decide.request_changes(
        p.pk, by=u, version_id=_version(p), reason="other", words=WORDS
    ),
    T.REJECT: lambda p, u: decide.reject(p.pk, by=u, version_id=_version(p), reason="other", words=WORDS),
    T.APPROVE: lambda p, u: approve(p.pk, by=u, version_id=_version(p), password=PASSWORD),
    T.SCHEDULE: lambda p, u: schedule(p.pk, by=u, slot=moves.tomorrow()),
    T.UNSCHEDULE: lambda p, u: unschedule(p.pk, by=u),
    T.RESLOT: lambda p, u: reslot(p.pk, by=u, slot=moves.tomorrow()),
    T.PULL_BACK: lambda p, u: pull_back.pull_back(p.pk, by=u),
    T.HOLD: lambda p, u: hold.hold(p.pk, by=u, words=WORDS),
    T.RELEASE: lambda p, u: hold.release(p.pk, by=u),
    T.RETRY: lambda p, u: settle.retry(p.pk, by=u),
    T.SETTLE: lambda p, u: settle.settle(p.pk, by=u),
    T.REQUEST_TAKEDOWN: lambda p, u: takedown.request_takedown(p.pk, by=u, words=WORDS),
    T.CANCEL_TAKEDOWN: lambda p, u: takedown.cancel_takedown(p.pk, by=u),
    T.CONFIRM_TAKEDOWN: lambda p, u: takedown.confirm_takedown(p.pk, by=u),
    T.DISCARD: lambda p, u: close.discard(p.pk, by=u),
    T.ARCHIVE: lambda p, u: close.archive(p.pk, by=u),
}


def _as_the_system_would(transition: Transition) -> Call:
    def call(post: Post, user: User) -> object:
        with moving(transition, post.pk, by=user):
            return None

    return call


def _expected(name: str, state: State, transition: Transition) -> str:
    sources, _target, who = DESIGN[transition]
    if who == {"system"}:
        return "system_only"
    if name not in who:
        return "role_missing"
    if state not in sources:
        return "wrong_state"
    return GUARDED.get((state, transition), "done")


def _try(call: Call, post: Post, user: User, transition: Transition) -> str:
    """What came of it: `done`, or the first reason's code; the refusal must have left exactly one event."""
    before = Head.objects.values_list("seq", flat=True).get()
    try:
        call(post, user)
    except Refused as refused:
        events = list(Event.objects.filter(seq__gt=before).values_list("verb", "actor_id"))
        assert events == [(f"post.{transition.value}.refused", str(user.pk))]
        return refused.reasons[0].code
    return "done"


def test_the_machine_has_exactly_the_edges_of_the_design() -> None:
    designed = sorted(
        (t.value, s.value, target.value) for t, (sources, target, _who) in DESIGN.items() for s in sources
    )
    assert edges() == designed


@pytest.mark.parametrize("state", list(State))
def test_every_role_and_transition_in_this_state(cast: Cast, state: State) -> None:
    post = BUILD[state](cast)
    assert post.state == state
    results: dict[tuple[str, str], str] = {}
    expected: dict[tuple[str, str], str] = {}
    for transition in Transition:
        call = CALLS.get(transition) or _as_the_system_would(transition)
        for name in PEOPLE:
            expected[(name, transition.value)] = _expected(name, state, transition)
            sid = transaction.savepoint()
            results[(name, transition.value)] = _try(call, post, getattr(cast, name), transition)
            if results[(name, transition.value)] == "done":
                assert moves.fresh(post).state == DESIGN[transition][1]
            transaction.savepoint_rollback(sid)
    assert results == expected
