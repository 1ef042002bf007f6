"""Many writers, one chain (faults, case 28): no fork, no gap, no deadlock; and a control that shows what the head's lock is for.

The long form (`make chaos`) is 50 writers with 200 events each. SQLite lets one writer in at a time, and a second
connection inside a writer's transaction could only wait for itself there: that part needs PostgreSQL (the long form: a
server that takes 120 connections).
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime

import pytest
from django.db import IntegrityError, connection, transaction

from healthsocial.audit import triggers
from healthsocial.audit.log import Actor, Refused, action, canonical, chain_digest, database_now
from healthsocial.audit.models import Event, Head
from healthsocial.audit.verify import verify_chain
from tests.database import drop_triggers
from tests.races.together import alone, at_once
from tests.thorough import times

pytestmark = pytest.mark.usefixtures("real_connections")
WRITERS, TURNS = times(8, 50), times(12, 200)
MINUTES = 60.0


class Dropped(Exception):
    """Raised to roll an act back."""


def act(writer: int, turn: int, *, second_connection: bool) -> int:
    """One of the ways in which real actions write; returns how many events must be left of it."""
    who = Actor("command", "", f"writer {writer}")
    way = (writer + turn) % 6
    if way == 0:  # several events in one act
        with action("test.many", actor=who) as unit:
            for number in range(3):
                unit.record("test.many", data={"writer": writer, "turn": turn, "number": number})
        return 3
    if way == 1:  # rolled back by an error
        try:
            with action("test.dropped", actor=who) as unit:
                unit.record("test.dropped")
                raise Dropped
        except Dropped:
            return 0
    if way == 2:  # refused: one event of its own
        try:
            with action("test.refused", actor=who):
                raise Refused
        except Refused:
            return 1
    if way == 3:  # a savepoint inside, given up
        with action("test.savepoint", actor=who) as unit:
            unit.record("test.savepoint", data={"writer": writer, "turn": turn})
            try:
                with action("test.inner", actor=who) as inner:
                    inner.record("test.inner")
                    raise Dropped
            except Dropped:
                pass
        return 1
    if way == 4 and second_connection:  # somebody else's act, from inside this transaction, on a connection of its own
        with action("test.outer", actor=who) as unit:
            unit.record("test.outer", data={"writer": writer, "turn": turn})
            elsewhere(lambda: act(writer, 5 - writer, second_connection=False))
        return 1 + 1
    with action("test.one", actor=who) as unit, transaction.atomic():
        unit.record("test.one", data={"writer": writer, "turn": turn})
    return 1


def elsewhere(step: Callable[[], object]) -> None:
    """Run it on another connection and wait: a deadlock between the two would be for ever."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            step()
        except BaseException as error:  # noqa: BLE001  handed to the caller
            failed.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(timeout=MINUTES)
    assert not thread.is_alive(), "the second connection waits for the first, and the first for the second"
    if failed:
        raise failed[0]


def test_many_writers_make_one_linear_chain(db: None) -> None:
    postgres = connection.vendor == "postgresql"

    def write(writer: int) -> int:
        return sum(act(writer, turn, second_connection=postgres) for turn in range(TURNS))

    before = Event.objects.count()
    written = at_once(*[lambda n=n: write(n) for n in range(WRITERS)])  # type: ignore[misc]
    assert Counter(type(result).__name__ for result in written) == {"int": WRITERS}, "no deadlock, no lost lock"
    total = before + sum(int(str(result)) for result in written)
    verdict = verify_chain()
    assert (verdict.problems, verdict.checked, verdict.head_seq) == ([], total, total)
    assert list(Event.objects.order_by("seq").values_list("seq", flat=True)) == list(range(1, total + 1))
    previous = list(Event.objects.values_list("previous", flat=True))
    assert len(set(previous)) == total, "a fork would have two events after the same one"
    assert not Event.objects.filter(verb__in=("test.dropped", "test.inner")).exists()


