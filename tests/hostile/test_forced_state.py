"""Fault 27: an illegal state forced past the actions - ORM update, bulk_update, bulk_create, raw SQL, a fixture.

One forbidden change per protected table, each in every way that Django and SQL offer; the database refuses them all,
and with its trigger away each of them goes through: it is the trigger that refuses.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core import serializers
from django.core.management import call_command
from django.db import DatabaseError, connection, models, transaction
from django_fsm import ConcurrentTransition

from compliance.models import Answer, Authorization, CheckRun, Finding, Subject
from healthsocial.audit import triggers
from healthsocial.audit.models import Event
from healthsocial.org.models import Grant, Organisation, User
from posts.actions.answer import answer
from posts.models import Approval, CrisisStop, Delivery, LocalPublication, Post, PostEditor, PostVersion, ReviewDecision
from tests.database import drop_triggers
from tests.hostile.site import Site

pytestmark = pytest.mark.django_db
REFUSED = r"cannot|never|once|stays"


@dataclass(frozen=True)
class Change:
    """A change no action makes: `field` of `model` to `value`."""

    model: type[models.Model]
    field: str
    value: Any
    rows: Callable[[Site], models.QuerySet[Any]]


def _posts(state: str) -> Callable[[Site], models.QuerySet[Any]]:
    return lambda site: Post.objects.filter(pk=site.posts[state].pk)


def _all(model: type[models.Model]) -> Callable[[Site], models.QuerySet[Any]]:
    return lambda site: model._default_manager.all()


def _due(site: Site) -> models.QuerySet[Any]:
    return Delivery.objects.filter(post=site.posts["scheduled"])


CHANGES = {
    "held to archived": Change(Post, "state", "archived", _posts("held")),
    "published to draft": Change(Post, "state", "draft", _posts("published")),
    "approved to rejected": Change(Post, "state", "rejected", _posts("approved")),
    "who began it": Change(Post, "creator_id", "rita", _posts("draft")),
    "words of a version": Change(PostVersion, "canonical", "{}", _all(PostVersion)),
    "seal of a version": Change(PostVersion, "seal", "0" * 64, _all(PostVersion)),
    "signer": Change(Approval, "by_name", "Somebody Else", _all(Approval)),
    "signed seal": Change(Approval, "seal", "0" * 64, _all(Approval)),
    "signature": Change(Approval, "signature", "0" * 64, _all(Approval)),
    "editor": Change(PostEditor, "epoch", 77, _all(PostEditor)),
    "decision": Change(ReviewDecision, "words", "Nothing to say.", _all(ReviewDecision)),
    "due to unconfirmed": Change(Delivery, "state", "unconfirmed", _due),
    "sent to due": Change(Delivery, "state", "due", lambda site: Delivery.objects.filter(state="sent")),
    "finding": Change(Finding, "severity", "note", _all(Finding)),
    "answer": Change(Answer, "words", "Forged.", _all(Answer)),
    "check": Change(CheckRun, "risk", 0, lambda site: CheckRun.objects.filter(state="complete")),
    "event": Change(Event, "actor_name", "Somebody Else", _all(Event)),
    "real to demo": Change(Organisation, "created_as_demo", True, _all(Organisation)),
}  # fmt: skip


def _value(site: Site, change: Change) -> Any:
    return site.people[change.value].pk if change.field == "creator_id" else change.value


def by_update(site: Site, change: Change, folder: Path) -> None:
    change.rows(site).update(**{change.field: _value(site, change)})


def by_bulk_update(site: Site, change: Change, folder: Path) -> None:
    rows = list(change.rows(site)[:2])
    for row in rows:
        _set(row, change.field, _value(site, change))
    change.model._default_manager.bulk_update(rows, [change.field.removesuffix("_id")])


def by_save(site: Site, change: Change, folder: Path) -> None:
    row = change.rows(site)[0]
    _set(row, change.field, _value(site, change))
    row.save()


def by_sql(site: Site, change: Change, folder: Path) -> None:
    table, key = change.model._meta.db_table, change.model._meta.pk
    assert key is not None
    row = change.rows(site)[0]
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {change.field} = %s WHERE {key.column} = %s",
            [_stored(change.model, change.field, _value(site, change)), key.get_db_prep_value(row.pk, connection)],
        )


def by_fixture(site: Site, change: Change, folder: Path) -> None:
    rows = json.loads(serializers.serialize("json", change.rows(site)[:1]))
    rows[0]["fields"][change.field.removesuffix("_id")] = (
        str(_value(site, change)) if change.field == "creator_id" else _value(site, change)
    )
    path = folder / "forged.json"
    path.write_text(json.dumps(rows))
    call_command("loaddata", str(path), verbosity=0)


def _set(row: models.Model, field: str, value: Any) -> None:
    row.__dict__[field] = value  # past the state machine's own protection


def _stored(model: type[models.Model], field: str, value: Any) -> Any:
    found = model._meta.get_field(field.removesuffix("_id"))
    return found.get_db_prep_value(value, connection)  # type: ignore[union-attr]


WAYS = {"update": by_update, "bulk_update": by_bulk_update, "save": by_save, "sql": by_sql, "fixture": by_fixture}


@pytest.fixture
def full(site: Site) -> Site:
    """A site with an officer's answer, too."""
    post, finding = site.posts["flagged"], site.finding
    answer(post.pk, finding.pk, by=site.people["rita"], side="officer", kind="accepted", words="It is about the queue.")
    return site


