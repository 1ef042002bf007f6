"""The author's pages: what they show, to whom, and what their buttons do."""

import pytest
from django.test import Client
from django.urls import reverse

from healthsocial.org.models import User
from posts.enums import State
from posts.models import Post
from tests.conftest import Cast
from tests.posts import moves

pytestmark = pytest.mark.django_db
CURE = "Our new tea cures cancer. Come on Saturday."


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def alice(cast: Cast) -> Client:
    return client_of(cast.alice)


def page(client: Client, name: str, *args: object, status: int = 200, **query: str) -> str:
    answer = client.get(reverse(f"posts:{name}", args=args), query)
    assert answer.status_code == status, answer.content.decode()[:2000]
    return answer.content.decode()


def form_of(cast: Cast, **values: object) -> dict[str, object]:
    return {
        "title": "Flu clinic",
        "kind": "original",
        "channels": [str(cast.harbor.pk)],
        "text": moves.CLEAN,
        "zone": "America/New_York",
        **values,
    }


# --- start page and list -------------------------------------------------------------------------------------------
def test_desks_say_who_has_it(cast: Cast, alice: Client) -> None:
    moves.in_review(cast)
    blocked = moves.in_review(cast, CURE)
    assert blocked.state == State.CHANGES_REQUESTED
    mine = page(alice, "home")
    assert "A check found something that must be settled." in mine
    assert "A compliance officer decides." in mine
    assert "Read it and decide." in page(client_of(cast.rita), "home")
    assert "Nothing waits for you" in page(client_of(cast.sam), "home")
    assert "You have no role yet" in page(client_of(cast.nobody), "home")


@pytest.mark.parametrize("build", [moves.draft, moves.in_review, moves.approved, moves.scheduled, moves.published])
def test_every_state_has_its_page(cast: Cast, build: object) -> None:
    post = build(cast)  # type: ignore[operator]
    for person in (cast.alice, cast.rita, cast.priya, cast.sam, cast.olga, cast.adam):
        for name in ("detail", "history"):
            page(client_of(person), name, post.pk)
    for name in ("edit", "versions", "diff"):
        page(client_of(cast.alice), name, post.pk)
    assert post.title in page(client_of(cast.alice), "list")
