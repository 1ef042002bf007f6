"""What is done on a page before it is looked at: mistakes that people make, and what the page then says."""

from playwright.sync_api import Page

from tests.browser.world import World

CLAIM = "Our herbal tea cures arthritis."


def sign_in_wrongly(page: Page, world: World) -> None:
    page.fill("input[name=login]", "nobody@example.org")
    page.fill("input[name=password]", "not the password")
    _send(page, "form[action*=login]")


def send_empty(page: Page, _world: World) -> None:
    """As a browser without its own checks would send it."""
    _send(page, "main form:not([role=search])")


def change_password_wrongly(page: Page, _world: World) -> None:
    for field in page.locator("main input[type=password]").all():
        field.fill("abc")
    _send(page, "main form.form-card")


def settings_wrongly(page: Page, _world: World) -> None:
    page.fill("#id_zone", "Mars/Olympus")
    _send(page, "main form.card")


def make_a_link(page: Page, _world: World) -> None:
    _send(page, "form[action*='password-link']")


def add_a_person(page: Page, _world: World) -> None:
    _send(page, "main form")


def revoke_wrongly(page: Page, _world: World) -> None:
    _send(page, "#revoke form")


def send_too_early(page: Page, _world: World) -> None:
    _press(page, "main form#post-form", "button.btn[value=submit]")


def check_a_claim(page: Page, _world: World) -> None:
    page.get_by_label("Text", exact=True).fill(CLAIM)
    page.get_by_role("button", name="Check now").click()
    page.wait_for_selector("#live .finding")


def save_an_old_text(page: Page, _world: World) -> None:
    """Somebody else saved meanwhile: this page still carries the number before it."""
    page.eval_on_selector("[name=edit_no]", "field => { field.value = '0' }")
    page.get_by_label("Text", exact=True).fill("Mine.")
    _press(page, "main form#post-form", "button.btn[value=save]")


def schedule_in_the_past(page: Page, _world: World) -> None:
    page.fill("#time input[type='datetime-local']", "2020-01-01T09:00")
    _send(page, "#time form")


def sign_wrongly(page: Page, _world: World) -> None:
    page.get_by_label("password").fill("not the password")
    _press(page, "#decision form[action*=approve]", "button[value=later]")


def ask_nothing(page: Page, _world: World) -> None:
    _send(page, "form[action*='request-changes']")


def answer_nothing(page: Page, _world: World) -> None:
    _send(page, ".finding form")


def search_for_nothing(page: Page, _world: World) -> None:
    """A search is sent, not linked to: what people type stands in no address."""
    page.fill("form[role=search] [name=q]", "zzzz")
    _send(page, "form[role=search]")


def send_without_token(page: Page, _world: World) -> None:
    """As a page that was open since before somebody signed in again."""
    page.eval_on_selector("#post-form [name=csrfmiddlewaretoken]", "field => { field.value = 'x'.repeat(64) }")
    _press(page, "#post-form", "button.btn[value=save]")


def _send(page: Page, form: str) -> None:
    _press(page, form, "button:not([type=button])")


def _press(page: Page, form: str, button: str) -> None:
    """Press a button of a form, past the browser's own checks (some people's browsers have none), and wait."""
    with page.expect_navigation():
        page.locator(form).first.evaluate(
            "(form, button) => { form.noValidate = true; form.requestSubmit(form.querySelector(button)) }", button
        )
