"""Law 10: patient data stays where it belongs."""

import inspect
import logging

import pytest
from django.db import connection

from compliance.actions.register import add_subject
from healthsocial.audit.models import Event
from posts import permissions, tasks
from posts.actions.deliver import deliver
from posts.actions.schedule import schedule
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
