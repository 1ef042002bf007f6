"""The control of the page tests: what they look for is found on a page that has it."""

import pytest
from playwright.sync_api import Browser

from tests.browser import inspect

pytestmark = pytest.mark.browser

FAULTY = """<!doctype html><html><head><title></title></head><body>
<h1>One</h1><h1>Two</h1>
<main><p id="twice">a</p><p id="twice">b</p>
<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">
<p style="color:#bbb;background:#fff">too pale</p>
<input class="is-invalid" name="wall" aria-label="Wall" aria-describedby="nowhere" tabindex="5">
<div style="width:1400px">wide</div>
<details><summary>more</summary><button></button></details>
<dialog id="asks" aria-label="Asks"><p style="color:#bbb;background:#fff">pale, too</p></dialog></main></body></html>"""


def test_the_inspection_sees_what_is_wrong(chromium: Browser) -> None:
    page = chromium.new_page()
    page.set_content(FAULTY)
    title, found = inspect.look_over(page)
    page.close()
    assert title == ""
    assert found[:8] == [
        "no language",
        "not exactly one h1",
        "no title",
        "no skip link",
        "a tab order of its own",
        "inline style",
        "id twice: twice",
        "points nowhere: aria-describedby=nowhere",
    ]
    assert found[8:10] == ["its error is not linked: wall", "not marked invalid: wall"]
    assert {"360: scrolls sideways: MAIN. in DIV.", "400 %: scrolls sideways: MAIN. in DIV."} <= set(found)
    kinds = {line.split(": ")[1] for line in found if line.startswith("360 light")}
    assert kinds == {"button-name", "color-contrast", "document-title", "html-has-lang", "image-alt"}
    assert "360 light: color-contrast: ['#asks > p']" in found
