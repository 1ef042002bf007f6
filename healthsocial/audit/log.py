"""Units of work: one transaction, its events appended last, a refusal recorded on its own.

The audit head is the last lock every transaction takes, so appends happen when the outermost action has done
everything else. Nested actions join the outer one.
"""

import contextlib
import contextvars
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import DateTimeField, Func
from django.db.models.sql.compiler import SQLCompiler
from django.utils.functional import Promise

from healthsocial.audit.models import Event, Head

EventData = Mapping[str, object]


@dataclass(frozen=True)
class Actor:
    """Who acts, as text that stays true after a rename. `kind` is person, system or command."""

    kind: str
    id: str
    name: str
    role: str = ""


def system(name: str) -> Actor:
    """The named system actor: never None, so that nothing can pass for nobody."""
    return Actor("system", "", name, "system")


@dataclass(frozen=True)
class Reason:
    """Why something is refused: a stable code, a sentence for people, and who can lift it."""

    code: str
    message: str
    lifted_by: str | Promise = ""
    link: str = ""


class Refused(Exception):
    """An action that was not allowed. Carries reasons; holds no post text."""

    def __init__(self, *reasons: Reason, status: int = 409) -> None:
        super().__init__(", ".join(reason.code for reason in reasons))
        self.reasons = reasons
        self.status = status


class Denied(Refused):
    """Refused because of who asks."""

    def __init__(self, *reasons: Reason) -> None:
        super().__init__(*reasons, status=403)


class UnrecordedAct(Exception):
    """An action changed something and recorded no event: a fault in our code, rolled back."""


@dataclass
class Act:
    """The running unit of work."""

    actor: Actor
    target: tuple[str, str]
    entries: list[tuple[Actor, str, tuple[str, str], EventData]] = field(default_factory=list)
    idle: bool = False

    def record(
        self,
        verb: str,
        *,
        target: tuple[str, str] | None = None,
        data: EventData | None = None,
        actor: Actor | None = None,
    ) -> None:
        """Buffer an event. `data` holds ids, codes, numbers and keyed digests only, never text of a post."""
        self.entries.append((actor or self.actor, verb, target or self.target, dict(data or {})))

    def nothing_changed(self) -> None:
        """Say that this call found nothing to do, so that no event is expected."""
        self.idle = True


_current: contextvars.ContextVar[list[tuple[Actor, str, tuple[str, str], EventData]] | None] = contextvars.ContextVar(
    "healthsocial_audit", default=None
)


@contextlib.contextmanager
def action(verb: str, *, actor: Actor, target: tuple[str, str] = ("", "")) -> Iterator[Act]:
    """Run a unit of work. On Refused: roll back, then record `<verb>.refused` with the reason codes, then re-raise."""
    outer = _current.get()
    act = Act(actor, target)
    if outer is not None:
        act.entries = outer
        mark = len(outer)
        try:
            with transaction.atomic():
                yield act
        except BaseException:
            del outer[mark:]
            raise
        return
    token = _current.set(act.entries)
    try:
        with transaction.atomic():
            yield act
            if not act.entries and not act.idle:
                raise UnrecordedAct(verb)
            append(act.entries)
    except Refused as refusal:
        _record_refusal(verb, actor, target, refusal)
        raise
    finally:
        _current.reset(token)


def _record_refusal(verb: str, actor: Actor, target: tuple[str, str], refusal: Refused) -> None:
    if connection.needs_rollback:
        return  # inside somebody's broken outer transaction: nothing can be written, and the caller sees the refusal
    with transaction.atomic():
        codes: EventData = {"reasons": [reason.code for reason in refusal.reasons]}
        append([(actor, f"{verb}.refused", target, codes)])


def database_now() -> datetime:
    """The database's clock (UTC): evidence must not depend on a client's or a worker's clock."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')")
            return datetime.fromisoformat(cursor.fetchone()[0]).replace(tzinfo=UTC)
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
        return moment.astimezone(UTC)


class DatabaseClock(Func):
    """The same clock as a column of a query: a row that is read anyway can say when it was read."""

    template = "clock_timestamp()"
    output_field = DateTimeField()

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_extra: Any
    ) -> tuple[str, tuple[str | int, ...]]:
        return "strftime('%%Y-%%m-%%dT%%H:%%M:%%f', 'now')", ()


def stamp(moment: datetime) -> str:
    """The one text form of an instant inside a hashed body (UTC, microseconds)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def canonical(value: object) -> str:
    """JSON with sorted keys and no spaces: equal values have equal bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def chain_digest(previous: str, body: str) -> str:
    return hashlib.sha256(f"{previous}\n{body}".encode()).hexdigest()


def _locked_head() -> tuple[Head, datetime]:
    """The head, locked, and the database's time once it was: a time read before the wait could go backwards."""
    if connection.vendor == "postgresql":
        return _head_of_postgresql()
    head, _new = Head.objects.select_for_update().get_or_create(id=1)
    return head, database_now()


def _head_of_postgresql() -> tuple[Head, datetime]:
    """The same in one statement."""
    _check_foreign_keys()
    with connection.cursor() as cursor:
        for _turn in range(2):
            # MATERIALIZED: the clock is read from what the lock gave, so after the wait for it.
            cursor.execute(
                'WITH head AS MATERIALIZED (SELECT id, seq, digest, instance FROM "audit_head" WHERE id = 1 FOR UPDATE)'
                " SELECT id, seq, digest, instance, clock_timestamp() FROM head"
            )
            if found := cursor.fetchone():
                return Head.from_db(None, ["id", "seq", "digest", "instance"], found[:4]), found[4].astimezone(UTC)
            Head.objects.get_or_create(id=1)  # the first event ever
    raise RuntimeError("the audit trail has no head")


def _check_foreign_keys() -> None:
    """They are checked at commit otherwise, after the head: a wait for one there could close a circle."""
    with connection.cursor() as cursor:
        # As `connection.check_constraints()`, in one round trip.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


def append(entries: list[tuple[Actor, str, tuple[str, str], EventData]]) -> None:
    """Append to the chain under the head's lock. Call it last in a transaction."""
    if not entries:
        return
    head, moment = _locked_head()
    events: list[Event] = []
    for actor, verb, (target_type, target_id), data in entries:
        head.seq += 1
        body = canonical(
            {
                "seq": head.seq,
                "at": stamp(moment),
                "verb": verb,
                "data": data,
                "actor": {"kind": actor.kind, "id": actor.id, "name": actor.name, "role": actor.role},
                "target": {"type": target_type, "id": target_id},
            }
        )
        digest = chain_digest(head.digest, body)
        events.append(
            Event(
                seq=head.seq,
                at=moment,
                verb=verb,
                actor_kind=actor.kind,
                actor_id=actor.id,
                actor_name=actor.name,
                actor_role=actor.role,
                target_type=target_type,
                target_id=target_id,
                body=body,
                previous=head.digest,
                digest=digest,
            )
        )
        head.digest = digest
    Event.objects.bulk_create(events)
    head.save(update_fields=["seq", "digest"])
