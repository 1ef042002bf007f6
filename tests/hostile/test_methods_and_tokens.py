"""Addresses that write: only by POST, only with the form token, and only what the form declares."""

import re
from datetime import datetime
from uuid import UUID

import pytest
from django.apps import apps
from django.db import transaction
from django.db.models import AutoField
from django.test import Client

from healthsocial import clock
from healthsocial.org.models import User
from posts.models import Approval, Post
from tests.hostile.addresses import ADDRESSES
from tests.hostile.asking import address, client_of, everything, mutating
from tests.hostile.site import PEOPLE, Site

pytestmark = pytest.mark.django_db
Rows = dict[str, list[tuple[object, ...]]]


def doer(site: Site, name: str) -> User:
    """Somebody who may do it."""
    for who, status in zip(PEOPLE, ADDRESSES[name].expect.split(), strict=True):
        if status in ("200", "303", "302", "409"):
            return site.people[who]
    return site.people["adam"]


def form_of(site: Site, name: str) -> dict[str, object]:
    data = ADDRESSES[name].data
    assert data is not None
    return data(site)


def strict(person: User) -> Client:
    return client_of(person, enforce_csrf_checks=True)


def test_without_the_form_token_nothing_is_written(site: Site) -> None:
    """403 with our own page on every address that writes."""
    before, wrong = everything(), []
    for name in mutating():
        answer = strict(doer(site, name)).post(address(site, name), form_of(site, name))
        if answer.status_code != 403 or b"Please send it again" not in answer.content:
            wrong.append(f"{name}: {answer.status_code}")
    assert wrong == []
    assert _but_sign_ins(everything()) == _but_sign_ins(before)


def _but_sign_ins(rows: Rows) -> Rows:
    """Signing a test client in notes the moment on the person."""
    return {name: found for name, found in rows.items() if name != "org.User"}


def test_with_the_token_of_the_page_it_is_written(site: Site) -> None:
    """The control: the same request with the token does what it says."""
    client = strict(site.people["alice"])
    client.get("/posts/new/")
    token = client.cookies["csrftoken"].value
    form = form_of(site, "posts:create")
    assert client.post("/posts/new/", {**form, "csrfmiddlewaretoken": token}).status_code == 303
    assert client.post("/posts/new/", {**form, "csrfmiddlewaretoken": "a" * 64}).status_code == 403
    assert client.post("/posts/new/", form, headers={"X-CSRFToken": token}).status_code == 303
    foreign = {"Origin": "https://evil.example", "X-CSRFToken": token}
    assert client.post("/posts/new/", form, headers=foreign).status_code == 403


def test_every_address_that_writes_refuses_get_or_writes_nothing_on_it(site: Site) -> None:
    before, wrong = everything(), []
    clients = {who: client_of(person) for who, person in site.people.items()}
    before = everything()
    for name in mutating():
        client = clients[doer(site, name).email.split("@")[0]]
        expected = {405} if not ADDRESSES[name].also_read else {200, 302, 404}
        for method in ("get", "head"):
            got = client.generic(method.upper(), address(site, name)).status_code
            if got not in expected:
                wrong.append(f"{method} {name}: {got}")
    assert wrong == []
    assert everything() == before


def test_other_methods_write_nothing_anywhere(site: Site) -> None:
    """PUT, PATCH, DELETE and OPTIONS on every address: refused, or an answer that changes nothing."""
    adam = client_of(site.people["adam"])
    alice = client_of(site.people["alice"])
    before, wrong = everything(), []
    for name, row in ADDRESSES.items():
        person = alice if row.expect.split()[1] in ("200", "303") else adam
        for method in ("PUT", "DELETE", "OPTIONS"):
            got = person.generic(method, address(site, name)).status_code
            if got != 405:
                wrong.append(f"{method} {name}: {got}")
    # The sign-in package's class-based pages answer OPTIONS, and read PUT like POST: without fields it is a form error.
    assert [line for line in wrong if " account_" not in line and " healthz" not in line] == []
    assert everything() == before


def test_reading_a_page_changes_nothing(site: Site) -> None:
    clients = {who: client_of(person) for who, person in site.people.items()}
    before = everything()
    for name, row in ADDRESSES.items():
        if row.data is None:
            clients["olga"].get(address(site, name))
    assert everything() == before


# --- mass assignment -------------------------------------------------------------------------------------------------
def every_field() -> dict[str, str]:
    """Each column of each of our models with a value an attacker would like."""
    liked = {
        "state": "approved", "is_active": "0", "edit_no": "99", "epoch": "9", "seal": "0" * 64, "risk": "0",
        "created_at": "2001-01-01T00:00:00Z", "email": "evil@example.org", "password": "x" * 20,
    }  # fmt: skip
    names = {"is_superuser": "1", "is_staff": "1", "approved_by": "1", "by": "1"}
    for app in ("org", "compliance", "posts", "audit"):
        for model in apps.get_app_config(app).get_models():
            for field in model._meta.fields:
                names |= {field.name: liked.get(field.name, "1"), field.attname: liked.get(field.attname, "1")}
    return names


