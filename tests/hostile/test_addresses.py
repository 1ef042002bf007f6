"""Every address, as every role, on one's own site and on the other one (faults 40; Wagtail CVE-2026-25517 and kin)."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.urls import path
from pytest_django import Settings

from healthsocial import urls
from healthsocial.org.actions.deactivate_person import deactivate_person
from healthsocial.org.roles import Role
from posts.models import Post
from tests.conftest import give
from tests.hostile.addresses import ADDRESSES, Row
from tests.hostile.asking import address, ask, client_of, routed, same
from tests.hostile.site import PEOPLE, Site
from tests.thorough import THOROUGH

pytestmark = pytest.mark.django_db

# The usual run asks for the other site's objects as those who come closest; `make chaos` as everybody.
CLOSEST = ("alice", "rita") if not THOROUGH else ("nobody", "alice", "sam", "rita", "priya")
# Everybody in `make chaos`; the usual run leaves out those whose rows are like another's.
ASKED = PEOPLE if THOROUGH else ("alice", "rita", "priya", "adam")
SIGN_IN = "/account/login/?next="


@pytest.fixture(autouse=True)
def _no_rate_limits(settings: Settings) -> None:
    """Seven people ask for a new password within a second here; that the limits work is in test_identity.py."""
    settings.ACCOUNT_RATE_LIMITS = False


def clients(site: Site, names: tuple[str, ...] = PEOPLE) -> dict[str, Client]:
    return {name: client_of(site.people[name]) for name in names}


def sent(site: Site, row: Row, method: str) -> dict[str, object]:
    return row.data(site) if row.data and method == "post" else {}


def methods(row: Row) -> list[tuple[str, str]]:
    """What is asked of the address, with the statuses expected for each of PEOPLE."""
    if row.data is None:
        return [("get", row.expect)]
    return [("post", row.expect), *([("get", row.also_read)] if row.also_read else [])]


def missing_rows() -> list[str]:
    return sorted(set(routed()) - set(ADDRESSES))


def test_every_address_has_its_row() -> None:
    missing = missing_rows()
    assert missing == [], (
        f"No expectation for: {', '.join(missing)}. Add one row each to ADDRESSES in tests/hostile/addresses.py:"
        " the status for nobody, author, scheduler, officer, privacy officer, administrator and auditor; the object"
        " it names (`own`), the same on the other site (`far`) if objects belong to channels; `data` if it writes."
    )
    assert sorted(set(ADDRESSES) - set(routed())) == [], "rows for addresses that are no more"
    short = [name for name, row in ADDRESSES.items() if len(row.expect.split()) != len(PEOPLE)]
    assert short == []


def test_a_new_address_without_a_row_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the resolver is what is read, not a list."""
    more = [*urls.urlpatterns, path("secret-export/", lambda request: None, name="secret_export")]  # type: ignore[arg-type,list-item]
    monkeypatch.setattr(urls, "urlpatterns", more)
    from django.urls import clear_url_caches

    clear_url_caches()
    try:
        assert missing_rows() == ["secret_export"]
    finally:
        monkeypatch.undo()
        clear_url_caches()


def table(site: Site, names: dict[str, Client]) -> list[str]:
    """Where an address answered otherwise than its row says."""
    wrong = []
    for name, row in ADDRESSES.items():
        for method, expected in methods(row):
            for who, status in zip(PEOPLE, expected.split(), strict=True):
                if who not in names:
                    continue
                got = ask(names[who], method, address(site, name), sent(site, row, method)).status_code
                if got != int(status):
                    wrong.append(f"{method} {name} as {who}: {got}, not {status}")
    return wrong


def test_every_address_answers_each_role_as_declared(site: Site) -> None:
    wrong = table(site, clients(site, ASKED))
    assert wrong == [], "\n".join(wrong)


def test_the_table_notices_a_role_too_many(site: Site) -> None:
    """The control: somebody with the officer's role beside her own gets further than the table says."""
    give(site.people["alice"], Role.COMPLIANCE_OFFICER, group=site.cast.harbor.group)
    wrong = table(site, clients(site, ("alice",)))
    assert "post posts:release as alice: 303, not 403" in wrong
    assert "get posts:queue as alice: 200, not 403" in wrong
    assert not any("posts:approve as alice: 303" in line for line in wrong)  # her own posts


def test_objects_of_the_other_site_answer_as_if_they_were_not_there(site: Site) -> None:
    """Same status and same body as for an id that nobody ever had, and not a byte of the object."""
    asked, differ = 0, []
    for who, client in clients(site, CLOSEST).items():
        for name, row in ADDRESSES.items():
            if row.far is None:
                continue
            for method, _expected in methods(row):
                found = ask(client, method, address(site, name, row.far), sent(site, row, method))
                nowhere = ask(
                    client, method, address(site, name, lambda s, r=row: _unknown(s, r)), sent(site, row, method)
                )  # type: ignore[misc]
                asked += 1
                if found.status_code not in (403, 404) or same(found) != same(nowhere):
                    differ.append(f"{method} {name} as {who}: {found.status_code} and {nowhere.status_code}")
    assert differ == []
    assert asked == 39 * len(CLOSEST)


