"""Double click, reload, browser back, replay: however often a form arrives, it is one transition and one event."""

from collections import Counter
from functools import partial

import pytest
from django.urls import reverse
from pytest_django.live_server_helper import LiveServer

from posts.actions import move
from posts.actions.submit import submit
from posts.enums import State
from posts.models import Approval, Post
from tests.conftest import PASSWORD, Cast
from tests.posts import moves
from tests.races.desk import Answer, Desk
from tests.races.together import at_once, codes, events, hold_head, in_order, rounds


def statuses(answers: list[object]) -> Counter[object]:
    return Counter(answer.status if isinstance(answer, Answer) else answer for answer in answers)


def test_many_submits_at_once_are_one_transition(cast: Cast, live_server: LiveServer) -> None:
    alice, count = Desk(live_server.url, cast.alice), rounds(12, 50)
    post = moves.draft(cast)
    url = reverse("posts:submit", args=[post.pk])
    assert statuses(at_once(*[partial(alice.post, url, {})] * count)) == {303: 1, 409: count - 1}
    assert moves.fresh(post).state == State.CHECKING
    assert events(post, "post.submit", "version.frozen", "check.queued") == [
        "version.frozen",
        "check.queued",
        "post.submit",
    ]
    assert len(events(post, "post.submit.refused")) == count - 1


def test_fifty_submits_in_one_process(cast: Cast) -> None:
    post = moves.draft(cast)
    count = rounds(50, 50)
    results = at_once(*[lambda: submit(post.pk, by=cast.alice)] * count)
    assert codes(results) == {"Post": 1, "wrong_state": count - 1}
    assert events(post, "post.submit") == ["post.submit"]


def test_a_double_click_and_a_replay_of_the_approve_form(cast: Cast, live_server: LiveServer) -> None:
    rita = Desk(live_server.url, cast.rita)
    post = moves.in_review(cast)
    page, url = reverse("posts:review", args=[post.pk]), reverse("posts:approve", args=[post.pk])
    form = {**rita.form(page, url), "decision": "later", "password": PASSWORD}
    assert statuses(at_once(*[partial(rita.post, url, form)] * 2)) == {303: 1, 409: 1}
    # Browser back, and the same form once more; then in a session of its own.
    assert rita.post(url, form).status == 409
    assert Desk(live_server.url, cast.rita).post(url, form).status == 409
    assert (events(post, "post.approve"), Approval.objects.filter(post=post).count()) == (["post.approve"], 1)
    assert moves.fresh(post).state == State.APPROVED


@pytest.mark.postgres
def test_control_without_the_lock_every_click_passes_the_guards(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(move, "lock_post", lambda pk: moves.fresh(Post(pk=pk)))
    post = moves.draft(cast)
    results = codes(in_order(hold_head, *[lambda: submit(post.pk, by=cast.alice)] * 2))
    assert results["wrong_state"] == 0
    assert results["Post"] == 1
