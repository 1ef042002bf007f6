"""The manners that every view shares: signing in, coming back, saying what came of it."""

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory

from healthsocial.audit.log import Denied, Reason, Refused
from healthsocial.org.views.helpers import attempt, reasons_for_page, run

LATE = Reason("too_late", "It is too late.", "a compliance officer", "/queue/")


def refuse() -> str:
    raise Refused(LATE)


def test_an_anonymous_form_comes_back_to_the_page_it_stood_on(db: None, client: Client) -> None:
    answer = client.post("/people/invite/", {}, headers={"Referer": "http://testserver/people/?q=a"})
    assert answer["Location"] == "/account/login/?next=/people/%3Fq%3Da"
    foreign = client.post("/people/invite/", {}, headers={"Referer": "https://evil.example/people/"})
    assert foreign["Location"] == "/account/login/?next=/"


def test_an_anonymous_htmx_call_sends_the_whole_page_to_sign_in(db: None, client: Client) -> None:
    answer = client.get("/people/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Redirect"]) == (204, "/account/login/?next=/people/")


def test_attempt_turns_a_refusal_into_a_value_and_nothing_else() -> None:
    done, stopped = attempt(lambda: 7), attempt(refuse)
    assert (done.ok, done.value, done.reasons, done.status) == (True, 7, (), 200)
    assert (stopped.ok, stopped.reasons, stopped.status) == (False, (LATE,), 409)
    with pytest.raises(Refused):
        _ = stopped.value
    with pytest.raises(ZeroDivisionError):
        attempt(lambda: 1 // 0)


def test_run_draws_the_form_again_with_the_status_of_the_refusal() -> None:
    request = RequestFactory().post("/x/")
    answer = run(request, refuse, to="/done/", again=lambda refusal: HttpResponse(refusal.reasons[0].message))
    assert (answer.status_code, answer.content) == (409, b"It is too late.")

    def deny() -> str:
        raise Denied(LATE)

    assert run(request, deny, to="/done/", again=lambda refusal: HttpResponse()).status_code == 403


def test_run_goes_on_with_303_to_an_address_made_from_the_result() -> None:
    answer = run(RequestFactory().post("/x/"), lambda: 7, to=lambda number: f"/things/{number}/")
    assert (answer.status_code, answer["Location"]) == (303, "/things/7/")


def test_reasons_have_the_shape_of_the_component() -> None:
    assert reasons_for_page((LATE,)) == [
        {"message": "It is too late.", "lifted_by": "a compliance officer", "url": "/queue/", "by_itself": False}
    ]
