"""The first administrators: at least two, once, by command."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from healthsocial.audit.models import Event
from healthsocial.audit.verify import verify_chain
from healthsocial.org.models import Grant, User
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
NEW = "seven quiet harbour lanterns"


def create(*arguments: str) -> str:
    out = StringIO()
    call_command("create_first_admins", *arguments, stdout=out)
    return out.getvalue()


def tokens(text: str) -> list[str]:
    return [part.split("/")[0] for part in text.split("/link/")[1:]]


def test_two_links_are_printed_and_work(client: Client) -> None:
    printed = create("anna.berg@example.org", "otto@example.org")
    first, second = tokens(printed)
    assert first != second
    assert "http://127.0.0.1:8000/link/" in printed
    people = User.objects.order_by("email")
    assert [(person.email, person.name) for person in people] == [
        ("anna.berg@example.org", "Anna Berg"),
        ("otto@example.org", "Otto"),
    ]
    grants = list(Grant.objects.filter(granted_by__isnull=True).values_list("role", "scope"))
    assert grants == [("administrator", "everything")] * 2
    client.get(f"/link/{first}/")
    client.post("/link/open/", {"password": NEW, "again": NEW})
    client.post("/account/login/", {"login": "anna.berg@example.org", "password": NEW})
    assert client.get("/people/").status_code == 200


def test_each_step_is_recorded_as_done_by_the_command() -> None:
    create("anna@example.org", "otto@example.org")
    events = Event.objects.values_list("verb", "actor_kind", "actor_id", "actor_name")
    who = ("command", "", "create_first_admins")
    assert list(events) == [
        (verb, *who) for verb in ("person.invited", "grant.given") * 2 + ("organisation.first_admins",)
    ]
    assert verify_chain().ok


@pytest.mark.parametrize("emails", [["anna@example.org"], ["anna@example.org", "ANNA@example.org"]])
def test_one_person_is_not_enough_and_it_says_why(emails: list[str]) -> None:
    with pytest.raises(CommandError, match="nobody can give a role to themselves"):
        create(*emails)
    assert not User.objects.exists()
    assert Event.objects.get().verb == "organisation.first_admins.refused"


def test_it_refuses_when_an_administrator_exists(cast: Cast) -> None:
    for arguments in ([], ["--again"]):
        with pytest.raises(CommandError, match="An administrator exists already"):
            create("anna@example.org", "otto@example.org", *arguments)


def test_lost_links_can_be_made_again_until_one_was_used(client: Client) -> None:
    old = tokens(create("anna@example.org", "otto@example.org"))
    with pytest.raises(CommandError, match="exists already"):
        create("anna@example.org", "otto@example.org")
    new = tokens(create("anna@example.org", "otto@example.org", "--again"))
    assert client.get(f"/link/{old[0]}/").status_code == 404
    assert (User.objects.count(), Grant.objects.count()) == (2, 2)
    client.get(f"/link/{new[0]}/")
    client.post("/link/open/", {"password": NEW, "again": NEW})
    with pytest.raises(CommandError, match="exists already"):
        create("anna@example.org", "otto@example.org", "--again")


def test_names_are_given_for_all_or_none() -> None:
    with pytest.raises(CommandError, match="2 addresses but 1 names"):
        create("a@example.org", "b@example.org", "--name", "Anna")
    create("a@example.org", "b@example.org", "--name", "Anna Berg", "--name", "Otto Ek")
    assert sorted(User.objects.values_list("name", flat=True)) == ["Anna Berg", "Otto Ek"]
