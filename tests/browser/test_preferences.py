"""What people ask of their device holds here too: less motion, their own colours, light or dark."""

import pytest

from tests.browser.conftest import Desk
from tests.conftest import Cast

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("real_connections")]

MOVING = """() => [...document.querySelectorAll('*')].filter(e => {
  const look = getComputedStyle(e);
  return look.scrollBehavior === 'smooth' || look.animationName !== 'none'
    || look.transitionProperty !== 'none' && look.transitionDuration.split(',').some(time => parseFloat(time) > 0);
}).length"""
BORDER = "getComputedStyle(document.querySelector('.side-nav a[aria-current]')).borderTopStyle"
GROUND = "getComputedStyle(document.body).backgroundColor"


def test_motion_colours_and_theme_follow_the_device(desk: Desk, cast: Cast) -> None:
    page = desk.page
    page.emulate_media(color_scheme="light")
    desk.sign_in("alice@example.org")
    assert page.evaluate(MOVING) > 0  # there is something to calm
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(MOVING) == 0
    assert page.evaluate(BORDER) == "none"
    page.emulate_media(forced_colors="active")
    assert page.evaluate(BORDER) == "solid"
    page.emulate_media(forced_colors="none")
    light = page.evaluate(GROUND)
    page.emulate_media(color_scheme="dark")
    page.wait_for_selector("html[data-bs-theme=dark]", state="attached")
    assert page.evaluate(GROUND) != light
    page.get_by_role("button", name="Light").click()
    page.wait_for_selector("html[data-bs-theme=light]", state="attached")
    assert page.evaluate(GROUND) == light
