"""Law 9, below the code: what the database refuses whoever writes, and that a trigger which was emptied is noticed."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction

from compliance import queries as checks
from compliance.models import CheckRun
from healthsocial import clock
from healthsocial.audit import triggers
from posts.actions.schedule import schedule
from posts.models import Approval, Delivery, Post, PostEditor
from tests.conftest import Cast
from tests.posts import moves

pytestmark = pytest.mark.django_db

EVER = (
    "posts_post", "posts_postversion", "posts_approval", "posts_delivery", "posts_crisisstop", "posts_localpublication",
    "posts_posteditor", "posts_reviewdecision", "compliance_checkrun", "compliance_finding", "compliance_answer",
    "compliance_authorization", "compliance_subject", "org_user", "org_grant", "audit_event", "audit_head",
)  # fmt: skip


def refused(message: str, change: Callable[[], object]) -> None:
    with pytest.raises(DatabaseError, match=message), transaction.atomic():
        change()


def run_sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize("table", EVER)
def test_no_table_of_the_record_can_be_emptied_in_one_go(cast: Cast, table: str) -> None:
    names = [trigger.name for trigger in triggers.expected(connection.vendor)]
    assert f"{table}_no_truncate" in [trigger.name for trigger in triggers.expected("postgresql")]
    assert (f"{table}_no_truncate" in names) == (connection.vendor == "postgresql")
    if connection.vendor == "postgresql":
        run_sql("SET CONSTRAINTS ALL IMMEDIATE")  # rows of this transaction wait for nothing
        refused("cannot|never|once|stays", lambda: run_sql(f"TRUNCATE {table} CASCADE"))


@pytest.mark.parametrize("table", ["audit_event", "posts_posteditor", "posts_post", "posts_approval", "org_user"])
def test_a_row_cannot_be_replaced_by_inserting_it_again(cast: Cast, table: str) -> None:
    moves.approved(cast)
    assert f"{table}_no_replace" in [trigger.name for trigger in triggers.expected("sqlite")]
    verb = "INSERT OR REPLACE" if connection.vendor == "sqlite" else "INSERT"  # PostgreSQL has no REPLACE
    refused("cannot|never|starts|unique", lambda: run_sql(f"{verb} INTO {table} SELECT * FROM {table}"))


def test_replacing_runs_the_triggers_of_delete_as_well(cast: Cast) -> None:
    """The twin: with its own trigger away, `recursive_triggers` still refuses."""
    if connection.vendor == "postgresql":
        return
    moves.draft(cast)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA recursive_triggers")
        assert cursor.fetchone()[0] == 1
    run_sql("DROP TRIGGER audit_event_no_replace")
    refused("audit events cannot", lambda: run_sql("INSERT OR REPLACE INTO audit_event SELECT * FROM audit_event"))


def test_who_began_a_post_cannot_be_changed(cast: Cast) -> None:
    post = moves.in_review(cast)
    row = Post.objects.filter(pk=post.pk)
    refused("who began a post", lambda: row.update(creator=cast.rob))
    refused("who began a post", lambda: row.update(created_at=clock.now()))
    row.update(epoch=3)
    refused("who began a post", lambda: row.update(epoch=2))


def test_a_delivery_cannot_be_pointed_elsewhere(cast: Cast) -> None:
    post = moves.approved(cast)
    schedule(post.pk, by=cast.rita, slot=moves.tomorrow())
    other = moves.approved(cast, "Another notice about the flu clinic on Sunday.")
    row = Delivery.objects.filter(post=post)
    message = "one version to one channel"
    refused(message, lambda: row.update(channel=cast.other))
    refused(message, lambda: row.update(version=other.current_version))
    refused(message, lambda: row.update(post=other))
    refused(message, lambda: row.update(idempotency_key="x"))
    assert row.update(error_code="x") == 1


def test_the_check_behind_an_approval_moves_only_to_a_complete_check_of_its_version(cast: Cast) -> None:
    post = moves.approved(cast)
    other = moves.approved(cast, "Another notice about the flu clinic on Sunday.")
    assert other.current_version_id is not None
    foreign = checks.newest_complete_run(other.current_version_id)
    assert foreign is not None
    standing = Approval.objects.filter(pk=post.approval_id)
    message = "stands on a complete check"
    refused(message, lambda: standing.update(check_run=foreign.pk))
    refused(message, lambda: standing.update(check_run=uuid4()))
    own = CheckRun.objects.get(version=post.current_version_id)
    open_one = CheckRun.objects.create(
        thread=post.pk,
        turn=2,
        version=own.version,
        seal=own.seal,
        next_attempt_at=clock.now(),
        created_at=clock.now(),
        context_inputs=own.context_inputs,
    )
    refused(message, lambda: standing.update(check_run=open_one.pk))
    # A real recheck of the version may take its place.
    moves.checks_done(post)
    moved = Approval.objects.get(pk=post.approval_id).check_run
    assert moved == CheckRun.objects.get(pk=open_one.pk, state="complete").pk


def test_a_check_cannot_begin_complete_nor_change_its_text(cast: Cast) -> None:
    post = moves.in_review(cast)
    done = CheckRun.objects.get(thread=post.pk)
    values = {field.attname: getattr(done, field.attname) for field in CheckRun._meta.fields if field.attname != "id"}
    refused("starts as queued", lambda: CheckRun.objects.create(**{**values, "turn": 2}))
    forged = CheckRun.objects.create(**{**values, "turn": 2, "state": "queued"})
    row = CheckRun.objects.filter(pk=forged.pk)
    refused("belongs to one version", lambda: row.update(version=uuid4()))
    refused("belongs to one version", lambda: row.update(seal="0" * 64))


def test_a_trigger_whose_body_was_emptied_counts_as_missing(cast: Cast) -> None:
    assert triggers.missing() == []
    if connection.vendor == "postgresql":
        run_sql(
            "CREATE OR REPLACE FUNCTION audit_event_no_update_fn() RETURNS trigger LANGUAGE plpgsql AS"
            " $b$ BEGIN RETURN NEW; END $b$"
        )
        run_sql("ALTER TABLE posts_posteditor DISABLE TRIGGER posts_posteditor_no_update")
        run_sql("DROP TRIGGER posts_post_starts ON posts_post")
        run_sql(
            "CREATE TRIGGER posts_post_starts BEFORE INSERT ON posts_post FOR EACH ROW WHEN (NEW.epoch > 9)"
            " EXECUTE FUNCTION posts_post_starts_fn()"
        )
    else:
        for name, event, table in (
            ("audit_event_no_update", "UPDATE", "audit_event"),
            ("posts_posteditor_no_update", "UPDATE", "posts_posteditor"),
            ("posts_post_starts", "INSERT", "posts_post"),
        ):
            run_sql(f"DROP TRIGGER {name}")
            run_sql(f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW BEGIN SELECT 1; END")
    assert triggers.missing() == ["audit_event_no_update", "posts_post_starts", "posts_posteditor_no_update"]
    triggers.install()
    assert triggers.missing() == []


def test_editors_are_written_once(cast: Cast) -> None:
    post = moves.draft(cast)
    row = PostEditor.objects.filter(post=post)
    refused("list of editors", lambda: row.update(user=cast.rob))
    refused("list of editors", row.delete)
