"""Every page of the list, in every state of it that matters: accessible, quiet, and inside a phone's width."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from tests.browser import furnish, inspect, pages
from tests.browser.conftest import Desk
from tests.browser.pages import Look
from tests.browser.world import World
from tests.conftest import Cast
from tests.thorough import THOROUGH

GROUPS = {
    "account": pages.ACCOUNT,
    "organisation": pages.ORGANISATION,
    "compliance": pages.COMPLIANCE,
    "posts": pages.POSTS,
    "officers": pages.OFFICERS,
}
EXPECTED_COMPLAINT = "Failed to load resource: the server responded with a status of "


def test_every_address_is_looked_at_or_is_no_page() -> None:
    assert pages.unlisted() == set()


@pytest.mark.django_db
def test_what_is_said_to_be_only_sent_cannot_be_opened(client: Client, cast: Cast) -> None:
    client.force_login(cast.adam)
    opened = set()
    for name in (name for name, why in pages.NOT_PAGES.items() if why == pages.SENT):
        arguments = next(count for count in ([], [uuid4()], [uuid4(), uuid4()]) if _fits(name, count))
        if client.get(reverse(name, args=arguments)).status_code != 405:
            opened.add(name)
    assert opened == {"posts:crisis_stop_start"}  # leads to the page of the stops


@pytest.mark.django_db
def test_too_much_at_once_is_said_in_words(client: Client, cast: Cast) -> None:
    client.force_login(cast.alice)
    answer = client.post(reverse("posts:create"), {"notes": "x" * (2 * 1024 * 1024 + 1)})
    assert answer.status_code == 413
    assert b"That was too much at once" in answer.content
    assert client.post(reverse("posts:create"), {"notes": "x" * 6000}).status_code == 422  # merely too long


def _fits(name: str, arguments: list[object]) -> bool:
    try:
        reverse(name, args=arguments)
    except Exception:  # noqa: BLE001
        return False
    return True


@pytest.fixture
def visit(chromium: Browser, real_connections: None, live_server: LiveServer, settings: Settings) -> Iterator["Visits"]:
    settings.ROOT_URLCONF = "tests.browser.addresses"
    visits = Visits(chromium, live_server.url)
    yield visits
    visits.close()


class Visits:
    """One desk per role, so that everybody signs in once; collects what is wrong by the name of the look."""

    def __init__(self, browser: Browser, base: str) -> None:
        self.browser, self.base = browser, base
        self.desks: dict[str, Desk] = {}
        self.found: dict[str, list[str]] = {}
        self.titles: dict[str, set[str]] = {}

    def desk(self, who: str, world: World) -> Desk:
        if who not in self.desks:
            context = self.browser.new_context(locale="en-US", reduced_motion="reduce")
            context.set_default_timeout(30_000)
            desk = self.desks[who] = Desk(context, self.base)
            if who:
                desk.sign_in(world.people[who])
        return self.desks[who]

    def see(self, look: Look, world: World) -> None:
        desk = self.desk(look.who, world)
        page = desk.page
        page.set_viewport_size({"width": 1280, "height": 900})
        path = look.path(world)
        answer = page.goto(self.base + path)
        wrong = [] if answer is not None and answer.status == look.status else [f"answers {answer and answer.status}"]
        if look.act:
            look.act(page, world)
        page.wait_for_selector(".htmx-request", state="detached")
        title, found = inspect.look_over(page, with_help=look.name == "home-author")
        self.titles.setdefault(title, set()).add(path.partition("?")[0])
        wrong += found
        wrong += [line for line in desk.complaints if not line.startswith(EXPECTED_COMPLAINT)]
        wrong += [f"asked elsewhere: {url}" for url in desk.elsewhere]
        desk.complaints.clear()
        desk.elsewhere.clear()
        if wrong:
            self.found[look.name] = wrong

    def report(self) -> str:
        return "\n".join(f"{name}: {line}" for name, lines in self.found.items() for line in lines)

    def close(self) -> None:
        for desk in self.desks.values():
            desk.page.context.close()


@pytest.mark.browser
@pytest.mark.parametrize("group", GROUPS)
def test_every_page_is_accessible(group: str, visit: Visits, cast: Cast) -> None:
    world = furnish.full(cast)
    for look in (look for looks in GROUPS[group].values() for look in looks if THOROUGH or look.name not in pages.MORE):
        visit.see(look, world)
    assert not visit.found, visit.report()
    assert {title: paths for title, paths in visit.titles.items() if len(paths) > 1} == {}


@pytest.mark.browser
def test_empty_troubled_and_broken_pages_are_accessible(visit: Visits, cast: Cast) -> None:
    world = furnish.empty(cast)
    for look in pages.EMPTY:
        visit.see(look, world)
    furnish.trouble(cast)
    for look in (*pages.TROUBLED, *pages.BROKEN):
        visit.see(look, world)
    assert not visit.found, visit.report()
