"""What every page must keep, read from the page as it stands in the browser."""

import re
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Page

from tests.thorough import THOROUGH

AXE = (Path(__file__).parent.parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
WIDTHS = {1280: 900, 360: 740}
NARROWEST = 320  # what a 1280 pixel screen shows at 400 %
# Colours do not depend on the width, nor places on the theme: each is seen once in the suite, all four in the long form.
LOOKS: list[tuple[int, Literal["light", "dark"]]] = [(360, "light"), (1280, "dark")]
if THOROUGH:
    LOOKS += [(360, "dark"), (1280, "light")]
# A list of many alike: the first dozen stand for all.
OPEN_ALL = "for (const part of [...document.querySelectorAll('details')].slice(0, 12)) part.open = true"

# Everything that only depends on the document is read in one go.
FACTS = """() => {
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  const pointing = ['aria-describedby', 'aria-labelledby', 'aria-controls', 'for', 'data-dialog-open', 'list'];
  const lost = pointing.flatMap(name => [...document.querySelectorAll(`[${name}]`)].flatMap(
    e => e.getAttribute(name).split(/\\s+/).filter(id => id && !document.getElementById(id)).map(id => `${name}=${id}`)));
  const wrong = [...document.querySelectorAll('.is-invalid')];
  const named = e => (e.getAttribute('aria-describedby') ?? '').split(/\\s+/)
    .some(id => document.getElementById(id)?.matches('.field-error') && document.getElementById(id).textContent.trim());
  return {
    title: document.title,
    problems: [
      document.documentElement.lang === 'en' ? '' : 'no language',
      document.querySelectorAll('h1').length === 1 ? '' : 'not exactly one h1',
      document.querySelector('h1')?.textContent.trim() ? '' : 'an empty h1',
      document.querySelectorAll('main').length === 1 ? '' : 'not exactly one main',
      document.title.split(' – ')[0].trim() ? '' : 'no title',
      document.querySelector('.skip-link') ? '' : 'no skip link',
      document.querySelector('[tabindex]:not([tabindex="0"], [tabindex="-1"])') ? 'a tab order of its own' : '',
      document.querySelector('[style]:not(svg *)') && !document.querySelector('.offcanvas, .dropdown-menu') ? 'inline style' : '',
      ...ids.filter((id, at) => ids.indexOf(id) !== at).map(id => `id twice: ${id}`),
      ...lost.map(what => `points nowhere: ${what}`),
      ...wrong.filter(e => !named(e)).map(e => `its error is not linked: ${e.name}`),
      ...wrong.filter(e => e.getAttribute('aria-invalid') !== 'true').map(e => `not marked invalid: ${e.name}`),
    ].filter(Boolean),
  };
}"""
SIDEWAYS = """() => {
  const edge = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= edge) return '';
  const wide = [...document.querySelectorAll('body *')].filter(
    e => e.getBoundingClientRect().right > edge + 1 || e.getBoundingClientRect().left + e.scrollWidth > edge + 1);
  return 'scrolls sideways: ' + wide.slice(-2).map(e => e.tagName + '.' + e.className).join(' in ');
}"""
DIALOGS = "all => all.map(dialog => dialog.id)"


def axe(page: Page, within: str | None = None) -> list[str]:
    """Violations of WCAG 2.2 A and AA, of everything or of one element.

    Left out: `datalist` (hundreds of time zones that are drawn by the browser, not by the page).
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate(
        "([place, tags]) => axe.run(place ?? {exclude: [['datalist']]}, {runOnly: tags, resultTypes: ['violations']})",
        [within, TAGS],
    )
    return [f"{one['id']}: {node['target']}" for one in found["violations"] for node in one["nodes"]]


def look_over(page: Page, *, with_help: bool = False) -> tuple[str, list[str]]:
    """The title of the page, and what is wrong with it, opened wherever it can be opened.

    A page with all its parts opened shows everything that the closed one shows.
    """
    page.evaluate(OPEN_ALL)
    facts: dict[str, Any] = page.evaluate(FACTS)
    found: list[str] = facts["problems"]
    found += _sizes(page, None)
    for name in one_of_each(page.eval_on_selector_all("dialog", DIALOGS)):
        if name == "help" and not with_help:
            continue  # the same on every page
        page.evaluate("id => document.getElementById(id).showModal()", name)
        found += _sizes(page, f"#{name}")
        page.evaluate("id => document.getElementById(id).close()", name)
    return str(facts["title"]), found


def _sizes(page: Page, within: str | None) -> list[str]:
    found: list[str] = []
    for width, theme in LOOKS:
        page.set_viewport_size({"width": width, "height": WIDTHS[width]})
        page.emulate_media(color_scheme=theme)
        page.wait_for_selector(f"html[data-bs-theme={theme}], html:not([data-bs-theme])", state="attached")
        found += [f"{width}: {line}" for line in [page.evaluate(SIDEWAYS)] if line]
        found += [f"{width} {theme}: {line}" for line in axe(page, within)]
    page.set_viewport_size({"width": NARROWEST, "height": 256})
    found += [f"400 %: {line}" for line in [page.evaluate(SIDEWAYS)] if line]
    return found


def one_of_each(ids: list[str]) -> list[str]:
    """Dialogs that differ only in what they are about look alike: one of them is enough."""
    found: dict[str, str] = {}
    for name in ids:
        found.setdefault(re.sub(r"-(\d+|[0-9a-f]{32}|[0-9a-f-]{36})$", "", name), name)
    return list(found.values())
