"""Two officers decide at the same moment: one wins, and the other learns who was first."""

import re
from functools import partial

import pytest
from django.urls import reverse
from django.utils.html import escape
from pytest_django.live_server_helper import LiveServer

from healthsocial.audit.verify import verify_chain
from posts.actions import move
from posts.actions.approve import approve
from posts.actions.decide import reject
from posts.enums import State
from posts.models import Post
from tests.conftest import PASSWORD, Cast
from tests.posts import moves
from tests.races.desk import Answer, Desk
from tests.races.together import at_once, codes, events, hold_head, in_order, rounds

WORDS = "We said this last week already."
DECIDED = ("post.approve", "post.reject")


def steps(cast: Cast, post: Post) -> list[partial[Post]]:
    assert post.current_version_id is not None
    return [
        partial(approve, post.pk, by=cast.rita, version_id=post.current_version_id, password=PASSWORD),
        partial(reject, post.pk, by=cast.rob, version_id=post.current_version_id, reason="other", words=WORDS),
    ]


def test_approve_and_reject_at_once_have_one_winner(cast: Cast) -> None:
    for _n in range(rounds(5, 100)):
        post = moves.in_review(cast)
        assert codes(at_once(*steps(cast, post))) == {"Post": 1, "wrong_state": 1}
        assert len(events(post, *DECIDED)) == 1


@pytest.mark.postgres
def test_whoever_comes_first_to_the_lock_wins(cast: Cast) -> None:
    for turn in (1, -1):
        post = moves.in_review(cast)
        results = in_order(hold_head, *steps(cast, post)[::turn])
        assert codes(results) == {"Post": 1, "wrong_state": 1}
        assert isinstance(results[0], Post)
        assert events(post, *DECIDED) == [DECIDED[0] if turn == 1 else DECIDED[1]]


@pytest.mark.postgres
def test_control_without_the_lock_both_pass_every_guard(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the state's own fence is left then: the loser sees a broken page instead of a reason."""
    monkeypatch.setattr(move, "lock_post", lambda pk: moves.fresh(Post(pk=pk)))
    post = moves.in_review(cast)
    assert codes(in_order(hold_head, *steps(cast, post))) == {"Post": 1, "ConcurrentTransition": 1}


def test_over_http_the_loser_gets_409_with_the_winners_name_and_time(cast: Cast, live_server: LiveServer) -> None:
    rita, rob = Desk(live_server.url, cast.rita), Desk(live_server.url, cast.rob)
    won = {"approve": 0, "reject": 0}
    for _n in range(rounds(20, 200)):
        post = moves.in_review(cast)
        version = {"version": str(post.current_version_id)}
        answers = at_once(
            partial(
                rita.post,
                reverse("posts:approve", args=[post.pk]),
                {**version, "decision": "later", "password": PASSWORD},
            ),
            partial(rob.post, reverse("posts:reject", args=[post.pk]), {**version, "reason": "other", "words": WORDS}),
        )
        won[winner_of(post, answers, cast)] += 1
    assert sum(won.values()) == rounds(20, 200)
    assert verify_chain().ok


def winner_of(post: Post, answers: list[object], cast: Cast) -> str:
    """Exactly one 303; the other 409 names the winner and says when; one event."""
    both = [answer for answer in answers if isinstance(answer, Answer)]
    assert sorted(answer.status for answer in both) == [303, 409]
    verb, name, state = (
        ("approve", cast.rita.name, State.APPROVED)
        if both[0].status == 303
        else ("reject", cast.rob.name, State.REJECTED)
    )
    lost = next(answer for answer in both if answer.status == 409)
    said = re.search(r"Last step: “(\w+)” by ([\w ]+), (\w{3} \d+ \w+ \d{4}, \d\d:\d\d \w+)\.", lost.text)
    assert said is not None, "the page does not say who was first"
    assert said.group(1, 2) == (verb.capitalize(), escape(name))
    assert moves.fresh(post).state == state
    assert events(post, *DECIDED) == [f"post.{verb}"]
    return verb
