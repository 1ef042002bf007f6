"""Fault 37: the same nonsense in every field of every form and every address: an answer, never a 500."""

import pytest
from django.test import Client
from pytest_django import Settings

from tests.hostile.addresses import ADDRESSES
from tests.hostile.asking import address, ask, client_of, mutating
from tests.hostile.site import PEOPLE, Site
from tests.thorough import THOROUGH

pytestmark = pytest.mark.django_db
STRANGE = {
    "nul": "before\x00after",
    "long": "y" * 70_000,
    "bidi": "a\u202eb\u200b",
    "deep": "[" * 30_000,
    "percent": "%00%ff%s%n" * 9,
}
KINDS = tuple(STRANGE) if THOROUGH else ("nul",)


def allowed(site: Site, name: str) -> Client:
    for who, status in zip(PEOPLE, ADDRESSES[name].expect.split(), strict=True):
        if status in ("200", "303", "302", "409"):
            return client_of(site.people[who])
    return client_of(site.people["adam"])


@pytest.mark.parametrize("kind", KINDS)
def test_no_form_breaks_whatever_stands_in_its_fields(site: Site, kind: str, settings: Settings) -> None:
    """Every address that writes, with the same nonsense in every field of its form."""
    settings.ACCOUNT_RATE_LIMITS = False
    broken = []
    for name in mutating():
        data = ADDRESSES[name].data
        assert data is not None
        form = dict.fromkeys(data(site), STRANGE[kind]) | {"words": STRANGE[kind], "q": STRANGE[kind]}
        got = ask(allowed(site, name), "post", address(site, name), form).status_code
        if got >= 500:
            broken.append(f"{name}: {got}")
    assert broken == []


@pytest.mark.parametrize("kind", KINDS)
def test_no_page_breaks_whatever_its_address_asks(site: Site, kind: str) -> None:
    olga, rita, alice = (client_of(site.people[name]) for name in ("olga", "rita", "alice"))
    asked = dict.fromkeys(
        ("q", "state", "channel", "kind", "mine", "since", "until", "before", "after", "page", "role", "verb", "actor",
         "target", "refused", "week", "risk", "due", "from", "to", "day", "time", "zone", "person", "seen", "group", "next"),
        STRANGE[kind][:5000],
    )  # fmt: skip
    broken = []
    for name, row in ADDRESSES.items():
        if row.data is not None and not row.also_read:
            continue
        client = {"4": rita}.get(row.expect.split()[6][0], olga) if not name.startswith("posts:create") else alice
        got = ask(client, "get", address(site, name), asked).status_code
        if got >= 500:
            broken.append(f"{name}: {got}")
    assert broken == []
