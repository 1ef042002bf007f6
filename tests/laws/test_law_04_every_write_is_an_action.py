"""Law 4: every write is an action: one transaction, its events last; a refusal leaves one event of its own."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from healthsocial.audit.log import Actor, Reason, Refused, UnrecordedAct, action
from healthsocial.audit.models import Event
from healthsocial.org.models import ChannelGroup, User
from posts.actions.approve import approve
from posts.actions.schedule import schedule
from posts.actions.submit import submit
from posts.enums import State
from tests.conftest import PASSWORD, Cast
from tests.posts import moves, people

pytestmark = pytest.mark.django_db
ACTOR = Actor("command", "", "test")


def _verbs() -> list[str]:
    return list(Event.objects.order_by("seq").values_list("verb", flat=True))


def test_no_event_no_act() -> None:
    with pytest.raises(UnrecordedAct), action("thing.done", actor=ACTOR):
        ChannelGroup.objects.create(name="Written without an event")
    assert not ChannelGroup.objects.exists()


def test_a_refused_act_rolls_back_and_leaves_one_event() -> None:
    def refused_act() -> None:
        with action("thing.done", actor=ACTOR) as act:
            ChannelGroup.objects.create(name="Refused later")
            act.record("thing.done")
            raise Refused(Reason("not_now", "Not now."))

    with pytest.raises(Refused):
        refused_act()
    assert not ChannelGroup.objects.exists()
    assert list(Event.objects.values_list("verb", "body")) == [("thing.done.refused", Event.objects.get().body)]
    assert '"reasons":["not_now"]' in Event.objects.get().body


def test_an_error_rolls_back_act_and_events() -> None:
    def broken_act() -> None:
        with action("thing.done", actor=ACTOR) as act:
            ChannelGroup.objects.create(name="Broken later")
            act.record("thing.done")
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        broken_act()
    assert not ChannelGroup.objects.exists()
    assert _verbs() == []


@contextmanager
def _outer() -> Iterator[None]:
    with action("outer.done", actor=ACTOR) as outer:
        outer.record("outer.done")
        yield


def test_nested_actions_join_the_outer_transaction() -> None:
    with _outer(), action("inner.done", actor=ACTOR) as inner:
        inner.record("inner.done")
    assert _verbs() == ["outer.done", "inner.done"]


def test_a_refused_inner_action_refuses_the_outer_one_with_one_event() -> None:
    with pytest.raises(Refused), _outer(), action("inner.done", actor=ACTOR):
        raise Refused(Reason("not_now", "Not now."))
    assert _verbs() == ["outer.done.refused"]


def test_approve_and_schedule_are_one_act(cast: Cast) -> None:
    post = moves.in_review(cast)
    assert post.current_version_id is not None
    cast.harbor.sick_reason = "key expired"
    cast.harbor.save()
    with pytest.raises(Refused) as refused:
        approve(post.pk, by=cast.rita, version_id=post.current_version_id, password=PASSWORD, slot=moves.tomorrow())
    assert [reason.code for reason in refused.value.reasons] == ["channel_sick"]
    assert moves.fresh(post).state == State.IN_REVIEW
    assert _verbs()[-1] == "post.approve.refused"


def test_the_person_is_read_again_inside_the_transaction(cast: Cast) -> None:
    post = moves.draft(cast)
    stale = User.objects.get(pk=cast.alice.pk)
    User.objects.filter(pk=cast.alice.pk).update(is_active=False, deactivated_at=post.created_at)
    with pytest.raises(Refused) as refused:
        submit(post.pk, by=stale)
    assert refused.value.reasons[0].code == "role_missing"


def test_locks_are_taken_in_one_order(cast: Cast) -> None:
    """Authorizations, posts, deliveries, audit head."""
    post = people.approved_story(cast)
    with CaptureQueriesContext(connection) as captured:
        schedule(post.pk, by=cast.rita, slot=moves.tomorrow())
    statements = [query["sql"] for query in captured]
    first = [
        next(number for number, sql in enumerate(statements) if needle in sql)
        for needle in (
            'FROM "compliance_authorization"',
            'JOIN "posts_workingcopy"',
            '"posts_delivery"',
            'FROM "audit_head"',
        )
    ]
    assert first == sorted(first)
    writes = [sql for sql in statements if sql.startswith(("INSERT", "UPDATE"))]
    assert [sql.split('"')[1] for sql in writes[-2:]] == ["audit_event", "audit_head"]


def test_a_repeated_request_is_one_transition_and_one_refusal(cast: Cast) -> None:
    post = moves.draft(cast)
    submit(post.pk, by=cast.alice)
    with pytest.raises(Refused) as refused:
        submit(post.pk, by=cast.alice)
    assert refused.value.reasons[0].code == "wrong_state"
    assert _verbs().count("post.submit") == 1