def _unknown(site: Site, row: Row) -> list[object]:
    assert row.far is not None
    return [uuid4() for _part in row.far(site)]


def test_the_other_sites_own_people_do_reach_them(site: Site) -> None:
    """The control: the objects exist, and answer those who may see them."""
    mallory = client_of(site.cast.mallory)
    for name in ("posts:detail", "posts:history", "posts:versions", "posts:diff", "org:channel"):
        assert ask(mallory, "get", address(site, name, ADDRESSES[name].far)).status_code == 200
    assert ask(mallory, "get", address(site, "posts:detail")).status_code == 404


def test_parts_of_another_post_are_refused_under_ones_own(site: Site) -> None:
    """Parent checked, child not (Wagtail CVE-2026-44199): a foreign finding or version under one's own post."""
    flagged, edited = site.posts["flagged"], site.posts["edited"]
    alice, rita, priya = (client_of(site.people[name]) for name in ("alice", "rita", "priya"))
    words = "It is about the queue, not health."
    for part in (site.far_finding.pk, uuid4()):
        form = {f"{part}-kind": "accepted", f"{part}-words": words}
        assert ask(alice, "post", f"/posts/{flagged.pk}/findings/{part}/answer/", form).status_code == 409
        bulk = {"finding": [str(site.finding.pk), str(part)], "card": "several", "kind": "accepted", "words": words}
        assert ask(rita, "post", f"/review/{flagged.pk}/answers/", bulk).status_code == 409  # refused whole
    for version in (site.far_version.pk, uuid4()):
        answer = ask(priya, "post", f"/posts/{edited.pk}/versions/{version}/redact/", {f"{version}-words": words})
        assert answer.status_code == 404
    numbers = ask(alice, "get", f"/posts/{edited.pk}/diff/", {"from": "1", "to": "77"})
    assert numbers.status_code == 200


def test_a_post_for_channels_of_another_site_cannot_be_made(site: Site) -> None:
    alice = client_of(site.people["alice"])
    form = {"title": "Parking", "kind": "original", "channels": [str(site.far_channel.pk)], "text": "Free."}
    refused = ask(alice, "post", "/posts/new/", form)
    unknown = ask(alice, "post", "/posts/new/", {**form, "channels": [str(uuid4())]})
    assert (refused.status_code, unknown.status_code) == (422, 422)
    assert site.far_channel.name.encode() not in refused.content
    assert Post.objects.filter(title="Parking").count() == 0


def test_lists_filters_and_pickers_show_nobody_and_nothing_of_the_other_site(site: Site) -> None:
    """Names disclosed by lists and pickers: Wagtail CVE-2023-45809. Privacy officers see audit names of all sites."""
    secrets = (
        site.far.title.encode() + b" West",
        b"Mallory",
        b"Wanda",
        site.far_channel.name.encode(),
        str(site.far.pk).encode(),
    )
    Post.objects.filter(pk=site.far.pk).update(title=site.far.title + " West")
    pages = [
        "/",
        "/posts/",
        f"/posts/?channel={site.far_channel.pk}",
        "/posts/?q=West",
        "/posts/new/",
        "/calendar/",
        "/channels/",
    ]
    shown = []
    for who in ("alice", "sam", "rita"):
        client = client_of(site.people[who])
        extra = [f"/review/?channel={site.far_channel.pk}", "/review/"] if who == "rita" else []
        for page in [*pages, *extra]:
            answer = ask(client, "get", page)
            shown += [f"{page} as {who}: {secret.decode()}" for secret in secrets if secret in answer.content]
    # What a person typed or asked for stands in the address of a filter, and nowhere else.
    assert [line for line in shown if str(site.far_channel.pk) not in line] == []
    mallory = ask(client_of(site.cast.mallory), "get", "/posts/")
    assert secrets[0] in mallory.content  # the control: there is something to leak


@pytest.mark.parametrize("who", ["anonymous", "leaver"])
def test_without_a_session_everything_leads_to_the_sign_in_page(site: Site, who: str) -> None:
    """A leaver's session is worth nothing from the moment they are out."""
    client = client_of(None)
    if who == "leaver":
        client = client_of(site.people["sam"])
        assert ask(client, "get", "/posts/").status_code == 200  # the control
        deactivate_person(site.people["sam"], by=site.people["adam"])
    wrong = []
    for name, row in ADDRESSES.items():
        for method, _expected in methods(row):
            if row.public:
                continue
            answer = ask(client, method, address(site, name), sent(site, row, method))
            if answer.status_code != 302 or not answer["Location"].startswith(SIGN_IN):
                wrong.append(f"{method} {name}: {answer.status_code}")
    assert wrong == []


def test_reading_costs_nothing_but_reads(site: Site) -> None:
    """HEAD answers like GET without a body."""
    olga = client_of(site.people["olga"])
    for name in ("posts:list", "posts:detail", "audit:list", "org:people"):
        head = ask(olga, "head", address(site, name))
        assert (head.status_code, head.content) == (200, b"")
    assert connection.in_atomic_block
