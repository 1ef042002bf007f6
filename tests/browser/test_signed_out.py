"""Signed out in the middle of a sentence: the text stays on the page until the server has it."""

import pytest

from tests.browser.conftest import Desk
from tests.conftest import PASSWORD, Cast

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("real_connections")]

WORDS = "Our flu clinic opens on Saturday. Walk in between nine and noon."


def test_a_save_while_signed_out_keeps_the_words(desk: Desk, cast: Cast) -> None:
    desk.sign_in("alice@example.org")
    desk.open("/posts/new/")
    page = desk.page
    page.fill("[name=title]", "Flu clinic")
    page.wait_for_url("**/edit/")
    page.context.clear_cookies(name="sessionid")
    page.fill("[name=text]", WORDS)
    page.get_by_text("you are signed out").wait_for()
    page.locator(".composer-bar button[value=save]").click()
    page.wait_for_timeout(500)
    assert page.input_value("[name=text]") == WORDS

    other = page.context.new_page()
    other.goto(desk.base + "/account/login/")
    other.fill("input[name=login]", "alice@example.org")
    other.fill("input[name=password]", PASSWORD)
    other.get_by_role("button", name="Sign in").click()
    other.wait_for_url(desk.base + "/")
    other.close()
    page.locator(".composer-bar button[value=save]").click()
    page.get_by_text("Send it to review.").first.wait_for()
    assert WORDS in page.inner_text("main")
    page.wait_for_load_state("networkidle")
