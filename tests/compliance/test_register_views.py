"""The authorization register and the rules page, through the test client."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from compliance.actions.register import add_authorization, add_subject, revoke_authorization
from compliance.models import Authorization, Subject
from healthsocial import clock
from healthsocial.org.models import User
from tests.conftest import Cast

pytestmark = pytest.mark.django_db

NAME = "Grete <script>alert(1)</script> Beispiel"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def url(name: str, *args: object) -> str:
    return reverse(f"compliance:{name}", args=args)


def record(cast: Cast, **changes: Any) -> Authorization:
    now = clock.now()
    facts: dict[str, Any] = {
        "subject": changes.pop("subject", None) or add_subject(by=cast.priya, kind="patient", name=NAME),
        "kind": "hipaa",
        "information": ["name", "story"],
        "purposes": ["social"],
        "signed_on": now.date(),
        "valid_from": now - timedelta(days=2),
        "valid_until": None,
        "all_channels": True,
        **changes,
    }
    return add_authorization(by=cast.priya, **facts)


@pytest.mark.parametrize(
    ("name", "status"),
    [("priya", 200), ("rita", 200), ("olga", 200), ("alice", 403), ("sam", 403), ("adam", 403), ("nobody", 403)],
)
def test_who_sees_the_register(cast: Cast, name: str, status: int) -> None:
    made = record(cast)
    client = signed_in(getattr(cast, name))
    for address in (url("register"), url("authorization", made.pk)):
        assert client.get(address).status_code == status
    for address in (url("subject_add"), url("authorization_add")):
        assert client.get(address).status_code == (200 if name == "priya" else 403)
    assert client.post(url("revoke", made.pk), {"words": "Withdrawn in writing"}).status_code == (
        303 if name == "priya" else 403
    )
    assert Client().get(url("register"))["Location"].startswith(reverse("account_login"))


def test_names_are_for_privacy_officers_and_inert(cast: Cast) -> None:
    made = record(cast)
    for person, sees in ((cast.priya, True), (cast.rita, False), (cast.olga, False)):
        for address in (url("register"), url("authorization", made.pk)):
            shown = signed_in(person).get(address).content.decode()
            assert made.subject.token in shown
            assert ("Grete" in shown) is sees
            assert "<script>alert" not in shown


def test_a_person_then_what_they_signed(cast: Cast) -> None:
    client = signed_in(cast.priya)
    added = client.post(url("subject_add"), {"kind": "patient", "name": NAME})
    person = Subject.objects.get()
    assert added["Location"] == f"{url('authorization_add')}?person={person.pk}"
    assert f'value="{person.token}"' in client.get(added["Location"]).content.decode()
    today = clock.now().date()
    data = {
        "token": person.token.lower(),
        "kind": "hipaa",
        "information": ["name"],
        "purposes": ["social"],
        "channels": [str(cast.harbor.pk)],
        "signed_on": today.isoformat(),
        "valid_from": "2026-01-01",
        "valid_until": "2026-03-08",
        "zone": "America/New_York",
        "document_reference": "Binder 7",
    }
    made = client.post(url("authorization_add"), data)
    row = Authorization.objects.get()
    assert made["Location"] == url("authorization", row.pk)
    assert row.valid_from.isoformat() == "2026-01-01T05:00:00+00:00"
    assert row.valid_until is not None
    assert row.valid_until.isoformat() == "2026-03-09T04:00:00+00:00"
    assert list(row.channels.all()) == [cast.harbor]


def test_a_wrong_form_names_the_field_and_keeps_what_was_typed(cast: Cast) -> None:
    client = signed_in(cast.priya)
    assert client.post(url("authorization_add"), {"token": "P-NOBODY"}).status_code == 422
    person = add_subject(by=cast.priya, kind="patient")
    data = {
        "token": person.token,
        "kind": "hipaa",
        "information": ["name"],
        "purposes": ["social"],
        "zone": "UTC",
        "signed_on": (clock.now() + timedelta(days=9)).date().isoformat(),
        "valid_from": "2026-01-01",
        "document_reference": "Binder 9",
    }
    refused = client.post(url("authorization_add"), data)
    shown = refused.content.decode()
    assert (refused.status_code, Authorization.objects.count()) == (409, 0)
    assert "Choose the channels, or all of them." in shown
    assert "lies in the future" in shown
    assert "Binder 9" in shown


def test_filters_and_the_search_for_a_token(cast: Cast) -> None:
    now = clock.now()
    standing = record(cast, all_channels=False, channels=[cast.harbor])
    soon = record(cast, valid_until=now + timedelta(days=9))
    ended = record(cast, valid_until=now - timedelta(days=1))
    gone = record(cast)
    revoke_authorization(gone.pk, by=cast.priya, words="Withdrawn in writing")
    client = signed_in(cast.rita)

    def found(**query: str) -> set[int]:
        return {row.number for row, _state, _labels in client.get(url("register"), query).context["rows"]}

    assert found(state="in_force") == {standing.number, soon.number}
    assert found(state="ends_soon") == {soon.number}
    assert found(state="ended") == {ended.number}
    assert found(state="revoked") == {gone.number}
    assert found(channel=str(cast.heart.pk)) == {soon.number, ended.number, gone.number}
    assert len(found(state="nonsense", before="x")) == 4
    searched = client.post(url("register"), {"token": standing.subject.token})
    assert [row.number for row, _state, _labels in searched.context["rows"]] == [standing.number]
    assert client.post(url("register"), {"token": ""}).status_code == 422


def test_revoking_takes_words_and_happens_once(cast: Cast) -> None:
    made = record(cast)
    client = signed_in(cast.priya)
    assert (
        "approved and scheduled posts that rely on it are put on hold"
        in client.get(url("authorization", made.pk)).content.decode()
    )
    assert client.post(url("revoke", made.pk), {"words": ""}).status_code == 422
    assert client.post(url("revoke", made.pk), {"words": "no"}).status_code == 409
    assert client.post(url("revoke", made.pk), {"words": "Withdrawn in writing"}).status_code == 303
    assert client.post(url("revoke", made.pk), {"words": "Withdrawn in writing"}).status_code == 409
    assert client.get(url("revoke", made.pk)).status_code == 405
    assert client.post(url("revoke", uuid4()), {"words": "Withdrawn in writing"}).status_code == 404
    assert client.get(url("authorization", uuid4())).status_code == 404


def test_the_register_takes_the_same_number_of_queries_for_1_and_30_rows(cast: Cast) -> None:
    client = signed_in(cast.priya)
    record(cast, all_channels=False, channels=[cast.harbor, cast.heart])
    counts = []
    for number in (1, 30):
        for _n in range(1, number):
            record(cast, all_channels=False, channels=[cast.harbor, cast.heart])
        client.get(url("register"))
        with CaptureQueriesContext(connection) as captured:
            client.get(url("register"))
        counts.append(len(captured))
    assert counts[0] == counts[1]
    first = client.get(url("register"))
    second = client.get(first.context["next_url"])
    assert [len(page.context["rows"]) for page in (first, second)] == [25, 5]


def test_everybody_with_a_role_reads_the_rules(cast: Cast) -> None:
    for person, status in ((cast.alice, 200), (cast.rita, 200), (cast.adam, 200), (cast.nobody, 403)):
        assert signed_in(person).get(url("packs")).status_code == status
    client = signed_in(cast.alice)
    everything = client.get(url("packs")).context["total"]
    some = client.get(url("packs"), {"q": "arthritis CURES", "severity": "block"})
    assert 0 < some.context["total"] < everything
    assert "Our tincture cures arthritis." in some.content.decode()
    assert "No rule matches" in client.get(url("packs"), {"q": "zzzz"}).content.decode()
    assert client.post(url("packs")).status_code == 303  # a search, answered by its address
