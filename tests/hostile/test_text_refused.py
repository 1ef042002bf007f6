"""Fault 37: what cannot be stored or is too much gets a clear answer, never a 500, and loses nothing that was typed."""

import contextlib
import json
from pathlib import Path

import pytest
from django.core import mail
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from pytest_django import Settings

from compliance import checking
from healthsocial.audit.log import Refused
from healthsocial.org.models import Organisation, User
from posts.actions.edit import MAX_TEXT, Content, create_post, save_post
from posts.models import Post
from tests.conftest import Cast
from tests.hostile.asking import client_of
from tests.hostile.corpus import BAD_LINKS, NAMES, PAYLOADS
from tests.hostile.reading import Page
from tests.posts import moves
from tests.thorough import THOROUGH

pytestmark = pytest.mark.django_db
NUL, SURROGATE = "before\x00after", "before\ud800after"
MEGABYTE = "x" * 1_000_000


def composed(cast: Cast, **values: str) -> dict[str, object]:
    return {
        "title": "Parking",
        "kind": "original",
        "channels": [str(cast.harbor.pk)],
        "text": "Precious words.",
        **values,
    }


@pytest.mark.parametrize("field", ["title", "text", "first_comment", "notes", "tags", "links", "zone", "token"])
def test_a_nul_is_named_and_the_words_stay_in_the_form(cast: Cast, field: str) -> None:
    got = client_of(cast.alice).post(
        "/posts/new/", composed(cast, **{field: NUL if field != "links" else "https://a/" + NUL})
    )
    page = Page(got.content.decode())
    assert got.status_code == 422
    assert field == "text" or page.shows("Precious words.")
    assert page.shows("after")  # what was typed in the field itself
    assert Post.objects.count() == 0


def test_half_a_character_is_refused_wherever_it_comes_from(cast: Cast) -> None:
    """JSON and files can carry a lone surrogate; a form cannot (its bytes are replaced when they are decoded)."""
    for content in (
        Content(text=SURROGATE), Content(first_comment=SURROGATE), Content(title=SURROGATE), Content(notes=SURROGATE),
        Content(tags=(SURROGATE,)), Content(links=("https://a/" + SURROGATE,)), Content(text=NUL), Content(title=NUL),
        Content(text="x", channels=(cast.harbor.pk,), channel_texts={str(cast.harbor.pk): SURROGATE}),
    ):  # fmt: skip
        with pytest.raises(Refused, match="text_unreadable"):
            create_post(by=cast.alice, content=content)
    raw = b"title=Parking&kind=original&text=be%ED%A0%80fore"
    got = client_of(cast.alice).post("/posts/new/", raw, content_type="application/x-www-form-urlencoded")
    assert got.status_code == 303
    assert Post.objects.get().working_copy.text == "be\ufffd\ufffd\ufffdfore"


