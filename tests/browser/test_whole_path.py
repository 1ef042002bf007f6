"""The whole path in Chromium: drafted, checked, approved, published, read by the public; accessible, and no other host."""

from collections.abc import Callable

import pytest

from posts import rounds
from posts.enums import State
from posts.models import Post
from tests.browser.conftest import Desk
from tests.conftest import Cast

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("real_connections")]

SIDEWAYS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
WORDS = "Our flu clinic opens on Saturday. Walk in between nine and noon; results guaranteed in three weeks."


@pytest.fixture(autouse=True)
def _no_broker(settings: object) -> None:
    settings.BROKER_CONFIGURED = False  # type: ignore[attr-defined]  # rounds.run_round does the work here


def _round() -> None:
    rounds.run_round()


def _sign_out(desk: Desk) -> None:
    desk.page.context.clear_cookies()


def test_from_draft_to_the_public_page(desk: Desk, cast: Cast) -> None:
    page = desk.page
    reached: dict[str, list[str]] = {}

    def look(name: str) -> None:
        reached[name] = desk.accessibility()
        page.set_viewport_size({"width": 360, "height": 740})
        assert not page.evaluate(SIDEWAYS), f"{name} scrolls sideways on a phone"
        page.set_viewport_size({"width": 1280, "height": 900})

    desk.open("/account/login/")
    look("sign in")
    desk.sign_in("alice@example.org")
    look("home")
    _write(desk, look)
    _round()
    page.reload()
    look("post with the reviewer")
    _sign_out(desk)
    desk.sign_in("rita@example.org")
    _approve(desk, look)
    _round()
    desk.open("/c/harbor-news/")
    look("public page")
    assert WORDS in page.inner_text("main")
    assert Post.objects.get().state == State.PUBLISHED
    for path in ("/posts/", "/calendar/", "/review/", "/authorizations/", "/rules/", "/channels/", "/me/"):
        desk.open(path)
        look(path)
    _sign_out(desk)
    desk.sign_in("adam@example.org")
    for path in ("/people/", "/people/invite/", "/settings/", "/audit/", "/stops/"):
        desk.open(path)
        look(path)
    assert {name: found for name, found in reached.items() if found} == {}
    assert desk.elsewhere == []
    # the wrong password below, and nothing else
    assert desk.complaints == ["Failed to load resource: the server responded with a status of 409 (Conflict)"]


def _write(desk: Desk, look: Callable[[str], None]) -> None:
    page = desk.page
    desk.open("/posts/new/")
    look("composer")
    page.get_by_label("Title").fill("Flu clinic")
    page.get_by_label("Text", exact=True).fill(WORDS)
    page.get_by_role("button", name="Check now").click()
    page.wait_for_selector("#live >> text=Guarantees or promises a result")
    look("checked while writing")
    page.get_by_role("checkbox", name="Harbor news").check()
    page.get_by_role("button", name="Send to review").click()
    page.wait_for_url("**/posts/*-*/")
    assert "Being checked" in page.inner_text("main")


def _approve(desk: Desk, look: Callable[[str], None]) -> None:
    page = desk.page
    desk.open("/review/")
    page.get_by_role("link", name="Flu clinic").click()
    look("review, something waits")
    card = page.locator("form", has=page.get_by_role("button", name="Save this answer"))
    card.get_by_label("Your answer").select_option("accepted")
    card.get_by_label("Why").fill("It speaks of a course, not of care.")
    card.get_by_role("button", name="Save this answer").click()
    page.wait_for_selector("text=Approve and publish now")
    look("review, ready")
    page.get_by_label("password").fill("not the password")
    page.get_by_role("button", name="Approve and publish now").click()
    page.wait_for_selector("text=The password is not right")
    page.get_by_label("password").fill("correct horse battery staple")
    page.get_by_role("button", name="Approve and publish now").click()
    page.wait_for_load_state()
