"""The audit pages: filters, keyset pages, plain words, the exact content."""

import json

import pytest
from django.test import Client

from healthsocial.audit import queries
from healthsocial.audit.log import Actor, Refused, action, system
from healthsocial.audit.models import Event
from healthsocial.org.actions.grant_role import grant_role
from healthsocial.org.actions.rename_person import rename_person
from healthsocial.org.roles import Role
from tests.conftest import Cast

DISPATCH = system("dispatch")


def record(verb: str, actor: Actor = DISPATCH, target: tuple[str, str] = ("post", "42"), **data: object) -> None:
    with action(verb, actor=actor, target=target) as act:
        act.record(verb, data=data)


@pytest.fixture
def told(cast: Cast) -> Cast:
    """Five events: a role given, one refused, a rename, and two by the dispatcher."""
    grant_role(cast.nobody, role=Role.AUTHOR, by=cast.adam)
    with pytest.raises(Refused):
        grant_role(cast.adam, role=Role.AUTHOR, by=cast.adam)
    rename_person(cast.rita, name="Rita Ray", by=cast.adam)
    record("delivery.sent", attempt=1)
    record("delivery.failed", attempt=2)
    return cast


@pytest.fixture
def olga(told: Cast, client: Client) -> Client:
    client.force_login(told.olga)
    return client


def verbs(client: Client, query: str = "") -> list[str]:
    return [line.event.verb for line in client.get(f"/audit/?{query}").context["page"].lines]


def test_newest_come_first(olga: Client) -> None:
    assert verbs(olga) == ["delivery.failed", "delivery.sent", "person.renamed", "grant.given.refused", "grant.given"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=adam", ["person.renamed", "grant.given.refused", "grant.given"]),
        ("q=dispat", ["delivery.failed", "delivery.sent"]),
        ("q=nosuchname", []),
        ("verb=grant.given", ["grant.given"]),
        ("kind=post", ["delivery.failed", "delivery.sent"]),
        ("refused=on", ["grant.given.refused"]),
        ("until=2001-01-01", []),
        ("since=2001-01-01&q=adam&refused=on", ["grant.given.refused"]),
        (
            "verb=no.such.verb",
            ["delivery.failed", "delivery.sent", "person.renamed", "grant.given.refused", "grant.given"],
        ),
        ("before=3", ["grant.given.refused", "grant.given"]),
        ("after=4", ["delivery.failed"]),
        (
            "before=x&after=-1",
            ["delivery.failed", "delivery.sent", "person.renamed", "grant.given.refused", "grant.given"],
        ),
    ],
)
def test_filters_narrow_the_list(olga: Client, query: str, expected: list[str]) -> None:
    assert verbs(olga, query) == expected


def test_one_persons_acts_and_what_was_done_to_them(olga: Client, told: Cast) -> None:
    assert verbs(olga, f"actor={told.adam.pk}") == ["person.renamed", "grant.given.refused", "grant.given"]
    assert verbs(olga, f"kind=person&target={told.rita.pk}") == ["person.renamed"]


def test_verbs_read_in_plain_words_with_the_person_behind_the_id(olga: Client, told: Cast) -> None:
    page = olga.get("/audit/?q=adam").content.decode()
    assert "Refused: gave a role" in page
    assert f'<a href="/people/{told.nobody.pk}/">Nobody Example</a>' in page
    assert "self_grant" in page


def test_days_that_make_no_sense_are_said(olga: Client) -> None:
    page = olga.get("/audit/?since=2026-02-02&until=2026-02-01")
    assert page.status_code == 200
    assert "This day is before the first one." in page.content.decode()


def test_pages_walk_the_record_without_holes_or_repeats(olga: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "PAGE_SIZE", 2)
    walked, address = [], "/audit/?q="
    while address:
        page = olga.get(address)
        walked += [line.event.seq for line in page.context["page"].lines]
        address, back = page.context["older_url"], page.context["newer_url"]
    assert walked == [5, 4, 3, 2, 1]
    page = olga.get(back)
    assert [line.event.seq for line in page.context["page"].lines] == [3, 2]
    page = olga.get(page.context["newer_url"])
    assert [line.event.seq for line in page.context["page"].lines] == [5, 4]
    assert page.context["newer_url"] == ""


def test_the_chain_is_shown_whole_with_the_head_to_keep(olga: Client) -> None:
    page = olga.get("/audit/").content.decode()
    last = Event.objects.get(seq=5)
    assert "The record is whole" in page
    assert f"5:{last.digest}" in page


def test_one_event_shows_the_exact_content_and_hashes(olga: Client) -> None:
    event = Event.objects.get(seq=2)
    page = olga.get("/audit/2/")
    assert page.context["event"].body == event.body
    text = page.content.decode()
    assert event.digest in text
    assert event.previous in text
    assert json.loads(event.body)["data"] == {"reasons": ["self_grant"]}


@pytest.mark.parametrize("seq", ["0", "99", "99999999999999999999999"])
def test_an_event_that_is_not_there_is_404(olga: Client, seq: str) -> None:
    assert olga.get(f"/audit/{seq}/").status_code == 404


@pytest.mark.parametrize("query", ["until=9999-12-31", "since=0001-01-01"])
def test_days_too_far_away_are_errors_of_the_field(olga: Client, query: str) -> None:
    answer = olga.get(f"/audit/?{query}")
    assert answer.status_code == 200
    assert "Choose a day between" in answer.content.decode()


def test_nothing_can_be_posted_but_a_search(olga: Client) -> None:
    """A search only leads to an address; tests/quiet says which."""
    before = Event.objects.count()
    assert [olga.post(path).status_code for path in ("/audit/", "/audit/1/")] == [303, 405]
    assert Event.objects.count() == before


def test_an_empty_record_says_so(cast: Cast, client: Client) -> None:
    client.force_login(cast.olga)
    assert "Nothing has happened yet" in client.get("/audit/").content.decode()
    assert "No event matches" in client.get("/audit/?q=x").content.decode()


def test_distinct_values_name_fixed_columns_only(told: Cast) -> None:
    assert queries.distinct_values("target_type") == ["person", "post"]
    with pytest.raises(ValueError, match="body"):
        queries.distinct_values("body")
