"""Every page: for the right role, not for others; reading changes nothing; long lists cost no more queries."""

import html
import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from healthsocial import clock
from healthsocial.audit.models import Event
from healthsocial.org.actions.grant_role import grant_role
from healthsocial.org.actions.invite_person import invite_person
from healthsocial.org.forms import first_instant
from healthsocial.org.models import Channel, ChannelGroup, Grant, OneTimeLink, User
from healthsocial.org.queries import organisation
from healthsocial.org.roles import Role
from tests.conftest import Cast, give

ROLES = ("alice", "rita", "priya", "sam", "adam", "olga", "nobody")


def pages(cast: Cast) -> dict[str, tuple[str, str, int]]:
    """name -> (address, who may see it, status for the others)."""
    return {
        "people": ("/people/", "adam olga", 403),
        "invite": ("/people/invite/", "adam", 403),
        "person": (f"/people/{cast.rita.pk}/", "adam olga", 404),
        "channels": ("/channels/", "alice rita priya sam adam olga", 403),
        "channel": (f"/channels/{cast.harbor.pk}/", "alice rita priya sam adam olga", 404),
        "other channel": (f"/channels/{cast.other.pk}/", "adam olga", 404),
        "new channel": ("/channels/new/", "adam", 403),
        "new group": ("/groups/new/", "adam", 403),
        "group": (f"/groups/{cast.harbor.group_id}/", "adam", 404),
        "settings": ("/settings/", "adam", 403),
        "me": ("/me/", "alice rita priya sam adam olga nobody", 403),
        "audit": ("/audit/", "adam olga", 403),
        "event": ("/audit/1/", "adam olga", 403),
        "record": ("/audit/record/", "adam olga", 403),
    }


PAGES = (
    "people",
    "invite",
    "person",
    "channels",
    "channel",
    "other channel",
    "new channel",
    "new group",
    "group",
    "settings",
    "me",
    "audit",
    "event",
    "record",
)


@pytest.fixture
def busy(cast: Cast) -> Cast:
    """The cast, with something in the record."""
    organisation()
    grant_role(cast.nobody, role=Role.AUTHOR, starts_at=datetime(2999, 1, 1, tzinfo=UTC), by=cast.adam)
    return cast


@pytest.mark.parametrize("who", ROLES)
@pytest.mark.parametrize("page", PAGES)
def test_a_page_opens_for_its_roles_only_and_reading_changes_nothing(
    busy: Cast, client: Client, page: str, who: str
) -> None:
    address, allowed, otherwise = pages(busy)[page]
    client.force_login(getattr(busy, who))
    before = _everything()
    assert client.get(address).status_code == (200 if who in allowed.split() else otherwise)
    assert _everything() == before


def _everything() -> list[list[tuple[object, ...]]]:
    models = (User, Grant, Channel, ChannelGroup, OneTimeLink, Event)
    return [list(model._default_manager.order_by("pk").values_list()) for model in models]


@pytest.mark.parametrize("page", PAGES)
def test_signing_in_comes_first(busy: Cast, client: Client, page: str) -> None:
    address = pages(busy)[page][0]
    answer = client.get(address)
    assert (answer.status_code, answer["Location"]) == (302, f"/account/login/?next={address}")


def writes(cast: Cast) -> dict[str, tuple[str, dict[str, str]]]:
    return {
        "invite": ("/people/invite/", {"name": "Newcomer", "email": "new@example.org"}),
        "rename": (reverse("org:person_rename", args=[cast.rita.pk]), {"name": "Rita Ray"}),
        "grant": (reverse("org:grant", args=[cast.rita.pk]), {"role": "author", "where": "everything"}),
        "end": (reverse("org:grant_end", args=[cast.rita.grants.get().pk]), {}),
        "deactivate": (reverse("org:deactivate", args=[cast.rita.pk]), {}),
        "reset": (reverse("org:reset_link", args=[cast.rita.pk]), {}),
        "new group": ("/groups/new/", {"name": "Rehab", "kind": "unit"}),
        "group": (reverse("org:group_edit", args=[cast.harbor.group_id]), {"name": "Main", "kind": "site"}),
        "new channel": (
            "/channels/new/",
            {"group": str(cast.harbor.group_id), "name": "Blog", "network": "local", "character_limit": "500"},
        ),
        "channel name": (reverse("org:channel_rename", args=[cast.harbor.pk]), {"name": "Harbor"}),
        "channel": (reverse("org:channel_change", args=[cast.harbor.pk]), {"character_limit": "500"}),
        "settings": (
            "/settings/",
            {
                "name": "Harbor Health",
                "zone": "Europe/Berlin",
                "max_lateness_minutes": "60",
                "approved_window_days": "7",
            },
        ),
    }


