"""Fault 40 where it applies: sessions, sign-in, links, hosts, headers, cookies, files."""

import re
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings as django_settings
from django.core import mail
from django.test import Client
from pytest_django import Settings

from healthsocial.org import links
from healthsocial.org.actions.deactivate_person import deactivate_person
from healthsocial.org.actions.reset_link import reset_link
from healthsocial.org.models import User
from tests.conftest import PASSWORD, Cast
from tests.hostile.asking import same
from tests.posts import moves

pytestmark = pytest.mark.django_db
NEW = "another correct horse 77"


@pytest.fixture(autouse=True)
def _open(settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = False  # the twin below switches them on


def sign_in(client: Client, name: str = "rita", password: str = PASSWORD, **more: object) -> object:
    return client.post("/account/login/", {"login": f"{name}@example.org", "password": password, **more})


def key_of(client: Client) -> str:
    return client.cookies["sessionid"].value


def works(client: Client) -> bool:
    return client.get("/posts/").status_code == 200


def with_session(key: str) -> Client:
    thief = Client()
    thief.cookies["sessionid"] = key
    return thief


# --- sessions --------------------------------------------------------------------------------------------------------
def test_a_session_key_set_before_signing_in_is_worth_nothing_after(cast: Cast) -> None:
    client = Client()
    client.get(f"/link/{_link(cast)}/")  # an anonymous session with something in it
    before = key_of(client)
    sign_in(client)
    assert key_of(client) != before
    assert works(client)
    assert not works(with_session(before))
    assert works(with_session(key_of(client)))  # the control: a session key is all it takes


def _link(cast: Cast) -> str:
    return reset_link(cast.sam, by=cast.adam)


def test_a_stolen_session_ends_with_sign_out_leaving_and_a_new_password(cast: Cast) -> None:
    for end in ("sign out", "leave", "password", "link"):
        client = Client()
        sign_in(client, "rob" if end == "leave" else "rita")
        thief = with_session(key_of(client))
        assert works(thief), end  # the control
        if end == "sign out":
            client.post("/account/logout/")
        elif end == "leave":
            deactivate_person(cast.rob, by=cast.adam)
        elif end == "password":
            changed = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
            assert client.post("/account/password/change/", changed).status_code == 302
            User.objects.filter(pk=cast.rita.pk).update(password=cast.sam.password)
        else:
            opened = Client()
            opened.get(f"/link/{reset_link(cast.rita, by=cast.adam)}/")
            opened.post("/link/open/", {"password": NEW, "again": NEW})
        assert not works(thief), end


# --- who is here ------------------------------------------------------------------------------------------------------
def test_signing_in_tells_nobody_whether_an_address_is_known(cast: Cast) -> None:
    deactivate_person(cast.rob, by=cast.adam)
    answers = {
        name: same(Client().post("/account/login/", {"login": "who@example.org", "password": "x"}))
        if name == "unknown"
        else _typed(name)
        for name in ("rita", "rob", "unknown")
    }
    assert answers["rita"][0] == 200
    assert answers["rita"] == answers["unknown"]
    assert answers["rob"] == answers["unknown"]
    assert same(sign_in(Client())) != answers["unknown"]  # type: ignore[arg-type]  # the control


def _typed(name: str) -> tuple[int, bytes]:
    status, body = same(sign_in(Client(), name, "not the password at all"))  # type: ignore[arg-type]
    return status, body.replace(f"{name}@".encode(), b"who@")


def test_asking_for_a_new_password_tells_nobody_either(cast: Cast, settings: Settings) -> None:
    settings.MAIL_CONFIGURED = True
    answers = set()
    for name in ("rita", "nobody-at-all"):
        got = Client().post("/account/password/reset/", {"email": f"{name}@example.org"})
        answers.add((got.status_code, got["Location"]))
    assert answers == {(302, "/account/password/reset/done/")}


def test_guessing_is_slowed_down(cast: Cast, settings: Settings) -> None:
    del settings.ACCOUNT_RATE_LIMITS
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "guessing"}}
    statuses = [sign_in(Client(), "priya", f"guess number {n}").status_code for n in range(12)]  # type: ignore[attr-defined]
    last = sign_in(Client(), "priya")
    assert statuses[0] == 200
    assert last.status_code != 302  # type: ignore[attr-defined]  # even the right one, for a while