def test_a_text_too_long_is_refused_before_any_check_and_stays_in_the_form(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = []
    monkeypatch.setattr(checking, "check_now", lambda *given, **more: ran.append(1) or [])
    alice = client_of(cast.alice)
    for path in ("/posts/new/", "/posts/check/", "/posts/autosave/"):
        got = alice.post(path, composed(cast, text=MEGABYTE, notes="Precious notes."))
        assert got.status_code in (422, 200), path
        if path == "/posts/new/":
            page = Page(got.content.decode())
            assert page.shows(MEGABYTE)
            assert page.shows("Precious notes.")
    got = alice.post("/posts/new/", composed(cast, **{f"text-{cast.harbor.pk}": "x" * (MAX_TEXT + 1)}))
    assert got.status_code == 422
    with pytest.raises(Refused, match="text_too_long"):
        create_post(by=cast.alice, content=Content(text=MEGABYTE))
    post = moves.draft(cast)
    with pytest.raises(Refused, match="text_too_long"):
        save_post(post.pk, by=cast.alice, edit_no=1, content=Content(text="x", first_comment=MEGABYTE))
    assert ran == []
    alice.post("/posts/check/", composed(cast))
    assert ran == [1]  # the control: a text of usual length is checked


def test_a_request_larger_than_we_take_is_answered_in_words(cast: Cast) -> None:
    alice, path = client_of(cast.alice), "/posts/new/"
    answers = [
        alice.post(path, composed(cast, text="x" * 3_000_000)),
        alice.post(path, {f"f{number}": "1" for number in range(1200)}),
        alice.post(path, composed(cast), headers={"Host": "evil.example"}),
    ]
    assert [got.status_code for got in answers] == [413, 413, 400]
    for got in answers:
        page = Page(got.content.decode())
        assert "Nothing was changed." in page.words
        assert page.faults == []
    raw = (b"\xff\xfe%00=%zz", b"--x\r\nContent-Disposition: form-data; name=text\r\n", b"")
    for kind in (
        "text/plain; charset=nonsense",
        "multipart/form-data; boundary=x",
        "multipart/form-data",
        "application/x-www-form-urlencoded; charset=utf-7",
        "application/json",
    ):
        for body in raw:
            assert alice.generic("POST", path, body, content_type=kind).status_code in (400, 422), (kind, body)
    assert Post.objects.count() == 0


@pytest.mark.parametrize(
    "path",
    [
        "/posts/%00/",
        "/c/%00/",
        "/link/%00/",
        "/c/%F0%9F/",
        "/posts/?q=%00",
        "/audit/99999999999999999999999/",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/static/%2e%2e/manage.py",
        "/link/" + "a" * 3000 + "/",
    ],
)
def test_strange_addresses_are_not_found_and_break_nothing(cast: Cast, path: str) -> None:
    for who in (cast.adam, None):
        assert client_of(who).get(path).status_code in (200, 302, 400, 404, 422)


def test_import_files_of_nonsense_break_nothing_and_take_nothing_in(cast: Cast, tmp_path: Path) -> None:
    rows = [
        {"text": SURROGATE}, {"text": NUL}, {"text": MEGABYTE}, {"text": "Fine.", "title": "a\u202eb"},
        {"text": "Fine.", "links": ["javascript:canary(1)"]}, {"text": "Fine.", "proposed_at": "9" * 500},
        {"text": "Fine.", "zone": "../../etc/passwd", "proposed_at": "2026-12-01T10:00"}, {"text": {"deep": 1}},
        {"text": "Fine.", "channel": NUL}, {"text": "Fine.", "author": NUL}, {"text": "Fine.", "id": NUL},
    ]  # fmt: skip
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n" + "[" * 50_000)
    with contextlib.suppress(CommandError, SystemExit):
        call_command("import_posts", str(path), "--as", "alice@example.org", "--channel", "harbor-news", verbosity=0)
    assert Post.objects.count() == 0


def test_mails_and_headers_take_no_second_line(cast: Cast, settings: Settings) -> None:
    """CR and LF in a name end no header: the form refuses them, and so does what sends the mail."""
    settings.MAIL_CONFIGURED = True
    adam = Client()
    adam.force_login(cast.adam)
    for name in ("Eve\r\nBcc: all@example.org", "Eve\nX-Canary: 1", "Eve\u2028Bcc: x", "Eve\x00"):
        got = adam.post("/people/invite/", {"name": name, "email": "eve@example.org"})
        assert got.status_code == 422, repr(name)
    assert mail.outbox == []
    assert adam.post("/people/invite/", {"name": NAMES["person"], "email": "eve@example.org"}).status_code == 303
    sent = mail.outbox[0]
    assert sent.to == ["eve@example.org"]
    assert NAMES["person"] in sent.body  # plain text: nothing in it can come to life
    assert sent.message().get_content_type() == "text/plain"
    assert not sent.message().is_multipart()
    Organisation.objects.update(name="Harbor\r\nBcc: all@example.org")
    person = User.objects.get(email="eve@example.org")
    assert adam.post(f"/people/{person.pk}/invitation-link/", {}).status_code < 400  # shown or mailed, never a 500
    assert all("Bcc" not in message.message() for message in mail.outbox)


def test_links_that_run_are_refused_and_the_text_stays_in_the_form(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.alice)
    for link in BAD_LINKS:
        form = {"title": "Parking", "kind": "original", "text": "Precious words.", "links": link}
        got = client.post("/posts/new/", form)
        page = Page(got.content.decode())
        assert got.status_code == 422, link
        assert page.faults == [], link
        assert page.shows("Precious words.")
    assert Post.objects.count() == 0


def test_signing_in_and_searching_with_an_attack_shows_it_as_words(cast: Cast) -> None:
    adam, alice = Client(), Client()
    adam.force_login(cast.adam)
    alice.force_login(cast.alice)
    for payload in PAYLOADS if THOROUGH else (PAYLOADS[1], PAYLOADS[4]):
        answers = [
            Client().post("/account/login/", {"login": payload + "@example.org", "password": payload}),
            Client().get("/account/login/", {"next": payload}),
            alice.get("/posts/", {"q": payload[:100], "state": payload, "channel": payload, "since": payload}),
            alice.get("/rules/", {"q": payload, "flag": payload}),
            adam.get("/people/", {"q": payload, "role": payload, "page": payload}),
            adam.get("/audit/", {"q": payload, "verb": payload, "before": payload, "actor": payload[:64]}),
            alice.get("/calendar/", {"week": payload, "channel": payload}),
            Client().get("/" + payload),
        ]
        for got in answers:
            assert got.status_code in (200, 302, 404, 422), (payload, got.status_code)
            assert Page(got.content.decode()).faults == [], payload
