"""Ways to tamper with a record of ten events, as somebody with the database's password could. Both verifiers must see them."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection

from healthsocial.audit import triggers
from healthsocial.audit.log import Actor, action, canonical, chain_digest
from healthsocial.audit.models import Event, Head
from healthsocial.audit.verify import GENESIS

ANNA = Actor("person", "00000000-0000-4000-8000-000000000001", "Anna Example", "author")
COUNT = 10


def make_chain(count: int = COUNT) -> None:
    for number in range(count):
        with action("thing.done", actor=ANNA, target=("thing", str(number))) as act:
            act.record("thing.done", data={"number": number})


def without_triggers(step: Callable[[], None]) -> None:
    """Drop the triggers of the record, do it, put them back: what is left behind looks untouched."""
    with connection.cursor() as cursor:
        for trigger in triggers.expected(connection.vendor):
            if trigger.table.startswith("audit_"):
                on = "" if connection.vendor == "sqlite" else f" ON {trigger.table}"
                cursor.execute(f"DROP TRIGGER IF EXISTS {trigger.name}{on}")
    step()
    triggers.install()


def rechain(events: list[Event]) -> None:
    """Write these events as the whole record: numbers, hashes, columns and head as if nothing had happened."""
    previous = GENESIS
    Event.objects.all().delete()
    for seq, event in enumerate(events, 1):
        event.seq = seq
        event.body = _with(event.body, seq=seq)
        event.previous, event.digest = previous, chain_digest(previous, event.body)
        previous = event.digest
    Event.objects.bulk_create(events)
    Head.objects.update(seq=len(events), digest=previous)


def _with(body: str, **changes: object) -> str:
    import json

    return canonical({**json.loads(body), **changes})


def _all() -> list[Event]:
    return list(Event.objects.order_by("seq"))


def _edit_body() -> None:
    event = Event.objects.get(seq=3)
    Event.objects.filter(seq=3).update(body=event.body.replace("Anna", "Otto"))


def _edit_column(name: str) -> Callable[[], None]:
    def step() -> None:
        event = Event.objects.get(seq=4)
        value = event.at.replace(year=2020) if name == "at" else "0" * 64
        if name in {"actor_kind", "actor_role", "target_type"}:
            value = "forged"
        Event.objects.filter(seq=4).update(**{name: value})

    return step


def _delete(*seqs: int) -> Callable[[], None]:
    return lambda: Event.objects.filter(seq__in=seqs).delete() and None


def _truncate() -> None:
    Event.objects.filter(seq__gt=7).delete()
    Head.objects.update(seq=7, digest=Event.objects.get(seq=7).digest)


def _swap() -> None:
    Event.objects.filter(seq=5).update(seq=99)
    Event.objects.filter(seq=6).update(seq=5)
    Event.objects.filter(seq=99).update(seq=6)


def _insert(seq: int, source: int, *, head: bool) -> None:
    """An event of our own at the end: linked to the last one, with or without the head."""
    event, last = Event.objects.get(seq=source), Event.objects.order_by("-seq")[0]
    event.body = _with(event.body, seq=seq, verb="thing.forged") if head else event.body
    if head:
        event.verb = "thing.forged"
    event.seq, event.previous = seq, last.digest
    event.digest = chain_digest(event.previous, event.body)
    Event.objects.bulk_create([event])
    if head:
        Head.objects.update(seq=seq, digest=event.digest)


def _replay() -> None:
    """The same event once more, byte for byte, under the next number."""
    _insert(COUNT + 1, 4, head=False)
    Head.objects.update(seq=COUNT + 1, digest=Event.objects.get(seq=COUNT + 1).digest)


def _insert_in_the_middle() -> None:
    events = _all()
    forged = Event.objects.get(seq=5)
    forged.verb, forged.body = "thing.forged", _with(forged.body, verb="thing.forged")
    rechain([*events[:5], forged, *events[5:]])


def _rewrite_everything() -> None:
    events = _all()
    for event in events:
        event.actor_name, event.body = "Otto Example", event.body.replace("Anna", "Otto")
    rechain(events)


def _edit_and_rechain() -> None:
    events = _all()
    events[2].body = events[2].body.replace('"number":2', '"number":7')
    rechain(events)


def _delete_and_rechain() -> None:
    events = _all()
    rechain([*events[:4], *events[5:]])


@dataclass(frozen=True)
class Way:
    """`alone`: found from the database alone. `export`: found by verify.py in an export made afterwards, without a checkpoint."""

    step: Callable[[], None]
    alone: bool = True
    export: bool = True


COLUMNS = ("at", "verb", "actor_kind", "actor_id", "actor_name", "actor_role", "target_type", "target_id")
WAYS: dict[str, Way] = {
    "edit a body": Way(_edit_body),
    # An export holds what was hashed, not the columns beside it: it is right where they are wrong.
    **{f"edit the column {name}": Way(_edit_column(name), export=False) for name in COLUMNS},
    "edit the column previous": Way(_edit_column("previous")),
    "edit the column digest": Way(_edit_column("digest")),
    "delete the first": Way(_delete(1)),
    "delete one in the middle": Way(_delete(5)),
    "delete the last": Way(_delete(10)),
    "cut off the last three, head and all": Way(_truncate, alone=False, export=False),
    "swap two": Way(_swap),
    "forge one at the end": Way(lambda: _insert(COUNT + 1, 5, head=True), alone=False, export=False),
    # An export ends at the head: what stands behind it is not handed out.
    "forge one at the end, without the head": Way(lambda: _insert(COUNT + 1, 5, head=False), export=False),
    "replay one": Way(_replay),
    "insert in the middle and chain again": Way(_insert_in_the_middle, alone=False, export=False),
    "edit and chain again": Way(_edit_and_rechain, alone=False, export=False),
    "delete and chain again": Way(_delete_and_rechain, alone=False, export=False),
    "rewrite everything": Way(_rewrite_everything, alone=False, export=False),
}
