"""Is the record whole? Reads every event once and recomputes the chain.

What this can and cannot show: a change, a gap, a forged or swapped event is found from the table alone. Somebody who can
write to the database could cut off the end and rewrite the head to match; that is found only against a head that was
kept outside (`verify_audit --head SEQ:DIGEST`).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from healthsocial.audit import triggers
from healthsocial.audit.log import chain_digest, stamp
from healthsocial.audit.models import Event, Head

GENESIS = "0" * 64
BATCH = 2000
MOST_PROBLEMS = 50


@dataclass(frozen=True)
class Problem:
    """`seq` 0: the record as a whole. Codes: gap, previous, digest, body, column:<name>, head, beyond_head, trigger:<name>,
    outside_head, no_head.
    """

    seq: int
    code: str


@dataclass
class Verdict:
    """`checked` events from `first` to `last`; `problems` holds the first 50, `problem_count` counts all."""

    first: int
    last: int = 0
    checked: int = 0
    head_seq: int = 0
    head_digest: str = GENESIS
    problem_count: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return self.problem_count == 0

    def add(self, seq: int, code: str) -> None:
        self.problem_count += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(seq, code))


def verify_chain(from_seq: int = 1, *, outside_head: tuple[int, str] | None = None) -> Verdict:
    """Check the events from `from_seq` to the head, the head itself and the triggers.

    Reads in batches (memory stays flat) and may run while events are being written: the head is read first, and what is
    appended later is not taken for a fault. `outside_head` is a (seq, digest) that was written down earlier.
    """
    verdict = Verdict(first=max(from_seq, 1))
    head = Head.objects.filter(id=1).first()
    verdict.head_seq, verdict.head_digest = (head.seq, head.digest) if head else (0, GENESIS)
    if head is None and Event.objects.exists():
        verdict.add(0, "no_head")
    expected_seq, previous = verdict.first, _digest_before(verdict.first)
    for event in _events(verdict.first, verdict.head_seq):
        if event.seq != expected_seq:
            verdict.add(expected_seq, "gap")
        if previous is None or event.previous != previous:
            verdict.add(event.seq, "previous")
        for code in event_problems(event):
            verdict.add(event.seq, code)
        verdict.checked += 1
        verdict.last = event.seq
        expected_seq, previous = event.seq + 1, event.digest
    _check_end(verdict, previous)
    if outside_head is not None and not _holds(outside_head):
        verdict.add(outside_head[0], "outside_head")
    for name in triggers.missing():
        verdict.add(0, f"trigger:{name}")
    return verdict


def verify_recent(count: int = 200) -> Verdict:
    """The last `count` events only: cheap enough for a page."""
    head = Head.objects.filter(id=1).first()
    return verify_chain(max(1, (head.seq if head else 0) - count + 1))


def event_problems(event: Event) -> list[str]:
    """What is wrong inside one event: its digest, its body, its columns."""
    found = []
    if chain_digest(event.previous, event.body) != event.digest:
        found.append("digest")
    try:
        told = _columns_told(json.loads(event.body))
    except (ValueError, KeyError, TypeError):
        return [*found, "body"]
    columns = {name: getattr(event, name) for name in told}
    columns["at"] = stamp(event.at)
    return found + [f"column:{name}" for name, value in told.items() if columns[name] != value]


def _columns_told(body: dict[str, Any]) -> dict[str, Any]:
    actor, target = body["actor"], body["target"]
    return {
        "seq": body["seq"],
        "at": body["at"],
        "verb": body["verb"],
        "actor_kind": actor["kind"],
        "actor_id": actor["id"],
        "actor_name": actor["name"],
        "actor_role": actor["role"],
        "target_type": target["type"],
        "target_id": target["id"],
    }


def _events(first: int, last: int) -> Iterator[Event]:
    """Keyset batches in chain order: no long-lived cursor, so SQLite writers are not held up."""
    position = first - 1
    while batch := list(Event.objects.filter(seq__gt=position, seq__lte=last).order_by("seq")[:BATCH]):
        yield from batch
        position = batch[-1].seq


def _digest_before(seq: int) -> str | None:
    if seq == 1:
        return GENESIS
    return Event.objects.filter(seq=seq - 1).values_list("digest", flat=True).first()


def _check_end(verdict: Verdict, last_digest: str | None) -> None:
    """The head must be the last event, and nothing may stand behind it or in front of number one."""
    reached = verdict.last if verdict.checked else verdict.first - 1
    if verdict.head_seq >= verdict.first - 1 and (reached, last_digest) != (verdict.head_seq, verdict.head_digest):
        verdict.add(verdict.head_seq, "head")
    newest = Event.objects.order_by("-seq").values_list("seq", flat=True).first() or 0
    head_now = Head.objects.filter(id=1).values_list("seq", flat=True).first() or 0
    if newest > head_now:
        verdict.add(newest, "beyond_head")
    if Event.objects.filter(seq__lt=1).exists():
        verdict.add(0, "gap")


def _holds(outside: tuple[int, str]) -> bool:
    seq, digest = outside
    if seq == 0:
        return digest == GENESIS
    return Event.objects.filter(seq=seq, digest=digest).exists()
