"""A real browser against a real server: Chromium of the system, driven by Playwright. Skipped with a reason without it."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright
from pytest_django.live_server_helper import LiveServer

from tests.browser.chromium import CHROMIUM, WHY_NOT, launch
from tests.conftest import PASSWORD

AXE = (Path(__file__).parent.parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if CHROMIUM is None:
        reason = pytest.mark.skip(reason=WHY_NOT)
        for item in items:
            if item.path.parent == Path(__file__).parent and item.get_closest_marker("browser"):
                item.add_marker(reason)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    # Playwright's loop runs in this thread, and Django takes that for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


class Desk:
    """One person at a browser. Collects requests to other hosts and what the console complains about."""

    def __init__(self, context: BrowserContext, base: str) -> None:
        self.page: Page = context.new_page()
        self.base = base
        self.elsewhere: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", self._seen)
        self.page.on("console", lambda m: self.complaints.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _seen(self, request: Request) -> None:
        if urlsplit(request.url).netloc != urlsplit(self.base).netloc and not request.url.startswith("data:"):
            self.elsewhere.append(request.url)

    def open(self, path: str) -> None:
        self.page.goto(self.base + path)

    def sign_in(self, email: str) -> None:
        self.open("/account/login/")
        self.page.fill("input[name=login]", email)
        self.page.fill("input[name=password]", PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(self.base + "/")

    def accessibility(self) -> list[str]:
        """Violations of WCAG 2.2 A and AA that axe finds on the page as it is."""
        self.page.evaluate(AXE)
        found: dict[str, Any] = self.page.evaluate("tags => axe.run(document, {runOnly: tags})", TAGS)
        return [f"{v['id']}: {node['target']}" for v in found["violations"] for node in v["nodes"]]


@pytest.fixture
def desk(chromium: Browser, real_connections: None, live_server: LiveServer) -> Iterator[Desk]:
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="en-US")
    context.set_default_timeout(30_000)
    yield Desk(context, live_server.url)
    context.close()