# --- links ------------------------------------------------------------------------------------------------------------
def test_a_link_serves_its_own_purpose_once_and_no_other_address(cast: Cast) -> None:
    """Postiz CVE-2026-48783: a token of one purpose taken for another."""
    token = _link(cast)
    assert Client().get(f"/account/password/reset/key/{token}/").status_code != 500
    for forged in (f"/account/password/reset/key/x-{token}/", f"/people/{token}/", f"/c/{token}/", f"/link/{token}x/"):
        got = Client().get(forged, follow=True)
        assert b'name="password' not in got.content
    digest = links.token_digest(token)
    assert Client().get(f"/link/{digest}/").status_code == 404  # what the database holds opens nothing
    client = Client()
    assert client.get(f"/link/{token}/").status_code == 302
    assert client.post("/link/open/", {"password": NEW, "again": NEW}).status_code == 303
    assert Client().get(f"/link/{token}/").status_code == 404
    assert client.get("/link/open/").status_code == 404


def test_the_session_of_a_link_cannot_name_another_persons_link(cast: Cast) -> None:
    client = Client()
    client.get(f"/link/{_link(cast)}/")
    rita_before = User.objects.get(pk=cast.rita.pk).password
    form = {"password": NEW, "again": NEW, "user": str(cast.rita.pk), "token": "x", "person": str(cast.rita.pk)}
    assert client.post("/link/open/", form).status_code == 303
    assert User.objects.get(pk=cast.rita.pk).password == rita_before
    assert User.objects.get(pk=cast.sam.pk).check_password(NEW)


@pytest.mark.parametrize(
    "host", ["evil.example", "testserver@evil.example", "testserver:80:evil", "127.0.0.1.evil.example"]
)
def test_a_forged_host_is_refused_and_never_stands_in_a_mail(cast: Cast, settings: Settings, host: str) -> None:
    settings.MAIL_CONFIGURED = True
    settings.SITE_URL = "https://health.example"
    adam = Client()
    adam.force_login(cast.adam)
    assert adam.post(f"/people/{cast.sam.pk}/password-link/", headers={"Host": host}).status_code == 400
    assert mail.outbox == []
    for name in ("X-Forwarded-Host", "X-Host", "Forwarded", "X-Original-URL", "X-Rewrite-URL"):
        adam.post(f"/people/{cast.sam.pk}/password-link/", headers={name: host})
    assert len(mail.outbox) == 5
    assert all("https://health.example/link/" in sent.body and "evil" not in sent.body for sent in mail.outbox)


def test_the_mail_for_a_forgotten_password_names_our_host_only(cast: Cast, settings: Settings) -> None:
    settings.MAIL_CONFIGURED = True
    assert (
        Client()
        .post("/account/password/reset/", {"email": "rita@example.org"}, headers={"Host": "evil.example"})
        .status_code
        == 400
    )
    Client().post(
        "/account/password/reset/", {"email": "rita@example.org"}, headers={"X-Forwarded-Host": "evil.example"}
    )
    assert len(mail.outbox) == 1
    assert "evil" not in str(mail.outbox[0].message())


@pytest.mark.parametrize(
    "away",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "javascript:canary(1)", "https:evil.example",
     "///evil.example", "http:///evil.example", " //evil.example", "/%09/evil.example", "data:text/html,x"],
)  # fmt: skip
def test_signing_in_and_out_leads_nowhere_else(cast: Cast, away: str) -> None:
    client = Client()
    got = sign_in(client, next=away)
    assert got.status_code == 302  # type: ignore[attr-defined]
    assert _ours(got["Location"])  # type: ignore[index]
    assert _ours(client.post("/account/logout/", {"next": away})["Location"])
    assert _ours(Client().post("/posts/new/", {}, headers={"Referer": away})["Location"])