WRITES = (
    "invite",
    "rename",
    "grant",
    "end",
    "deactivate",
    "reset",
    "new group",
    "group",
    "new channel",
    "channel name",
    "channel",
    "settings",
)


@pytest.mark.parametrize("write", WRITES)
def test_an_administrator_sends_the_form_and_it_is_done(busy: Cast, client: Client, write: str) -> None:
    address, sent = writes(busy)[write]
    client.force_login(busy.adam)
    before = Event.objects.count()
    answer = client.post(address, sent)
    assert answer.status_code == (
        200 if write in {"invite", "reset"} else 303
    )  # a one-time link is shown in the answer itself
    assert Event.objects.count() == before + (2 if write == "deactivate" else 1)  # her role ends too
    if answer.status_code == 303:
        assert client.get(answer["Location"]).status_code == 200


@pytest.mark.parametrize("who", ["alice", "rita", "olga"])
@pytest.mark.parametrize("write", WRITES)
def test_others_send_it_in_vain(busy: Cast, client: Client, write: str, who: str) -> None:
    address, sent = writes(busy)[write]
    client.force_login(getattr(busy, who))
    people = list(User.objects.values_list())
    answer = client.post(address, sent)
    assert answer.status_code in {403, 404}
    assert (list(User.objects.values_list()), Channel.objects.count()) == (people, 3)


@pytest.mark.parametrize(
    "write", [w for w in WRITES if w not in {"invite", "new group", "group", "new channel", "settings"}]
)
def test_addresses_that_write_refuse_get(busy: Cast, client: Client, write: str) -> None:
    client.force_login(busy.adam)
    assert client.get(writes(busy)[write][0]).status_code == 405


