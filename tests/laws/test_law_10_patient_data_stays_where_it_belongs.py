"""Law 10: patient data stays where it belongs."""

import inspect
import logging
from typing import Any

import pytest
from django.db import connection

from compliance.actions.register import add_subject
from compliance.models import Finding
from healthsocial import clock
from healthsocial.audit.log import Refused
from healthsocial.audit.models import Event
from posts import canonical, guards, permissions, tasks
from posts.actions.deliver import deliver
from posts.actions.edit import Content, create_post
from posts.actions.schedule import schedule
from posts.enums import State
from posts.models import Delivery
from posts.queries import get_post_for, visible_posts
from tests.conftest import Cast
from tests.posts import moves, people

pytestmark = pytest.mark.django_db
MARKER = "zqxmarker"


def test_no_word_of_a_post_reaches_the_log_or_the_audit_trail(cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    post = moves.approved(
        cast,
        f"The clinic of {MARKER} opens on Saturday.",
        first_comment=f"{MARKER} again",
        notes=f"{MARKER} noted",
        links=(f"https://example.org/{MARKER}",),
    )
    schedule(post.pk, by=cast.rita, publish_now=True)
    deliver(Delivery.objects.get(post=post).pk)
    assert Event.objects.filter(body__contains=MARKER).count() == 0
    assert MARKER not in "".join(
        record.getMessage() for record in caplog.records if record.name != "django.db.backends"
    )


def test_the_twin_finds_the_marker_where_it_belongs(cast: Cast) -> None:
    moves.draft(cast, f"The clinic of {MARKER} opens on Saturday.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM posts_workingcopy WHERE text LIKE %s", [f"%{MARKER}%"])
        assert cursor.fetchone()[0] == 1


def test_names_in_the_register_are_encrypted(cast: Cast) -> None:
    subject = add_subject(by=cast.priya, kind="patient", name=f"Wilma {MARKER}")
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM compliance_subject")
        stored = cursor.fetchone()[0]
    assert MARKER not in stored
    subject.refresh_from_db()
    assert subject.name == f"Wilma {MARKER}"
    assert Event.objects.filter(body__contains=MARKER).count() == 0


def test_tasks_take_ids_only() -> None:
    own = [task for name, task in tasks.run_check.app.tasks.items() if name.startswith("posts.")]
    assert sorted(task.name for task in own) == [
        "posts.deliver",
        "posts.housekeeping",
        "posts.run_check",
        "posts.worker_heartbeat",
    ]
    assert {tuple(inspect.signature(task.run).parameters) for task in own} == {("row_id",), ()}


def test_who_sees_a_draft(cast: Cast) -> None:
    post = moves.draft(cast)
    channels = [cast.harbor]
    people_ = ("alice", "rita", "priya", "sam", "olga", "adam", "mallory", "nobody")
    assert {n for n in people_ if permissions.may_see_text(getattr(cast, n), post, channels)} == {
        "alice",
        "rita",
        "priya",
        "sam",
        "olga",
    }
    assert {n for n in people_ if visible_posts(getattr(cast, n)).exists()} == {
        "alice",
        "rita",
        "priya",
        "sam",
        "olga",
        "adam",
    }
    assert get_post_for(cast.adam, post.pk).text is False


def test_a_hidden_post_and_an_absent_one_look_alike(cast: Cast) -> None:
    post = moves.draft(cast)
    with pytest.raises(type(post).DoesNotExist) as hidden:
        get_post_for(cast.mallory, post.pk)
    with pytest.raises(type(post).DoesNotExist) as absent:
        get_post_for(cast.mallory, cast.mallory.pk)
    assert str(hidden.value) == str(absent.value)


def test_findings_and_answers_store_no_excerpt(cast: Cast) -> None:
    post = moves.in_review(cast, f"Our {MARKER} tea cures arthritis. Write to {MARKER}@example.com.")
    with connection.cursor() as cursor:
        for table in ("compliance_finding", "compliance_checkrun", "compliance_answer"):
            cursor.execute(f"SELECT * FROM {table}")
            assert MARKER not in repr(cursor.fetchall())
    assert post.risk > 0


def test_an_authorization_is_known_by_token(cast: Cast) -> None:
    record = people.authorization(cast)
    assert str(record.subject).startswith("P-")
    assert "Wilma" not in str(record) + str(record.subject)


@pytest.mark.parametrize(
    ("kind", "codes"),
    [("patient", ["uncovered_release_only"]), ("relative", ["uncovered_release_only"]), ("staff", [])],
)
def test_a_patient_needs_a_hipaa_authorization_whatever_the_author_answered(
    cast: Cast, kind: str, codes: list[str]
) -> None:
    subject = add_subject(by=cast.priya, kind=kind)
    record = people.authorization(cast, subject, kind="release")
    post = people.story(cast, record, person_answer="release")
    assert post.current_version is not None
    form = canonical.read(post.current_version)
    assert [reason.code for reason in guards.persons_covered(form, clock.now(), moment="now")] == codes
    better = people.authorization(cast, subject)
    relied = {**form, "authorizations": [str(better.pk)]}
    assert guards.persons_covered(relied, clock.now(), moment="now") == []


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ("https://harborpoint.example/appointments", []),
        ("https://www.cdc.gov/flu/about/index.html", []),
        ("https://example.org/donate?utm_source=fb&utm_campaign=spring_2026&page=12", []),
        ("https://example.org/a?note=SSN%20219-09-9999", ["us_hipaa/id.ssn"]),
        ("https://example.org/a?patient=Maria+Gonzalez", ["us_hipaa/person.patient"]),
    ],
)
def test_links_are_read_as_a_browser_shows_them(cast: Cast, link: str, found: list[str]) -> None:
    post = moves.in_review(cast, links=("https://example.org/flu", link))
    rows = Finding.objects.filter(run__thread=post.pk).exclude(rule_id="us_hipaa/id.url")
    assert sorted(rows.values_list("rule_id", flat=True)) == found
    assert {row.field for row in rows} <= {"link:2"}
    assert post.state == (State.CHANGES_REQUESTED if "us_hipaa/id.ssn" in found else State.IN_REVIEW)


@pytest.mark.parametrize(
    "content",
    [
        {"text": "Half a character \ud83d here."},
        {"notes": "Half \udc00"},
        {"title": "Half \ud83d"},
        {"links": ("https://example.org/\x00x",)},
        {"links": ("https://example.org/\ud83d",)},
        {"tags": ("a\x00b",)},
        {"first_comment": "\x00"},
    ],
)
def test_what_cannot_be_stored_is_refused_with_a_reason(cast: Cast, content: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        create_post(by=cast.alice, content=Content(**{"text": "A text.", "channels": (cast.harbor.pk,), **content}))
    assert [reason.code for reason in refused.value.reasons] == ["text_unreadable"]
    emoji = Content(text="A whole one 😀 here.", channels=(cast.harbor.pk,), tags=("😀",))
    assert create_post(by=cast.alice, content=emoji).pk
