"""Every way to tamper with the record is noticed, or needs a head kept outside; that one is tested too."""

from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from healthsocial.audit import triggers, verify
from healthsocial.audit.log import Actor, UnrecordedAct, action, chain_digest
from healthsocial.audit.models import Event, Head
from healthsocial.audit.verify import Problem, verify_chain, verify_recent

ANNA = Actor("person", "00000000-0000-4000-8000-000000000001", "Anna Example", "author")
pytestmark = pytest.mark.django_db


@pytest.fixture
def chain(db: None) -> list[Event]:
    """Six events of one actor, in six transactions."""
    for number in range(6):
        with action("thing.done", actor=ANNA, target=("thing", str(number))) as act:
            act.record("thing.done", data={"number": number})
    return list(Event.objects.order_by("seq"))


def tamper(*statements: str) -> None:
    """What somebody with the database's password would do: drop the triggers, write, put the triggers back."""
    with connection.cursor() as cursor:
        for trigger in triggers.expected(connection.vendor):
            if trigger.table.startswith("audit_"):
                table = "" if connection.vendor == "sqlite" else f" ON {trigger.table}"
                cursor.execute(f"DROP TRIGGER IF EXISTS {trigger.name}{table}")
        for statement in statements:
            cursor.execute(statement)
    triggers.install()


def rewritten(events: list[Event]) -> list[str]:
    """Statements that recompute hashes and head for these events, as a careful forger would."""
    statements, previous = [], verify.GENESIS
    for event in events:
        digest = chain_digest(previous, event.body)
        statements.append(
            f"UPDATE audit_event SET previous = '{previous}', digest = '{digest}' WHERE seq = {event.seq}"
        )
        previous = digest
    return [*statements, f"UPDATE audit_head SET digest = '{previous}', seq = {events[-1].seq}"]


def test_an_untouched_chain_is_whole(chain: list[Event]) -> None:
    verdict = verify_chain()
    assert (verdict.ok, verdict.checked, verdict.head_seq, verdict.head_digest) == (
        True,
        6,
        chain[-1].seq,
        chain[-1].digest,
    )


def test_an_empty_record_is_whole(db: None) -> None:
    verdict = verify_chain()
    assert (verdict.ok, verdict.checked, verdict.head_seq) == (True, 0, 0)


TAMPERING: dict[str, tuple[str, list[Problem]]] = {
    "edit a body": (
        "UPDATE audit_event SET body = replace(body, 'Anna', 'Otto') WHERE seq = 3",
        [Problem(3, "digest"), Problem(3, "column:actor_name")],
    ),
    "edit a column": ("UPDATE audit_event SET verb = 'thing.undone' WHERE seq = 3", [Problem(3, "column:verb")]),
    "edit who": ("UPDATE audit_event SET actor_name = 'Otto' WHERE seq = 1", [Problem(1, "column:actor_name")]),
    "edit when": ("UPDATE audit_event SET at = '2020-01-01 00:00:00+00:00' WHERE seq = 2", [Problem(2, "column:at")]),
    "edit the target": ("UPDATE audit_event SET target_id = '9' WHERE seq = 6", [Problem(6, "column:target_id")]),
    "make a body unreadable": (
        "UPDATE audit_event SET body = '[]' WHERE seq = 4",
        [Problem(4, "digest"), Problem(4, "body")],
    ),
    "delete the first": ("DELETE FROM audit_event WHERE seq = 1", [Problem(1, "gap"), Problem(2, "previous")]),
    "delete a middle one": ("DELETE FROM audit_event WHERE seq = 4", [Problem(4, "gap"), Problem(5, "previous")]),
    "delete the last": ("DELETE FROM audit_event WHERE seq = 6", [Problem(6, "head")]),
    "delete all": ("DELETE FROM audit_event", [Problem(6, "head")]),
    "delete the head": ("DELETE FROM audit_head", [Problem(0, "no_head"), Problem(6, "beyond_head")]),
    "edit the head": (f"UPDATE audit_head SET digest = '{'a' * 64}'", [Problem(6, "head")]),
    "turn the head back": ("UPDATE audit_head SET seq = 5", [Problem(5, "head"), Problem(6, "beyond_head")]),
    "put one in front": (
        "UPDATE audit_event SET seq = 0 WHERE seq = 1",
        [Problem(1, "gap"), Problem(2, "previous"), Problem(0, "gap")],
    ),
}


@pytest.mark.parametrize("name", TAMPERING)
def test_tampering_is_found_and_named(chain: list[Event], name: str) -> None:
    statement, problems = TAMPERING[name]
    tamper(statement)
    assert verify_chain().problems == problems


def test_swapping_two_events_is_found(chain: list[Event]) -> None:
    tamper(
        "UPDATE audit_event SET seq = 99 WHERE seq = 2",
        "UPDATE audit_event SET seq = 2 WHERE seq = 3",
        "UPDATE audit_event SET seq = 3 WHERE seq = 99",
    )
    codes = {(problem.seq, problem.code) for problem in verify_chain().problems}
    assert codes == {(2, "previous"), (2, "column:seq"), (3, "previous"), (3, "column:seq"), (4, "previous")}


