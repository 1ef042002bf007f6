"""The author saves while the officer decides, and two people write at once: never an approval of other words."""

from functools import partial

import pytest
from django.urls import reverse
from pytest_django.live_server_helper import LiveServer

from posts import guards
from posts.actions import edit, move
from posts.actions.approve import approve
from posts.actions.copy import content_of
from posts.actions.decide import request_changes
from posts.actions.edit import Content, save_post
from posts.actions.submit import submit
from posts.enums import State
from posts.models import Approval, Post
from tests.conftest import PASSWORD, Cast
from tests.posts import moves
from tests.races.desk import Desk
from tests.races.together import at_once, codes, events, hold_head, in_order, rounds

NEW = "Our flu clinic moved to Sunday. Walk in between nine and noon; no appointment needed."
STALE = "The post changed since you opened this page. Read the new version first."


def saving(cast: Cast, post: Post, text: str = NEW) -> partial[Post]:
    content = Content(**{**content_of(post).__dict__, "text": text})
    return partial(save_post, post.pk, by=cast.alice, edit_no=post.edit_no, content=content)


def approving(cast: Cast, post: Post) -> partial[Post]:
    assert post.current_version_id is not None
    return partial(approve, post.pk, by=cast.rita, version_id=post.current_version_id, password=PASSWORD)


def nothing_else_is_approved(post: Post) -> None:
    """The save won in the end, and no approval stands, least of all one of other words."""
    post = moves.fresh(post)
    assert (post.state, post.working_copy.text, post.approval) == (State.DRAFT, NEW, None)
    assert not Approval.objects.filter(post=post, voided_at__isnull=True).exists()
    assert guards.copy_is_version(post)[0].code == "stale_version"


def test_a_save_during_the_approval_voids_it_or_comes_before_it(cast: Cast) -> None:
    for _n in range(rounds(5, 100)):
        post = moves.in_review(cast)
        results = codes(at_once(approving(cast, post), saving(cast, post)))
        assert results in ({"Post": 2}, {"Post": 1, "wrong_state": 1})
        nothing_else_is_approved(post)
        approved = ["post.approve", "approval.voided"] if results["Post"] == 2 else []
        assert events(post, "post.approve", "approval.voided", "post.pull_back") == [*approved, "post.pull_back"]


@pytest.mark.postgres
def test_both_orders_of_save_and_approval(cast: Cast) -> None:
    post = moves.in_review(cast)
    assert codes(in_order(hold_head, saving(cast, post), approving(cast, post))) == {"Post": 1, "wrong_state": 1}
    nothing_else_is_approved(post)
    post = moves.in_review(cast)
    assert codes(in_order(hold_head, approving(cast, post), saving(cast, post))) == {"Post": 2}
    nothing_else_is_approved(post)
    seen = events(post, "post.approve", "approval.voided", "post.pull_back", "post.edited")
    assert seen == ["post.approve", "approval.voided", "post.pull_back", "post.edited"]


@pytest.mark.postgres
def test_control_without_the_lock_the_approval_passes_every_guard(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads the words of before the save; only the fence of the state stops it, and not with a reason."""
    monkeypatch.setattr(move, "lock_post", lambda pk: moves.fresh(Post(pk=pk)))
    post = moves.in_review(cast)
    results = in_order(hold_head, saving(cast, post), approving(cast, post))
    assert codes(results) == {"Post": 1, "ConcurrentTransition": 1}


def test_an_old_approve_form_is_refused_after_edit_and_resubmission(cast: Cast, live_server: LiveServer) -> None:
    """ABA: the post is in review again, but not the one that the form was made from."""
    rita = Desk(live_server.url, cast.rita)
    for text, same_version in ((NEW, False), (moves.CLEAN, True)):
        post = moves.in_review(cast)
        page, url = reverse("posts:review", args=[post.pk]), reverse("posts:approve", args=[post.pk])
        old = {**rita.form(page, url), "decision": "later", "password": PASSWORD}
        assert old["version"] == str(post.current_version_id)
        request_changes(post.pk, by=cast.rob, version_id=post.current_version_id, reason="wording", words="Which day?")  # type: ignore[arg-type]
        saving(cast, post, text)()
        submit(post.pk, by=cast.alice)
        again = moves.checks_done(post)
        assert (again.state, again.current_version_id == post.current_version_id) == (State.IN_REVIEW, same_version)
        answer = rita.post(url, old)
        assert (answer.status, STALE in answer.text) == (409, True)
        assert (moves.fresh(post).state, events(post, "post.approve")) == (State.IN_REVIEW, [])
        # Control: the form of the page as it is now goes through.
        new = {**rita.form(page, url), "decision": "later", "password": PASSWORD}
        assert rita.post(url, new).status == 303
        assert moves.fresh(post).state == State.APPROVED


def test_two_people_save_the_same_working_copy(cast: Cast) -> None:
    for _n in range(rounds(5, 100)):
        post = moves.draft(cast)
        results = at_once(*[saving(cast, post, f"Version {n} of the notice.") for n in range(4)])
        assert codes(results) == {"Post": 1, "stale_edit": 3}
        kept = next(n for n, result in enumerate(results) if isinstance(result, Post))
        assert moves.fresh(post).working_copy.text == f"Version {kept} of the notice."
        assert events(post, "post.edited") == ["post.edited"]


@pytest.mark.postgres
def test_control_without_the_lock_one_save_is_lost_in_silence(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edit, "lock_post", lambda pk: moves.fresh(Post(pk=pk)))
    post = moves.draft(cast)
    assert codes(in_order(hold_head, saving(cast, post, "One."), saving(cast, post, "Two."))) == {"Post": 2}
    assert moves.fresh(post).working_copy.text == "Two."