def careless(gate: threading.Barrier, writer: int, *, own_number: bool) -> str:
    """Append as `log.append` does, but read the head without its lock."""
    with transaction.atomic():
        head = Head.objects.get(id=1)
        if connection.vendor == "postgresql":
            gate.wait(timeout=30)
        seq = head.seq + 1 + (writer if own_number else 0)
        body = canonical({"seq": seq, "writer": writer})
        digest = chain_digest(head.digest, body)
        Event.objects.create(
            seq=seq, at="2026-01-01T00:00:00Z", verb="test.careless", actor_kind="command", actor_name="x", body=body,
            previous=head.digest, digest=digest,
        )  # fmt: skip
        Head.objects.filter(id=1).update(seq=seq, digest=digest)
    return "written"


@pytest.mark.postgres
@pytest.mark.parametrize("own_number", [False, True])
def test_control_without_the_lock_of_the_head_events_are_lost_or_the_chain_forks(own_number: bool) -> None:
    with action("test.first", actor=Actor("command", "", "x")) as unit:
        unit.record("test.first")
    gate = threading.Barrier(4)

    def step(writer: int) -> str:
        try:
            return careless(gate, writer, own_number=own_number)
        except IntegrityError:
            return "lost"

    outcomes = Counter(at_once(*[lambda n=n: step(n) for n in range(4)]))  # type: ignore[misc]
    if own_number:
        # Numbers of their own, from a sequence for example: all are written, and all follow the same event.
        assert outcomes == {"written": 4}
        assert len(set(Event.objects.filter(verb="test.careless").values_list("previous", flat=True))) == 1
        assert not verify_chain().ok
    else:
        assert outcomes == {"written": 1, "lost": 3}, "the number is the primary key: the others are refused"


@pytest.mark.postgres
def test_the_same_writers_with_the_lock_lose_nothing() -> None:
    def step(writer: int) -> str:
        with action("test.careful", actor=Actor("command", "", "x")) as unit:
            unit.record("test.careful", data={"writer": writer})
        return "written"

    assert Counter(at_once(*[lambda n=n: step(n) for n in range(4)])) == {"written": 4}  # type: ignore[misc]
    assert verify_chain().ok


def test_the_first_events_of_all_may_come_at_once(db: None) -> None:
    """No head yet: everybody tries to make it."""
    drop_triggers()
    Event.objects.all().delete()  # what an earlier test left behind
    Head.objects.all().delete()
    triggers.install()

    def step(writer: int) -> str:
        with action("test.first", actor=Actor("command", "", "x")) as unit:
            unit.record("test.first", data={"writer": writer})
        return "written"

    numbers = random.Random(3).sample(range(6), 6)
    assert Counter(at_once(*[lambda n=n: step(n) for n in numbers])) == {"written": 6}  # type: ignore[misc]
    assert (verify_chain().ok, Event.objects.count()) == (True, 6)


def _wait_for_the_head(step: Callable[[], object]) -> tuple[object, datetime]:
    """Let a step wait half a second for the head's lock; what it gave, and when the lock was let go (database time)."""
    Head.objects.get_or_create(id=1)
    result: list[object] = []
    thread = threading.Thread(target=lambda: result.append(alone(step)))
    with transaction.atomic():
        Head.objects.select_for_update().get(id=1)
        thread.start()
        time.sleep(0.5)
        free = database_now()
    thread.join(timeout=30)
    return result[0], free


@pytest.mark.postgres
def test_an_event_is_dated_after_the_wait_for_the_head() -> None:
    """Dated before it, an event would be older than the one it follows."""

    def step() -> None:
        with action("test.waited", actor=Actor("command", "", "x")) as unit:
            unit.record("test.waited")

    result, free = _wait_for_the_head(step)
    assert result is None
    assert Event.objects.get(verb="test.waited").at > free


@pytest.mark.postgres
def test_control_a_clock_beside_the_lock_is_read_before_the_wait() -> None:
    """Why the lock stands in a part of its own of the statement."""

    def step() -> datetime:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp() FROM audit_head WHERE id = 1 FOR UPDATE")
            moment: datetime = cursor.fetchone()[0]
            return moment

    moment, free = _wait_for_the_head(step)
    assert isinstance(moment, datetime)
    assert moment < free