def test_a_forged_event_at_the_end_is_found(chain: list[Event]) -> None:
    body = chain[-1].body.replace('"seq":6', '"seq":7')
    digest = chain_digest(chain[-1].digest, body)
    tamper(
        "INSERT INTO audit_event (seq, at, verb, actor_kind, actor_id, actor_name, actor_role, target_type, target_id, body, "
        "previous, digest) SELECT 7, at, verb, actor_kind, actor_id, actor_name, actor_role, target_type, target_id, "
        f"replace(body, '\"seq\":6', '\"seq\":7'), digest, '{digest}' FROM audit_event WHERE seq = 6"
    )
    assert verify_chain().problems == [Problem(7, "beyond_head")]


def test_a_body_edited_with_all_later_hashes_recomputed_is_found_from_an_outside_head_only(chain: list[Event]) -> None:
    kept = (chain[-1].seq, chain[-1].digest)
    tamper("UPDATE audit_event SET body = replace(body, '\"number\":2', '\"number\":7') WHERE seq = 3")
    tamper(*rewritten(list(Event.objects.order_by("seq"))))
    assert verify_chain().ok
    assert verify_chain(outside_head=kept).problems == [Problem(6, "outside_head")]


def test_a_cut_off_end_with_a_rewritten_head_is_found_from_an_outside_head_only(chain: list[Event]) -> None:
    kept = (chain[-1].seq, chain[-1].digest)
    tamper("DELETE FROM audit_event WHERE seq > 4", f"UPDATE audit_head SET seq = 4, digest = '{chain[3].digest}'")
    assert verify_chain().ok
    assert verify_chain(outside_head=kept).problems == [Problem(6, "outside_head")]


def test_an_older_outside_head_is_still_held_after_more_events(chain: list[Event]) -> None:
    assert verify_chain(outside_head=(2, chain[1].digest)).ok
    assert verify_chain(outside_head=(0, verify.GENESIS)).ok


def test_checking_from_the_middle_ties_to_the_event_before(chain: list[Event]) -> None:
    assert (verify_chain(4).ok, verify_chain(4).checked) == (True, 3)
    tamper(f"UPDATE audit_event SET digest = '{'b' * 64}' WHERE seq = 3")
    assert verify_chain(4).problems == [Problem(4, "previous")]
    assert (verify_recent(2).ok, verify_recent(2).checked) == (True, 2)


def test_batches_do_not_change_the_verdict(chain: list[Event], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "BATCH", 2)
    assert (verify_chain().ok, verify_chain().checked) == (True, 6)


def test_only_the_first_problems_are_listed_but_all_are_counted(
    chain: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "MOST_PROBLEMS", 2)
    tamper("UPDATE audit_event SET actor_name = 'Otto'")
    verdict = verify_chain()
    assert (len(verdict.problems), verdict.problem_count) == (2, 6)


def test_a_missing_trigger_fails_the_verdict_and_is_put_back_by_install(chain: list[Event]) -> None:
    table = "" if connection.vendor == "sqlite" else " ON audit_event"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER audit_event_no_update{table}")
    assert verify_chain().problems == [Problem(0, "trigger:audit_event_no_update")]
    triggers.install()
    assert verify_chain().ok


FORBIDDEN: list[Callable[[], object]] = [
    lambda: Event.objects.filter(seq=1).update(verb="x"),
    lambda: Event.objects.filter(seq=1).delete(),
    lambda: Event.objects.get(seq=1).save(),
    lambda: Head.objects.all().delete(),
]


@pytest.mark.parametrize("change", FORBIDDEN)
def test_the_database_refuses_changes_to_the_record(chain: list[Event], change: Callable[[], object]) -> None:
    with pytest.raises(DatabaseError, match=r"cannot be (changed|removed)"), transaction.atomic():
        change()
    assert verify_chain().ok


def test_truncate_is_refused_where_the_database_knows_it(chain: list[Event]) -> None:
    names = [trigger.name for trigger in triggers.expected(connection.vendor)]
    assert ("audit_event_no_truncate" in names) == (connection.vendor == "postgresql")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE audit_event")  # SQLite does not know the word
    assert verify_chain().checked == 6


def test_an_act_without_an_event_is_rolled_back(db: None) -> None:
    with pytest.raises(UnrecordedAct), action("thing.done", actor=ANNA):
        pass
    assert not Event.objects.exists()


def test_command_prints_the_head_and_compares_it(chain: list[Event]) -> None:
    head = f"{chain[-1].seq}:{chain[-1].digest}"
    out = StringIO()
    call_command("verify_audit", head=head, stdout=out)
    assert out.getvalue() == (
        f"Head: {head}\nThe audit record is whole: 6 events, every one follows from the one before. "
        "It still holds the head you kept.\n"
    )


def test_command_fails_and_says_what_is_wrong(chain: list[Event]) -> None:
    tamper("UPDATE audit_event SET verb = 'x' WHERE seq = 2")
    out = StringIO()
    with pytest.raises(CommandError, match="NOT whole: 1 problem in 6 events"):
        call_command("verify_audit", stdout=out)
    assert "Event 2: its column verb differs from its content." in out.getvalue()


@pytest.mark.parametrize("head", ["7", "7:xyz", f"x:{'a' * 64}", f"7:{'A' * 64}"])
def test_command_refuses_a_head_it_cannot_read(db: None, head: str) -> None:
    with pytest.raises(CommandError, match="--head is a number"):
        call_command("verify_audit", head=head)
