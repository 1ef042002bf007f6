"""The whole way with keys only: write, check, send, answer, approve for a time, move it on the calendar.

The pointer is never used. Every stop on the way must be visible, in sight and marked as focused.
"""

from datetime import timedelta

import pytest
from playwright.sync_api import Page

from healthsocial import clock
from posts import rounds
from posts.enums import State
from posts.models import Post
from tests.browser.conftest import Desk
from tests.conftest import PASSWORD, Cast

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("real_connections")]

WORDS = "Our flu clinic opens on Saturday. Walk in between nine and noon; results guaranteed in three weeks."
FARTHEST = 120  # stops between two controls of one page; more is a trap

STOP = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return {name: '', wrong: ''};
  const box = at.getBoundingClientRect(), look = getComputedStyle(at);
  const name = `${at.tagName.toLowerCase()}#${at.id} ${(at.textContent || at.name || '').trim().slice(0, 30)}`;
  const ring = look.outlineStyle !== 'none' && parseFloat(look.outlineWidth) >= 2;
  const seen = box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  const points = [0.1, 0.5, 0.9].flatMap(x => [0.1, 0.5, 0.9].map(y => [box.left + box.width * x, box.top + box.height * y]));
  const clear = points.some(([x, y]) => {
    const top = document.elementFromPoint(x, y);
    return top && (at.contains(top) || top.contains(at) || at.labels && [...at.labels].some(label => label.contains(top)));
  });
  return {name, wrong: [ring ? '' : 'no ring', seen ? '' : 'out of sight', !seen || clear ? '' : 'covered'].filter(Boolean).join(', ')};
}"""


class Keys:
    """A person without a pointer."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.wrong: set[str] = set()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def at(self, selector: str) -> bool:
        return bool(self.page.evaluate("selector => document.activeElement?.matches(selector) ?? false", selector))

    def to(self, selector: str, *, back: bool = False) -> None:
        """Tab until a control that the selector fits has the focus."""
        for _stop in range(FARTHEST):
            if self.at(selector):
                return
            self.press("Shift+Tab" if back else "Tab")
            stop = self.page.evaluate(STOP)
            if stop["wrong"]:
                self.wrong.add(f"{stop['name']}: {stop['wrong']}")
        raise AssertionError(f"no way to {selector} with the Tab key")

    def type(self, selector: str, text: str) -> None:
        self.to(selector)
        self.page.keyboard.type(text)

    def choose(self, selector: str, value: str) -> None:
        """Arrow through a list until it stands on the value."""
        self.to(selector)
        for _option in range(20):
            if self.page.evaluate("() => document.activeElement.value") == value:
                return
            self.press("ArrowDown")
        raise AssertionError(f"{selector} cannot be set to {value} with the arrow keys")

    def enter(self) -> None:
        with self.page.expect_navigation():
            self.press("Enter")

    def sign_in(self, email: str) -> None:
        self.type("[name=login]", email)
        self.type("[name=password]", PASSWORD)
        self.enter()

    def sign_out(self) -> None:
        """The person's menu: opened with Enter, walked with the arrow keys."""
        self.to(".user-button")
        self.press("Enter", "ArrowDown")
        for _entry in range(10):
            if self.at("form[action*=logout] button"):
                break
            self.press("ArrowDown")
        self.enter()


@pytest.fixture(autouse=True)
def _no_broker(settings: object) -> None:
    settings.BROKER_CONFIGURED = False  # type: ignore[attr-defined]  # rounds.run_round does the work here


def test_the_whole_way_with_keys_only(desk: Desk, cast: Cast) -> None:
    keys, page = Keys(desk.page), desk.page
    page.emulate_media(reduced_motion="reduce")  # no smooth scrolling: each stop is measured where it ends
    desk.open("/account/login/")
    keys.sign_in("alice@example.org")
    _skip_link(keys)
    keys.to("main a[href='/posts/new/']")
    keys.enter()
    _write(keys)
    rounds.run_round()
    page.wait_for_selector("#post-status >> text=With the reviewer")  # the page follows along by itself
    keys.sign_out()
    keys.sign_in("rita@example.org")
    keys.to(".side-nav a[href='/review/']")
    keys.enter()
    keys.to("main .row-title")
    keys.enter()
    _dialogs_give_the_focus_back(keys)
    _answer(keys)
    _approve(keys)
    assert Post.objects.get().state == State.SCHEDULED
    before = Post.objects.get().slot_at
    _move(keys)
    after = Post.objects.get().slot_at
    assert before is not None
    assert after == before + timedelta(hours=2)
    assert keys.wrong == set()
    assert desk.complaints == []


def _skip_link(keys: Keys) -> None:
    keys.press("Tab")
    assert keys.at(".skip-link")
    keys.press("Enter")
    assert keys.at("main#content")


def _write(keys: Keys) -> None:
    page = keys.page
    keys.type("#id_title", "Flu clinic")
    keys.type("#id_text", WORDS)
    keys.to("[hx-post][formaction]")
    keys.press("Enter")
    page.wait_for_selector("#live >> text=Guarantees or promises a result")
    assert page.inner_text("#live [role=status]") == "Checked: 1 finding"
    keys.to("[name=channels]")
    keys.press("Space")
    keys.to("[name=act][value=submit]")
    keys.enter()


def _dialogs_give_the_focus_back(keys: Keys) -> None:
    """Opened from a menu that closes behind it, the help gives the focus back to the menu's button."""
    keys.to(".user-button", back=True)
    keys.press("Enter", "ArrowDown")
    while not keys.at("[data-dialog-open=help]"):
        keys.press("ArrowDown")
    keys.press("Enter")
    assert keys.page.evaluate("() => document.querySelector('#help').contains(document.activeElement)")
    for _stop in range(6):
        keys.press("Tab")
        assert keys.page.evaluate(
            "() => document.activeElement === document.body || !!document.activeElement.closest('#help')"
        )
    keys.press("Escape")
    assert not keys.page.is_visible("#help")
    assert keys.at(".user-button")


def _answer(keys: Keys) -> None:
    keys.choose(".finding select[name=kind]", "accepted")
    keys.type(".finding textarea[name=words]", "It speaks of a course, not of care.")
    keys.to(".finding form button")
    keys.enter()


def _approve(keys: Keys) -> None:
    tomorrow = clock.now() + timedelta(days=1)
    keys.type("#id_day", f"{tomorrow:%m%d%Y}")
    keys.type("#id_time", "0930AM")
    keys.to("[name=password]")
    keys.page.wait_for_selector("#slot-button .btn-primary")
    keys.page.keyboard.type(PASSWORD)
    keys.to("#slot-button .btn-primary")
    keys.enter()
    keys.page.wait_for_selector("text=Approved for")


def _move(keys: Keys) -> None:
    page = keys.page
    keys.to(".side-nav a[href='/calendar/']")
    keys.enter()
    if not page.query_selector("main a[href$='#time']"):  # tomorrow is next week
        keys.to("main a[rel=next]")
        keys.enter()
    keys.to("main a[href$='#time']")
    keys.enter()
    keys.to("[data-dialog-open=publish-now]")
    keys.press("Enter")
    assert page.is_visible("#publish-now")
    keys.press("Escape")
    assert not page.is_visible("#publish-now")
    assert keys.at("[data-dialog-open=publish-now]")
    keys.to(".tabs a", back=True)
    keys.to("#time input[type='datetime-local']")
    keys.press("ArrowRight", "ArrowRight", "ArrowRight")  # month, day, year, hour
    page.keyboard.type("11")
    keys.to("#time .btn-primary")
    keys.enter()
    page.wait_for_selector("#messages .notice-success")
