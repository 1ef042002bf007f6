"""One post full of markers through every page and form as every role; then every byte outside its columns is searched.

The list below is exact: a column that holds a word and is not in it fails the test, and so does a word that no longer
stands where it should. tests/quiet/test_searchers.py shows that each searcher finds what is there.
"""

import re
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.test import override_settings
from django.urls import reverse

from healthsocial.audit.models import Event
from posts import tasks
from tests.conftest import Cast
from tests.quiet import places, story
from tests.quiet.finding import found
from tests.quiet.places import Lines
from tests.thorough import times

pytestmark = pytest.mark.django_db

COPY, FROZEN = "posts_workingcopy", "posts_postversion.canonical"
PUBLIC = "posts_localpublication"
IN_TEXT = {f"{COPY}.text", FROZEN}
ALLOWED: dict[str, set[str]] = {
    # the post: working copy, frozen versions, and what was published
    "zqxtext": IN_TEXT,
    "zqxstreet": IN_TEXT,
    "MRN": IN_TEXT,
    "phone": IN_TEXT,
    "zqxmail": IN_TEXT,
    "zqxclean": IN_TEXT | {f"{PUBLIC}.text"},
    "zqxown": {f"{COPY}.channel_texts", FROZEN, f"{PUBLIC}.text"},
    "zqxcomment": {f"{COPY}.first_comment", FROZEN, f"{PUBLIC}.first_comment"},
    "zqxlink": {f"{COPY}.links", FROZEN, f"{PUBLIC}.links"},
    # for colleagues, never published
    "zqxtitle": {"posts_post.title"},
    "zqxnote": {"posts_post.notes"},
    "zqxtag": {"posts_post.tags"},
    # what people said about it
    "zqxanswer": {"compliance_answer.words"},
    "zqxsource": {"compliance_answer.source_url"},
    "zqxofficer": {"compliance_answer.words"},
    "zqxback": {"posts_reviewdecision.words"},
    "zqxhold": {"posts_post.reason_words"},
    "zqxtakedown": {"posts_post.reason_words"},
    "zqxproof": {"posts_delivery.proof"},
    "zqxstop": {"posts_crisisstop.reason"},
    # the register: the name is encrypted, so it stands nowhere
    "zqxpaper": {"compliance_authorization.document_reference"},
    "zqxrevoked": {"compliance_authorization.revoked_why"},
}
# The long form reads and writes every page as everybody.
EVERYBODY = ("alice", "rita", "adam", "mallory", "anonymous", "priya", "sam", "olga", "nobody")
READERS = EVERYBODY[: times(4, 9)]
WRITERS = EVERYBODY[: times(1, 9)]
# A page shows the words to those who may read the text, and to nobody else.
MAY_READ = {"alice", "rita", "priya", "sam", "olga"}
# What the public page shows.
PUBLISHED = {"zqxclean", "zqxown", "zqxcomment", "zqxlink"}
# Titles and the reasons of stops are for administrators, too.
SHOWN_TO = {"adam": {"zqxtitle", "zqxstop"}}
LEAVES = {"account_logout", "org:deactivate", "posts:channel_disable", "account_change_password"}


@pytest.fixture
def quiet_mail() -> Any:
    """A mail server is set, and what it is given is kept."""
    with override_settings(
        MAIL_CONFIGURED=True,
        EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend",
        ADMINS=[("A", "a@example.org")],
    ):
        yield


def test_the_words_stand_in_their_columns_and_nowhere_else(cast: Cast, quiet_mail: None) -> None:
    with places.written() as lines:
        told = story.tell(cast)
        assert places.columns() == ALLOWED
        _read_everything(told)
        _write_everything(told)
        tasks.housekeeping()
    after = places.columns()
    assert {marker: sorted(where) for marker, where in after.items() if not where <= ALLOWED.get(marker, set())} == {}
    _nothing_in(lines)
    _nothing_in_answers(told)
    assert found("".join(Event.objects.values_list("body", flat=True))) == set()
    assert found(places.cached()) == set()
    assert mail.outbox
    assert found(places.mails()) == set()
    assert places.files(settings.DATA_DIR, but=("sqlite3", "sqlite3-wal", "sqlite3-shm")) == {}


def _read_everything(told: story.Story) -> None:
    """Every address there is as everybody; what is hidden and what is missing answer too."""
    names = []
    for name, address in story.addresses(told):
        names.append(name)
        if name in LEAVES:
            continue
        for who in READERS:
            answer = told.ask(who, "get", address)
            if answer.status_code == 405:
                break  # for everybody: there is nothing to read
            assert answer.status_code < 500, (who, name)
            seen = found(answer.content, 1)
            if name.startswith("posts:public_"):
                assert seen <= PUBLISHED, (who, name)
            elif who not in MAY_READ:
                assert seen <= SHOWN_TO.get(who, set()), (who, name, seen)
            if seen and not name.startswith("posts:public_"):
                assert "no-store" in answer["Cache-Control"], (who, name)
    assert len(names) > 75


def _write_everything(told: story.Story) -> None:
    """A form with the words in every field it could have, at every address, stale and out of order."""
    fields = (
        "text",
        "title",
        "words",
        "reason",
        "name",
        "q",
        "token",
        "notes",
        "links",
        "proof",
        "kind",
        "zone",
        "wall",
    )
    form = dict.fromkeys(fields, "Zqxtext everywhere") | {"version": "Zqxtext", "email": "zqxtext", "login": "zqxtext"}
    for name, address in story.addresses(told):
        if name in LEAVES or name.startswith(("org:channel_", "org:group", "org:person_", "org:settings")):
            continue  # names of channels, groups and people are words of the organisation, not of a post
        for who in WRITERS:
            answer = told.ask(who, "post", address, form)
            assert answer.status_code < 500, (who, name)
    told.ask("adam", "post", reverse("org:reset_link", args=[told.cast.mallory.pk]))


def _nothing_in(lines: Lines) -> None:
    assert found(lines.text) == set(), [line for line in lines.text.splitlines() if found(line)][:5]
    assert "django.request" in lines.text
    assert found(lines.plain), "without the formatter there would be something to find"


def _nothing_in_answers(told: story.Story) -> None:
    """Headers (addresses, cookies) of every answer, addresses inside every page, and the pages of errors."""
    heads: set[str] = set()
    for what, answer in told.answers:
        heads |= {f"{name}: {value}" for name, value in answer.items()} | {answer.cookies.output()}
        plain_error = answer.status_code in (400, 404, 410, 413, 500, 503) or (
            answer.status_code == 403 and what.split()[0] not in MAY_READ
        )
        if plain_error:
            assert found(answer.content, 1) == set(), what
        if not what.endswith("/feed/"):
            for address in set(re.findall(rb'(?:href|action|hx-get|hx-post|src)="([^"]*)"', answer.content)):
                assert not found(address, 1) - {"zqxlink", "zqxsource", "zqxpath"}, (what, address)
    heads |= {browser.cookies.output() for browser in told.browsers.values()}
    assert {head: marks for head in heads if (marks := found(head))} == {}
    assert any("Location: /posts/?q=s." in head for head in heads)