def attempt(site: Site, change: Change, way: str, folder: Path) -> str:
    """What the database said; empty when it let the change through. Undone at once."""
    try:
        with transaction.atomic():
            WAYS[way](site, change, folder)
            transaction.set_rollback(True)
    except (DatabaseError, ConcurrentTransition) as error:
        return str(error)
    return ""


@pytest.mark.parametrize("way", WAYS)
def test_no_way_of_writing_gets_past_the_triggers(full: Site, way: str, tmp_path: Path) -> None:
    through = [name for name, change in CHANGES.items() if not attempt(full, change, way, tmp_path)]
    assert through == []


@pytest.mark.parametrize("way", WAYS)
def test_without_the_triggers_every_one_of_them_goes_through(full: Site, way: str, tmp_path: Path) -> None:
    """The control: it is the triggers that refuse."""
    drop_triggers()
    refused = {name for name, change in CHANGES.items() if attempt(full, change, way, tmp_path)}
    # A fixture's row knows no earlier state, so the state machine's own guard against races stops it first.
    beside = {"held to archived", "published to draft", "approved to rejected"} if way == "fixture" else set()
    assert refused == beside


# --- rows made up ------------------------------------------------------------------------------------------------------
def forged(site: Site) -> dict[str, Callable[[], object]]:
    """Rows that claim to be further along than a new row can be."""
    post, version = site.posts["in_review"], site.posts["in_review"].current_version
    assert version is not None
    signed = Approval.objects.filter(post=site.posts["approved"])[0]
    sent = Delivery.objects.filter(state="sent")[0]
    alice, rita = site.people["alice"], site.people["rita"]

    def copied(row: models.Model, **changes: Any) -> models.Model:
        kept = {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields if not f.primary_key}
        return type(row)(**{**kept, **changes})

    return {
        "a post that starts approved": lambda: Post.objects.bulk_create(
            [copied(site.posts["approved"])]  # type: ignore[list-item]
        ),
        "an approval of one's own post": lambda: Approval.objects.bulk_create(
            [copied(signed, by_id=alice.pk, voided_at=signed.at, voided_why="x")]  # type: ignore[list-item]
        ),
        "an approval moved to another post": lambda: Approval.objects.bulk_create(
            [copied(signed, post_id=post.pk, version_id=version.pk, by_id=rita.pk)]  # type: ignore[list-item]
        ),
        "a delivery that starts sent": lambda: Delivery.objects.bulk_create(
            [copied(sent, channel_id=site.off.pk, idempotency_key="forged")]  # type: ignore[list-item]
        ),
        "a check that starts complete": lambda: CheckRun.objects.bulk_create(
            [copied(CheckRun.objects.filter(state="complete")[0], turn=99)]  # type: ignore[list-item]
        ),
    }


@pytest.mark.parametrize("name", ["a post that starts approved", "an approval of one's own post",
                                  "an approval moved to another post", "a delivery that starts sent",
                                  "a check that starts complete"])  # fmt: skip
def test_no_made_up_row_gets_in_and_without_its_trigger_it_does(site: Site, name: str) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        forged(site)[name]()
    drop_triggers()
    with transaction.atomic():
        forged(site)[name]()


# --- rows taken away -----------------------------------------------------------------------------------------------------
LASTING: tuple[type[models.Model], ...] = (
    Post, PostVersion, PostEditor, Approval, ReviewDecision, Delivery, CrisisStop, LocalPublication, CheckRun, Finding,
    Answer, Authorization, Subject, User, Grant, Event,
)  # fmt: skip


@pytest.mark.parametrize("model", LASTING, ids=lambda model: model.__name__)
def test_rows_of_the_record_cannot_be_deleted(full: Site, model: type[models.Model]) -> None:
    """By the ORM's fast path (no collector, no PROTECT) and by hand."""
    rows = model._default_manager.all()
    assert rows.exists()
    with pytest.raises(DatabaseError, match=REFUSED), transaction.atomic():
        rows._raw_delete(rows.db)
    with (
        pytest.raises(DatabaseError, match=REFUSED),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"DELETE FROM {model._meta.db_table}")


def test_every_protected_table_is_tried_here() -> None:
    """A table that gets a trigger gets a row above."""
    tried = {change.model._meta.db_table for change in CHANGES.values()} | {model._meta.db_table for model in LASTING}
    protected = {trigger.table for trigger in triggers.expected(connection.vendor)}
    left = {"audit_head"}  # one row that is written at every append: test_verify.py shows what a forged one is worth
    assert protected - tried - left == set(), "add the table to CHANGES or LASTING"
