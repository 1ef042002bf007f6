"""`make screenshots`: a picture of every page, its opened parts and its dialogs, at two widths and in both themes.

Needs Chromium. Works on a new data folder of its own, filled with the demo; nothing of yours is touched.
"""

import html
import logging
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.browser.pages import Look
    from tests.browser.world import World

HERE = Path(__file__).resolve().parents[2]
TARGET = HERE / "var" / "screenshots"
WIDTHS = (1280, 360)
THEMES = ("light", "dark")
PEOPLE = {
    "author": "maya",
    "officer": "ruth",
    "officer_author": "gideon",
    "scheduler": "tessa",
    "privacy": "ilse",
    "admin": "dana",
    "auditor": "felix",
}
OPEN_ALL = "for (const part of document.querySelectorAll('main details')) part.open = true"


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main(only: str = "") -> int:
    """Take all pictures, or those of pages whose name `only` (a regular expression) fits."""
    from tests.browser.chromium import CHROMIUM, WHY_NOT

    if CHROMIUM is None:
        say(f"No pictures: {WHY_NOT}.")
        return 0
    with tempfile.TemporaryDirectory(prefix="healthsocial-pictures-") as folder:
        os.environ.update(HEALTHSOCIAL_DATA=folder, HEALTHSOCIAL_ENV="test", DJANGO_ALLOW_ASYNC_UNSAFE="true")
        os.environ.update(DJANGO_SETTINGS_MODULE="healthsocial.settings", HEALTHSOCIAL_LOG_LEVEL="CRITICAL")
        for name in ("DATABASE_URL", "REDIS_URL"):
            os.environ.pop(name, None)
        return _take_all(only)


def _take_all(only: str) -> int:
    import django

    django.setup()
    logging.disable(logging.CRITICAL)  # refusals are among the pages
    from playwright.sync_api import sync_playwright

    from tests.browser.chromium import launch
    from tests.browser.pages import PAGES, unlisted

    if missing := unlisted():
        say(f"tests/browser/pages.py does not know these addresses, or knows too many: {', '.join(sorted(missing))}")
        return 1
    world = _demo()
    looks = [look for listed in PAGES.values() for look in listed if re.search(only, look.name)]
    for look in looks:
        look.path(world)  # a page that the demo has no example of is found before the first picture
    TARGET.mkdir(parents=True, exist_ok=True)
    with _server() as base, sync_playwright() as playwright, launch(playwright) as browser:
        camera = Camera(browser, base, world)
        for number, look in enumerate(looks, 1):
            taken = camera.take(look)
            say(f"{number:3}/{len(looks)} {look.name}: {taken} pictures")
        if not only:
            camera.trouble()
    _contact_sheet()
    say(f"{len(list(TARGET.glob('*.png')))} pictures, shown together in {TARGET / 'index.html'}")
    return 0


def _demo() -> "World":
    """The demo, with what it lacks: somebody without a role, and a post that is leaving right now."""
    from django.conf import settings
    from django.core.management import call_command

    from healthsocial.org import links, queries
    from healthsocial.org.actions.invite_person import invite_person
    from healthsocial.org.actions.redeem_link import redeem_link
    from healthsocial.org.models import User
    from posts.actions.deliver import begin_sending, claim_delivery
    from posts.actions.schedule import schedule
    from posts.demo import data, load
    from posts.models import Delivery, Post
    from tests.browser.world import World

    say("Filling a new data folder with the demo ...")
    settings.SILENT_AFTER_SECONDS = 10**9  # the dispatcher is not needed here; `trouble` shows its banner
    call_command("migrate", verbosity=0)
    load.load()
    _heartbeat()
    admin = User.objects.get(email=data.email("dana"))

    def invited(name: str) -> tuple[User, str]:
        address = f"{name.lower()}@{data.DOMAIN}"
        return invite_person(email=address, name=f"{name} Newcomer", job_title="Ward clerk", by=admin)

    stranger, token = invited("Nora")
    link = queries.open_link(links.token_digest(token))
    assert link is not None
    redeem_link(link, password=data.password())
    people = {role: data.email(name) for role, name in PEOPLE.items()} | {"stranger": stranger.email}
    world = World(people, data.password(), lambda: invited("Noah")[1])
    _write_a_second_version(world)
    leaving = world.post("approved", persons=False)
    schedule(leaving, by=User.objects.get(email=people["officer"]), publish_now=True)
    claim = claim_delivery(Delivery.objects.filter(post=leaving).first().pk)  # type: ignore[union-attr]
    assert claim is not None
    assert begin_sending(claim) is not None
    assert Post.objects.get(pk=leaving).state == "publishing"
    return world


def _write_a_second_version(world: "World") -> None:
    """What the reviewer asked for is done and sent again, so that there is something to compare."""
    from dataclasses import replace

    from posts.actions.copy import content_of
    from posts.actions.edit import save_post
    from posts.actions.submit import submit
    from posts.demo.worker import run_checks
    from posts.models import Post

    post = Post.objects.select_related("working_copy", "creator").get(title="Why choose Harbor Point")
    text = "Looking for a new doctor? Our family medicine teams welcome new patients: same-week visits, evening hours."
    save_post(post.pk, by=post.creator, edit_no=post.edit_no, content=replace(content_of(post), text=text))
    submit(post.pk, by=post.creator)
    run_checks(post.pk)