def _ours(location: str) -> bool:
    return re.match(r"/(?![/\\])", location) is not None and "\t" not in location


def test_signing_in_leads_back_within_the_site(cast: Cast) -> None:
    """The control."""
    assert sign_in(Client(), next="/calendar/")["Location"] == "/calendar/"  # type: ignore[index]


# --- headers, cookies, files ------------------------------------------------------------------------------------------
def policy(answer: object) -> dict[str, list[str]]:
    parts = [part.split() for part in answer["Content-Security-Policy"].split(";")]  # type: ignore[index]
    return {words[0]: words[1:] for words in parts if words}


def test_every_kind_of_answer_carries_the_security_headers(cast: Cast) -> None:
    post = moves.in_review(cast)
    rita = Client(raise_request_exception=False)
    rita.force_login(cast.rita)
    for path in ("/", f"/review/{post.pk}/", "/posts/", "/nothing/here/", "/people/", "/c/harbor-news/", "/c/harbor-news/feed/",
                 "/account/login/", "/posts/new/"):  # fmt: skip
        for got in (rita.get(path), Client().get(path)):
            found = policy(got)
            assert "'unsafe-inline'" not in str(found), path
            assert "'unsafe-eval'" not in str(found), path
            assert (found["object-src"], found["base-uri"], found["frame-ancestors"]) == (["'none'"],) * 3, path
            assert found["default-src"] == found["form-action"] == ["'self'"], path
            assert {source for source in found["script-src"] if "nonce" not in source} == {"'self'"}, path
            assert got["X-Content-Type-Options"] == "nosniff", path
            assert got["X-Frame-Options"] == "DENY", path
            assert got["Referrer-Policy"] == "same-origin", path
    nonces = {re.search(r"nonce-([^']+)", rita.get("/")["Content-Security-Policy"]).group(1) for _n in range(3)}  # type: ignore[union-attr]
    assert len(nonces) == 3


def test_private_pages_are_kept_by_no_cache(cast: Cast) -> None:
    post = moves.in_review(cast)
    rita = Client()
    rita.force_login(cast.rita)
    for path in (
        "/",
        "/posts/",
        f"/posts/{post.pk}/",
        f"/review/{post.pk}/",
        "/audit/",
        "/me/",
        "/account/password/change/",
        "/people/",
        f"/posts/{uuid4()}/",
        "/nothing/here/",
    ):
        got = rita.get(path)
        assert "no-store" in got.get("Cache-Control", ""), path
        assert "public" not in got["Cache-Control"], path
    assert "no-store" not in Client().get("/c/harbor-news/")["Cache-Control"]  # the control: public pages may be kept


def test_cookies_are_out_of_reach(cast: Cast) -> None:
    client = Client()
    client.get("/account/login/")
    sign_in(client)
    session, csrf = client.cookies["sessionid"], client.cookies["csrftoken"]
    assert (session["httponly"], session["samesite"], csrf["samesite"]) == (True, "Lax", "Lax")
    assert session["domain"] == csrf["domain"] == ""
    assert set(client.cookies) <= {"sessionid", "csrftoken", "messages"}


def test_no_file_but_those_of_the_look_is_served(cast: Cast) -> None:
    """Mautic CVE-2024-47056: `.env` served."""
    key = Path(django_settings.DATA_DIR) / "keys" / "secret.key"
    secret = key.read_bytes() if key.exists() else django_settings.SECRET_KEY.encode()
    for path in (".env", "static/.env", "static/../manage.py", "static/..%2fhealthsocial/settings.py", "static//etc/passwd", "var/keys/secret.key",
                 "static/%2e%2e/%2e%2e/var/keys/field.keys", "manage.py", ".git/config", "media/x", "keys/field.keys", "static/css/"):  # fmt: skip
        got = Client(raise_request_exception=False).get(f"/{path}")
        assert got.status_code == 404, path
        assert secret not in got.content
    got = Client().get("/static/css/components.css")  # the control
    assert got.status_code == 200
    got.close()