def test_a_form_without_its_token_is_refused(busy: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(busy.adam)
    assert client.post(reverse("org:deactivate", args=[busy.rita.pk])).status_code == 403
    assert User.objects.get(pk=busy.rita.pk).is_active


def test_a_refusal_shows_the_reasons_who_lifts_them_and_the_way_back(busy: Cast, client: Client) -> None:
    client.force_login(busy.adam)
    here = f"/people/{busy.adam.pk}/"
    answer = client.post(
        reverse("org:deactivate", args=[busy.adam.pk]), headers={"Referer": f"http://testserver{here}"}
    )
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Nobody can deactivate themselves." in page
    assert "Nobody else could administer the organisation then." in page
    assert f'href="{here}"' in page
    assert answer.context["back"] == here
    outside = client.post(reverse("org:deactivate", args=[busy.adam.pk]), headers={"Referer": "https://evil.example/x"})
    assert outside.context["back"] == "/"


def test_granting_to_oneself_is_not_offered_and_answers_403(busy: Cast, client: Client) -> None:
    client.force_login(busy.adam)
    address = reverse("org:grant", args=[busy.adam.pk])
    assert f'action="{address}"' not in client.get(f"/people/{busy.adam.pk}/").content.decode()
    assert client.post(address, {"role": "author", "where": "everything"}).status_code == 403


def test_an_invitation_to_a_known_address_is_said_in_the_form(busy: Cast, client: Client) -> None:
    client.force_login(busy.adam)
    answer = client.post("/people/invite/", {"name": "Alice Again", "email": "alice@example.org"})
    assert answer.status_code == 409
    assert "Somebody with this e-mail address is already here" in answer.content.decode()


@pytest.mark.parametrize(
    ("address", "sent", "said"),
    [
        ("/people/invite/", {"name": "", "email": "x"}, "Enter a valid email address."),
        ("/groups/new/", {"name": "", "kind": "site"}, "This field is required."),
        ("/channels/new/", {"name": "x", "group": "none"}, "Select a valid choice."),
        (
            "/settings/",
            {"name": "x", "zone": "", "max_lateness_minutes": "0", "approved_window_days": "7"},
            "greater than or equal to 1",
        ),
    ],
)
def test_a_form_with_faults_comes_back_with_them(
    busy: Cast, client: Client, address: str, sent: dict[str, str], said: str
) -> None:
    client.force_login(busy.adam)
    answer = client.post(address, sent)
    assert answer.status_code == 422
    assert said in answer.content.decode()


def test_an_unknown_zone_is_said_at_its_field(busy: Cast, client: Client) -> None:
    client.force_login(busy.adam)
    sent = {"name": "Harbor", "zone": "Europe/Nowhere", "max_lateness_minutes": "60", "approved_window_days": "7"}
    answer = client.post("/settings/", sent)
    assert answer.status_code == 409
    assert "zone" in answer.context["form"].errors


def test_days_of_a_grant_are_whole_days_in_the_organisations_zone(busy: Cast, client: Client) -> None:
    row = organisation()
    row.zone = "America/Chicago"
    row.save()
    client.force_login(busy.adam)
    sent = {
        "role": "scheduler",
        "where": f"group:{busy.harbor.group_id}",
        "starts_on": "2098-01-01",
        "ends_on": "2098-01-31",
    }
    assert client.post(reverse("org:grant", args=[busy.nobody.pk]), sent).status_code == 303
    grant = Grant.objects.get(user=busy.nobody, role="scheduler")
    assert (grant.starts_at, grant.ends_at) == (
        datetime(2098, 1, 1, 6, tzinfo=UTC),
        datetime(2098, 2, 1, 6, tzinfo=UTC),
    )
    assert (grant.scope, grant.group_id) == ("group", busy.harbor.group_id)


def test_a_day_whose_midnight_does_not_exist_begins_after_the_gap() -> None:
    day = datetime(2022, 3, 27, tzinfo=UTC).date()  # Beirut went from 00:00 to 01:00
    assert first_instant(day, ZoneInfo("Asia/Beirut")).astimezone(ZoneInfo("Asia/Beirut")).hour == 1


def more_people(count: int, cast: Cast) -> None:
    for number in range(count):
        person = User.objects.create_user(f"person{number}@example.org", f"Person {number:02}")
        give(person, Role.AUTHOR, channel=cast.heart)
        give(person, Role.SCHEDULER, group=cast.other.group)


def more_channels(count: int) -> None:
    for number in range(count):
        group = ChannelGroup.objects.create(name=f"Site {number}")
        Channel.objects.create(group=group, name="News", slug=f"news-{number}")


def more_events(count: int, cast: Cast) -> None:
    for number in range(count):
        invite_person(email=f"guest{number}@example.org", name=f"Guest {number}", by=cast.adam)


@pytest.mark.parametrize("address", ["/people/", "/channels/", "/audit/"])
def test_a_long_list_costs_as_many_queries_as_a_short_one(busy: Cast, client: Client, address: str) -> None:
    client.force_login(busy.adam)
    with CaptureQueriesContext(connection) as short:
        client.get(address)
    more_people(30, busy)
    more_channels(30)
    more_events(30, busy)
    with CaptureQueriesContext(connection) as long:
        client.get(address)
    assert len(long) == len(short)


def test_people_are_found_by_text_role_and_state(busy: Cast, client: Client) -> None:
    client.force_login(busy.adam)
    User.objects.create_user("new@example.org", "Newcomer")
    User.objects.filter(pk=busy.rob.pk).update(is_active=False, deactivated_at=clock.now())

    def names(query: str) -> list[str]:
        return [person.name for person in client.get(f"/people/?{query}").context["page"].object_list]

    assert names("q=ali") == ["Alice Example"]
    assert names("role=compliance_officer") == ["Rita Example"]
    assert names("state=inactive") == ["Rob Example"]
    assert names("state=invited") == ["Newcomer"]
    assert names("q=zzz") == []
    assert "Nobody matches" in client.get("/people/?q=zzz").content.decode()


def test_people_come_in_pages_that_keep_the_filter(busy: Cast, client: Client) -> None:
    client.force_login(busy.adam)
    more_people(60, busy)
    page = client.get("/people/?q=Person&page=2")
    assert [person.name for person in page.context["page"].object_list] == [
        f"Person {number:02}" for number in range(50, 60)
    ]
    back = re.search(r'rel="prev" href="([^"]+)"', page.content.decode())
    assert back is not None
    assert "Person" not in back[1]
    first = client.get("/people/" + html.unescape(back[1]))
    assert [person.name for person in first.context["page"].object_list] == [
        f"Person {number:02}" for number in range(50)
    ]
    assert client.get("/people/?page=x").status_code == 200


def test_channels_show_only_what_a_role_covers(busy: Cast, client: Client) -> None:
    client.force_login(busy.mallory)
    page = client.get("/channels/").content.decode()
    assert "West clinic" in page
    assert "Harbor news" not in page


def test_an_empty_installation_says_what_comes_first(db: None, client: Client) -> None:
    person = User.objects.create_user("a@example.org", "Anna")
    give(person, Role.ADMINISTRATOR)
    client.force_login(person)
    assert "Create the first group" in client.get("/channels/").content.decode()
    assert "First create a group" in client.get("/channels/new/").content.decode()