# What a form does declare, beside what the plain request of the table sends.
COMPOSER = {"title", "kind", "channels", "text", "first_comment", "links", "person_answer", "notes", "tags", "emergency",
            "edit_no", "post", "persons", "token", "zone", "wall", "second"}  # fmt: skip
DECLARED = {
    "posts:create": COMPOSER,
    "posts:autosave": COMPOSER,
    "posts:edit": COMPOSER,
    "posts:check_now": COMPOSER,
    "org:invite": {"name", "email", "job_title"},
    "org:person_rename": {"name", "job_title"},
    "org:channel_change": {"character_limit", "max_lateness_minutes"},
    "compliance:authorization_add": {"channels", "valid_until", "document_reference"},
    "posts:crisis_stop_start": {"emergency_goes_on"},
    "posts:approve": {"zone"},
    "posts:officer_answer": {"source_url", "authorization"},
}
VOLATILE = re.compile(
    r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}|[0-9a-f]{64}|![A-Za-z0-9]{40}|[\w=-]{60,}|P-\w{6}|\d{4}-\d\d-\d\dT[\d:.]+Z?"
)


def plain(value: object) -> object:
    """A stored value without what is new each time: instants, ids, digests, ciphers, tokens."""
    if isinstance(value, datetime | UUID | bytes | memoryview):
        return type(value).__name__
    return VOLATILE.sub("#", str(value))


def done(client: Client, path: str, form: dict[str, object], before: Rows) -> tuple[int, list[tuple[object, ...]]]:
    """Status, and the rows that are other ones afterwards; undone at once."""
    with transaction.atomic():
        status = client.post(path, form).status_code
        after = everything()
        transaction.set_rollback(True)
    numbered = {m._meta.label for m in apps.get_models() if isinstance(m._meta.pk, AutoField)}  # counts on when undone
    found = [
        (label, *map(plain, row[label in numbered :]))
        for label, rows in after.items()
        for row in rows
        if row not in before[label]
    ]
    return status, sorted(found, key=str)


def test_fields_a_form_does_not_declare_change_nothing(site: Site) -> None:
    """Every address that writes, sent once plain and once with every model field beside it: the same rows change.

    Per-field permission bypass: Wagtail CVE-2024-32882, -35228.
    """
    extra, wrong, moved = every_field(), [], 0
    clients = {who: client_of(person) for who, person in site.people.items()}
    before = everything()
    for name in mutating():
        if name.startswith("account_"):
            continue  # the package's forms
        form, path = form_of(site, name), address(site, name)
        client = clients[doer(site, name).email.split("@")[0]]
        undeclared = {key: value for key, value in extra.items() if key not in DECLARED.get(name, set())}
        usual = done(client, path, form, before)
        stuffed = done(client, path, {**undeclared, **form}, before)
        moved += bool(usual[1])
        if usual != stuffed:
            wrong.append(
                f"{name}: {usual[0]} {set(usual[1]) - set(stuffed[1])} / {stuffed[0]} {set(stuffed[1]) - set(usual[1])}"
            )
    assert wrong == [], "\n".join(wrong)
    assert moved > 40  # the control: nearly every one of these requests does write


def test_the_comparison_notices_a_field_that_got_through(site: Site) -> None:
    """The control: a declared field beside the plain ones makes another row."""
    alice, before = client_of(site.people["alice"]), everything()
    form = form_of(site, "posts:create")
    usual = done(alice, "/posts/new/", form, before)
    assert usual == done(alice, "/posts/new/", form, before)
    assert usual != done(alice, "/posts/new/", {**form, "notes": "1"}, before)


def test_the_attackers_favourite_fields_by_name(site: Site) -> None:
    """A new post claims to be approved, old, somebody else's and checked; a person claims to be a superuser."""
    form = {**form_of(site, "posts:create"), **{k: v for k, v in every_field().items() if k not in COMPOSER}}
    form |= {"creator": str(site.people["rita"].pk), "approval": str(Approval.objects.all()[0].pk)}
    form |= {"current_version": str(site.old_version.pk), "corrects": str(site.far.pk)}
    assert client_of(site.people["alice"]).post("/posts/new/", form).status_code == 303
    made = Post.objects.latest("created_at")
    assert (made.state, made.creator, made.approval, made.current_version, made.corrects) == (
        "draft", site.people["alice"], None, None, None,
    )  # fmt: skip
    assert (made.edit_no, made.epoch, made.created_at.year) == (1, 0, clock.now().year)
    invite = {"name": "New Comer", "email": "new@example.org", "is_superuser": "1", "is_staff": "1", "password": "x"}
    client_of(site.people["adam"]).post("/people/invite/", {**invite, "role": "administrator", "session_epoch": "7"})
    new = User.objects.get(email="new@example.org")
    assert (new.has_usable_password(), new.session_epoch, new.grants.count()) == (False, 0, 0)
    assert not any(getattr(new, name, False) for name in ("is_superuser", "is_staff"))
