"""Every step breaks once, with the post's words in the message of the error: the words stay out of everything."""

import io
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction
from django.test import Client, override_settings
from django.urls import reverse

from compliance.models import CheckRun
from healthsocial.audit.models import Event
from healthsocial.org.models import Alert, User
from posts import rounds, tasks
from posts.actions.deliver import deliver
from posts.actions.schedule import schedule
from posts.actions.submit import submit
from posts.models import Delivery, ImportedRow, Post
from posts.networks import base
from posts.networks.local import LocalNetwork
from tests.conftest import PASSWORD, Cast
from tests.posts import moves
from tests.quiet import places
from tests.quiet.finding import found

pytestmark = pytest.mark.django_db
TEXT = "Zqxtext Testperson, MRN 84417263, 617-555-0173, opened our garden."
SPOKEN = {"zqxtext", "MRN", "phone"}


class Careless(Exception):
    """Somebody else's error, which quotes what it was given; so do its note, its cause and its context."""


def careless(*_given: object, **_more: object) -> Any:
    try:
        raise KeyError(TEXT)
    except KeyError as error:
        problem = Careless(f"cannot handle {TEXT!r}")
        problem.add_note(TEXT)
        raise problem from error


def breaks(monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    monkeypatch.setattr(where, careless)


def signed_in(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def nothing_leaked(lines: places.Lines) -> None:
    assert found(lines.text) == set(), lines.text[-3000:]
    assert found("".join(Event.objects.values_list("body", flat=True))) == set()
    assert found(repr(list(Alert.objects.values_list("code", "target_id")))) == set()
    assert found(repr(list(CheckRun.objects.values_list("error_code", "not_checked", "context_inputs")))) == set()
    assert found(repr(list(Delivery.objects.values_list("error_code", "remote_id", "remote_url", "proof")))) == set()
    assert found(places.mails() + places.cached()) == set()


# --- pages ---------------------------------------------------------------------------------------------------------
PAGES: dict[str, tuple[str, str, Callable[[Post], dict[str, Any]]]] = {
    "posts.views.compose.live_check": ("post", "posts:check_now", lambda post: {}),
    "posts.views.compose.save_post": ("post", "posts:autosave", lambda post: {"post": post.pk, "edit_no": 1}),
    "posts.views.compose.create_post": ("post", "posts:create", lambda post: {}),
    "posts.actions.edit.Act.record": ("post", "posts:create", lambda post: {}),
    "posts.actions.submit.queue_check": ("post", "posts:submit", lambda post: {}),
    "posts.canonical.as_form": ("get", "posts:detail", lambda post: {}),
    "posts.views.detail.line": ("get", "posts:detail", lambda post: {}),
    "django.template.defaulttags.URLNode.render": ("get", "posts:detail", lambda post: {}),
    "posts.views.listing.page": ("get", "posts:list", lambda post: {"q": TEXT}),
    "healthsocial.audit.log.append": ("post", "posts:submit", lambda post: {}),
}


@pytest.mark.parametrize("where", PAGES)
def test_a_page_that_breaks_says_nothing(cast: Cast, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    post = moves.draft(cast, TEXT)
    method, name, more = PAGES[where]
    address = reverse(name, args=[post.pk] if name in ("posts:submit", "posts:detail") else [])
    form = {"title": "A title", "kind": "original", "text": TEXT, "channels": [str(cast.harbor.pk)]} | more(post)
    client = signed_in(cast.alice)
    with places.written() as lines:
        breaks(monkeypatch, where) if "Act.record" not in where else monkeypatch.setattr(
            "healthsocial.audit.log.Act.record", careless
        )
        answer = getattr(client, method)(address, form)
        monkeypatch.undo()
    assert answer.status_code == 500
    assert found(answer.content + repr(answer.headers).encode()) == set()
    assert b"Something broke" in answer.content
    nothing_leaked(lines)
    assert "Careless" in lines.text
    assert "careless" in lines.text, "the frames stay"
    assert found(lines.plain) == SPOKEN, "Python's own formatter would have told"


def test_the_mail_of_django_for_administrators_is_not_sent(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would hold the request's body and every local variable."""
    breaks(monkeypatch, "posts.views.compose.create_post")
    backend = "django.core.mail.backends.locmem.EmailBackend"
    with override_settings(ADMINS=[("Adam", "adam@example.org")], EMAIL_BACKEND=backend):
        answer = signed_in(cast.alice).post(
            reverse("posts:create"), {"title": "A title", "kind": "original", "text": TEXT}
        )
    assert answer.status_code == 500
    assert mail.outbox == []


# --- tasks, networks -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("where", ["compliance.checking.check_text", "posts.actions.check.dependents"])
def test_a_checker_that_breaks(cast: Cast, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    post = moves.draft(cast, TEXT)
    submit(post.pk, by=cast.alice)
    run = CheckRun.objects.get()
    breaks(monkeypatch, where)
    with places.written() as lines:
        result = tasks.run_check.apply(kwargs={"row_id": str(run.pk)})
        rounds.run_round()
        signed_in(cast.alice).get(reverse("posts:detail", args=[post.pk]))
    assert result.state == ("SUCCESS" if "check_text" in where else "FAILURE")
    nothing_leaked(lines)
    assert "Careless" in lines.text


def refuses(kind: type[Exception]) -> Callable[..., Any]:
    def send(*_order: object) -> None:
        raise kind(f"rejected: {TEXT}")

    return send


@pytest.mark.parametrize("kind", [base.Permanent, base.Retryable, base.Unknown, Careless])
def test_a_network_that_answers_with_the_post(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    post = moves.approved(cast, TEXT.replace("MRN 84417263, 617-555-0173, ", ""))
    schedule(post.pk, by=cast.rita, publish_now=True)
    monkeypatch.setattr(LocalNetwork, "send", refuses(kind))
    with places.written() as lines:
        state = deliver(Delivery.objects.get().pk)
    assert state == {"Permanent": "failed", "Retryable": "due"}.get(kind.__name__, "unconfirmed")
    nothing_leaked(lines)
    code = Delivery.objects.get().error_code
    assert code == ("Careless" if kind is Careless else "unreadable_answer")
    assert base.Permanent("refused_by_network").code == "refused_by_network"


def test_a_network_whose_ids_are_made_of_words(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    post = moves.approved(cast, "Zqxtext opened our garden.")
    schedule(post.pk, by=cast.rita, publish_now=True)
    monkeypatch.setattr(LocalNetwork, "send", lambda *_order: base.Receipt("Zqxtext opened our garden"))
    with places.written() as lines:
        assert deliver(Delivery.objects.get().pk) == "sent"
    assert found(lines.text) == set()
    assert found("".join(Event.objects.values_list("body", flat=True))) == set()
    assert Delivery.objects.get().remote_id == "Zqxtext opened our garden"
    assert base.id_for_record("at://did:plc:ab/app.bsky.feed.post/3k") == "at://did:plc:ab/app.bsky.feed.post/3k"


def test_a_mail_server_that_quotes(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def send(*_message: object) -> int:
        raise OSError(5, f"refused: {TEXT}")

    monkeypatch.setattr("django.core.mail.EmailMessage.send", send)
    with places.written() as lines, override_settings(MAIL_CONFIGURED=True):
        answer = signed_in(cast.adam).post(reverse("org:reset_link", args=[cast.mallory.pk]))
    assert answer.status_code == 200
    nothing_leaked(lines)
    assert "was not taken" in lines.text


# --- the database --------------------------------------------------------------------------------------------------
def statements() -> Iterator[tuple[str, Callable[[Post], object]]]:
    """What a database refuses, quoting the value or the whole row."""
    yield "a second one", lambda post: [ImportedRow.objects.create(key=TEXT[:60], post=post) for _twice in "ab"]
    yield "a state that is none", lambda post: Post.objects.filter(pk=post.pk).update(state=TEXT[:7])
    if connection.vendor == "postgresql":
        yield "too long", lambda post: Post.objects.filter(pk=post.pk).update(title=TEXT * 9)
        yield "NUL", lambda post: Post.objects.filter(pk=post.pk).update(notes=TEXT + "\0")
        yield "a cast", lambda post: connection.cursor().execute("SELECT CAST(%s AS integer)", [TEXT])
        yield (
            "nothing",
            lambda post: connection.cursor().execute(
                "UPDATE posts_workingcopy SET text = %s, links = NULL WHERE post_id = %s", [TEXT, str(post.pk)]
            ),
        )
    else:
        yield "a name", lambda post: connection.cursor().execute(f'SELECT "{TEXT}" FROM nowhere')


def test_the_database_refuses_and_quotes(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    post = moves.draft(cast, TEXT)
    client = signed_in(cast.alice)
    told = set()
    for what, statement in statements():

        def fails(*_given: object, statement: Callable[[Post], object] = statement, **_more: object) -> None:
            with transaction.atomic():
                statement(post)

        monkeypatch.setattr("posts.views.listing.page", fails)
        with places.written() as lines:
            answer = client.get(reverse("posts:list"))
        assert answer.status_code in (500, 503), what
        assert found(lines.text) == set(), what
        assert found(answer.content) == set(), what
        told |= found(lines.plain)
    assert told >= ({"zqxtext"} if connection.vendor == "postgresql" else set())


# --- the rest ------------------------------------------------------------------------------------------------------
def test_an_import_names_lines_not_words(cast: Cast, tmp_path: Any) -> None:
    for name, text in {
        "rows.csv": f'text,title,channel\n"{TEXT}",Zqxtitle,nowhere\n"{TEXT}"\n"{TEXT},Zqxtitle,\n',
        "rows.jsonl": f'{{"text": "{TEXT}", "author": "zqxmail@example.org"}}\n{{"text": "{TEXT}"\n"{TEXT}"\n'
        f'{{"text": "{TEXT}", "proposed_at": "Zqxwall"}}\n{{"text": "{TEXT} \\u0000"}}\n{{"text": ["{TEXT}"]}}\n',
    }.items():
        path = tmp_path / name
        path.write_text(text)
        out = io.StringIO()
        with places.written() as lines, pytest.raises(CommandError) as ended:
            call_command("import_posts", str(path), by=cast.alice.email, stdout=out, stderr=out)
        assert "line 2" in out.getvalue()
        assert found(out.getvalue() + str(ended.value)) == set(), out.getvalue()
        nothing_leaked(lines)


def test_an_address_in_the_log_holds_ids_only(cast: Cast) -> None:
    post = moves.draft(cast)
    with places.written() as lines:
        signed_in(cast.mallory).get(reverse("posts:detail", args=[post.pk]), {"q": "Zqxquery"})
        Client().get("/link/Zqxtoken/")
        Client().get("/Zqxpath/zqxpath?Zqxquery=1")
        logging.getLogger("gunicorn.error").warning("Invalid request from ip=192.0.2.1: GET /?q=Zqxtext Zqxpath")
        logging.getLogger("gunicorn.error").error("Error handling request GET /posts/?q=Zqxquery&page=2")
        logging.getLogger("django.server").info('"%s" %s %s', "GET /posts/?q=Zqxquery HTTP/1.1", "200", "5316")
    assert found(lines.text) == set()
    for line in (
        f"Not Found: /posts/{post.pk}/",
        "Not Found: /link/<str:token>/",
        "Not Found: (no such page)",
        "Invalid request from ip=192.0.2.1\n",
        "Error handling request GET /posts/?…\n",
        '"GET /posts/?… HTTP/1.1" 200 5316',
    ):
        assert line.removeprefix("Not Found: /link") in lines.text
    assert found(lines.plain) >= {"zqxtoken", "zqxpath", "zqxquery", "zqxtext"}


@contextmanager
def debugging() -> Iterator[None]:
    with ExitStack() as stack:
        stack.enter_context(override_settings(DEBUG=True))
        yield


def test_debugging_says_everything_and_is_no_setting_of_production() -> None:
    with places.written() as lines, debugging():
        try:
            careless()
        except Careless:
            logging.getLogger("posts").exception("it broke")
    assert found(lines.text) == SPOKEN


def test_a_wrong_password_is_not_kept(cast: Cast) -> None:
    client = Client()
    with places.written() as lines:
        client.post(reverse("account_login"), {"login": "alice@example.org", "password": "Zqxpassword"})
        client.post(reverse("account_login"), {"login": "zqxlogin@example.org", "password": PASSWORD})
    nothing_leaked(lines)
    assert places.columns() == {}