def _heartbeat() -> None:
    from datetime import UTC, datetime

    from healthsocial.org.models import Heartbeat

    for name in ("worker", "dispatch"):
        Heartbeat.objects.update_or_create(name=name, defaults={"at": datetime.now(UTC)})


@contextmanager
def _server() -> Iterator[str]:
    """The product's own WSGI application on a free port of this machine."""
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler

    from healthsocial.wsgi import application

    class Quiet(WSGIRequestHandler):
        def log_message(self, *_arguments: object) -> None:
            """No line per request."""

    server = ThreadedWSGIServer(("127.0.0.1", 0), Quiet)
    server.set_app(application)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Camera:
    """One browser context per role, so that everybody signs in once."""

    def __init__(self, browser: "Browser", base: str, world: "World") -> None:
        self.browser, self.base, self.world = browser, base, world
        self.pages: dict[str, Page] = {}
        self.seen: set[str] = set()

    def _page(self, who: str) -> "Page":
        if who not in self.pages:
            context = self.browser.new_context(locale="en-US", reduced_motion="reduce")
            context.set_default_timeout(15_000)
            page = context.new_page()
            if who:
                page.goto(self.base + "/account/login/")
                page.fill("input[name=login]", self.world.people[who])
                page.fill("input[name=password]", self.world.password)
                with page.expect_navigation():
                    page.press("input[name=password]", "Enter")
            self.pages[who] = page
        return self.pages[who]

    def take(self, look: "Look") -> int:
        page = self._page(look.who)
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(self.base + look.path(self.world))
        if look.act:
            look.act(page, self.world)
        page.wait_for_selector(".htmx-request", state="detached")
        count = self._shoot(page, look.name)
        if page.locator("main details:not([open])").count():
            page.evaluate(OPEN_ALL)
            count += self._shoot(page, f"{look.name}-opened")
        for kind, name in self._dialogs(page).items():
            page.evaluate("id => document.getElementById(id).showModal()", name)
            shown = kind if kind == "help" else f"{look.name}-dialog-{kind}"
            count += self._shoot(page, shown, whole=False)
            page.evaluate("id => document.getElementById(id).close()", name)
        if look.name.startswith("home-"):
            count += self._menu(page, look.name)
        return count

    def _dialogs(self, page: "Page") -> dict[str, str]:
        """The dialogs of the page, one of each kind (ids end in what they are about); the help only once."""
        found: dict[str, str] = {}
        for name in page.eval_on_selector_all("dialog", "all => all.map(dialog => dialog.id)"):
            kind = re.sub(r"-(\d+|[0-9a-f-]{32,36})$", "", name)
            if kind not in self.seen:
                found.setdefault(kind, name)
        self.seen |= found.keys() & {"help"}
        return found

    def _shoot(self, page: "Page", name: str, *, whole: bool = True) -> int:
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900 if width > 500 else 740})
            for theme in THEMES:
                page.emulate_media(color_scheme=theme)
                page.evaluate("window.scrollTo(0, 0)")
                page.screenshot(path=TARGET / f"{name}-{width}-{theme}.png", full_page=whole)
        page.set_viewport_size({"width": 1280, "height": 900})
        return len(WIDTHS) * len(THEMES)

    def _menu(self, page: "Page", name: str) -> int:
        """The person's menu on a wide screen, the whole menu on a phone."""
        page.click(".user-button")
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            page.screenshot(path=TARGET / f"{name}-menu-1280-{theme}.png")
        page.keyboard.press("Escape")
        page.set_viewport_size({"width": 360, "height": 740})
        page.click(".topbar button")
        page.wait_for_selector(".sidebar.show")
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            page.screenshot(path=TARGET / f"{name}-menu-360-{theme}.png")
        page.keyboard.press("Escape")
        return 4

    def trouble(self) -> None:
        """The same pages with every banner there is: a stop in force, nobody running."""
        from django.conf import settings

        from healthsocial.org.models import User
        from posts.actions.crisis_stop import start_stop
        from posts.enums import StopScope
        from tests.browser.pages import PAGES

        by = User.objects.get(email=self.world.people["officer"])
        reason = "Police activity near the main campus. Nothing routine goes out until we hear more."
        start_stop(by=by, scope=StopScope.ORGANISATION, reason=reason, emergency_goes_on=True)
        settings.SILENT_AFTER_SECONDS = 0
        wanted = ("home-officer", "stops", "calendar", "public", "post-approved", "review-post", "sign-in", "channels")
        for look in (look for listed in PAGES.values() for look in listed if look.name in wanted):
            from dataclasses import replace

            self.take(replace(look, name=f"trouble-{look.name}"))


def _contact_sheet() -> None:
    names = sorted({re.sub(r"-(360|1280)-(light|dark)$", "", path.stem) for path in TARGET.glob("*.png")})
    rows = []
    for name in names:
        cells = "".join(
            f'<a href="{name}-{width}-{theme}.png"><img loading="lazy" src="{name}-{width}-{theme}.png" alt="{theme}, {width} pixels wide"></a>'
            for width in WIDTHS
            for theme in THEMES
        )
        rows.append(f'<section id="{html.escape(name)}"><h2>{html.escape(name)}</h2><div>{cells}</div></section>')
    style = "body{font:16px system-ui;margin:2rem}div{display:flex;gap:1rem;align-items:flex-start;overflow:auto}img{border:1px solid #999;height:28rem}"
    page = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Pictures of every page</title><style>{style}</style><h1>Pictures of every page</h1>{"".join(rows)}</html>'
    (TARGET / "index.html").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
