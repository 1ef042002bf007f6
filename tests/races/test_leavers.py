"""A right that ends between the page and the button, or while the request waits, is not used any more."""

from collections.abc import Callable

import pytest
from django.urls import reverse
from pytest_django.live_server_helper import LiveServer

from healthsocial.audit.models import Event
from healthsocial.org.actions.deactivate_person import deactivate_person
from healthsocial.org.actions.end_grant import end_grant
from healthsocial.org.models import Channel, Grant, User
from healthsocial.org.roles import Role
from posts.actions.approve import approve
from posts.enums import State
from posts.models import Post
from tests.conftest import PASSWORD, Cast, give
from tests.posts import moves
from tests.races.desk import Desk
from tests.races.together import codes, events, hold_head, hold_post, in_order

Step = Callable[[], object]


def leaving(person: User, by: User) -> list[Step]:
    return [lambda: end_grant(Grant.objects.get(user=person), by=by), lambda: deactivate_person(person, by=by)]


def approving(person: User, post: Post, allowed_before: list[bool]) -> Step:
    """Approve, after a look at the role as a page would take it: before any lock."""

    def step() -> Post:
        look = User.objects.get(pk=person.pk)
        allowed_before.append(look.has_perm("posts.approve", Channel.objects.filter(posts=post)))
        return approve(post.pk, by=look, version_id=post.current_version_id, password=PASSWORD)  # type: ignore[arg-type]

    return step


@pytest.mark.postgres
def test_a_right_that_ends_while_the_approval_waits_for_the_post_is_gone(cast: Cast) -> None:
    for person, end in zip((cast.rita, cast.rob), range(2), strict=True):
        post = moves.in_review(cast)
        before: list[bool] = []
        late = approving(person, post, before)
        assert codes(in_order(hold_post(post), late, then=leaving(person, cast.adam)[end])) == {"role_missing": 1}
        assert before == [True], "control: a look before the lock would have let them approve"
        assert moves.fresh(post).state == State.IN_REVIEW
        assert events(post, "post.approve", "post.approve.refused") == ["post.approve.refused"]


@pytest.mark.postgres
def test_an_approval_under_way_is_finished_before_the_right_ends(cast: Cast) -> None:
    """The person's row is held shared: the record shows the approval first, then the end of the role."""
    for person, end in zip((cast.rita, cast.rob), range(2), strict=True):
        post = moves.in_review(cast)
        results = in_order(hold_head, approving(person, post, []), leaving(person, cast.adam)[end])
        assert "Refused" not in codes(results)
        assert moves.fresh(post).state == State.APPROVED
        order = [verb for verb in _chain() if verb in ("post.approve", "grant.ended")]
        assert order[-2:] == ["post.approve", "grant.ended"]


def _chain() -> list[str]:
    return list(Event.objects.order_by("seq").values_list("verb", flat=True))


def test_between_page_and_button(cast: Cast, live_server: LiveServer) -> None:
    """rita loses the role, rob leaves: neither form is taken any more, and the leaver's session is over."""
    rita, rob = Desk(live_server.url, cast.rita), Desk(live_server.url, cast.rob)
    post = moves.in_review(cast)
    page, url = reverse("posts:review", args=[post.pk]), reverse("posts:approve", args=[post.pk])
    forms = [{**desk.form(page, url), "decision": "later", "password": PASSWORD} for desk in (rita, rob)]
    end_grant(Grant.objects.get(user=cast.rita), by=cast.adam)
    deactivate_person(cast.rob, by=cast.adam)
    assert rita.post(url, forms[0]).status == 403
    gone = rob.post(url, forms[1])
    assert (gone.status, gone.location.startswith("/account/login/")) == (302, True)
    assert rob.get("/").status == 302
    assert (moves.fresh(post).state, events(post, "post.approve")) == (State.IN_REVIEW, [])
    # Control: the same form from somebody who still holds the role.
    give(cast.rita, Role.COMPLIANCE_OFFICER, group=cast.harbor.group)
    assert rita.post(url, forms[0]).status == 303


def test_a_leaver_cannot_sign_in_or_go_on_writing(cast: Cast, live_server: LiveServer) -> None:
    alice = Desk(live_server.url, cast.alice)
    post = moves.draft(cast)
    submit = reverse("posts:submit", args=[post.pk])
    deactivate_person(cast.alice, by=cast.adam)
    assert alice.post(submit, {}).status == 302
    assert (moves.fresh(post).state, events(post, "post.submit")) == (State.DRAFT, [])
    with pytest.raises(AssertionError, match="/account/inactive/"):
        Desk(live_server.url, cast.alice)
