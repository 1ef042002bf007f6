"""Check the whole audit chain; exit code 1 when anything is wrong."""

import re
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from healthsocial.audit import checkpoints, unexplained
from healthsocial.audit.checkpoints import Checkpoint
from healthsocial.audit.models import Event
from healthsocial.audit.verify import Problem, Verdict, verify_chain

MEANINGS = {
    "gap": "an event is missing",
    "previous": "does not follow from the event before it",
    "digest": "its content was changed after it was written",
    "body": "its content cannot be read",
    "head": "the head is not the last event",
    "beyond_head": "there are events behind the head",
    "no_head": "the head is missing",
    "checkpoint": "the record does not hold the checkpoint of this number: it was cut off, rewritten or restored from a backup",
    "checkpoint_instance": "the checkpoint of this number is of another record",
    "outside_head": "the record does not hold the head that was kept outside: it was cut off or rewritten",
}

CHECKPOINTS = {
    "checkpoint_line": "cannot be read",
    "checkpoint_signature": "does not carry the signature of the key that it names",
}


class Command(BaseCommand):
    help = "Check that no audit event was changed, removed, added or swapped. Exit code 1 when one was."
    requires_system_checks: list[str] = []  # it must be able to report on a database that the checks refuse

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--head", metavar="SEQ:DIGEST", help="a head that you kept outside this machine")
        parser.add_argument(
            "--checkpoint", type=Path, metavar="FILE", help="a file of checkpoints that you kept outside this machine"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        outside = parse_head(options["head"]) if options["head"] else None
        # The file first, the record after it: what is appended in between must not look like a fault.
        lines = read_checkpoints(options["checkpoint"]) if options["checkpoint"] else []
        verdict = verify_chain(outside_head=outside)
        compared = check_checkpoints(verdict, lines)
        for change in unexplained.found():
            verdict.add(0, f"unexplained:{change.kind} {change.id}: {change.what}")
        for problem in verdict.problems:
            self.stdout.write(f"  {describe(problem)}")
        if verdict.problem_count > len(verdict.problems):
            self.stdout.write(f"  … and {verdict.problem_count - len(verdict.problems)} more")
        self.stdout.write(f"Head: {verdict.head_seq}:{verdict.head_digest}")
        if not verdict.ok:
            count = verdict.problem_count
            problems = "1 problem" if count == 1 else f"{count} problems"
            raise CommandError(f"The audit record is NOT whole: {problems} in {verdict.checked} events.")
        if lines:
            self.stdout.write(f"It holds all {compared} checkpoints of {options['checkpoint']}.")
        self.stdout.write(self.style.SUCCESS(summary(verdict, compared=outside is not None or compared > 0)))


def read_checkpoints(file: Path) -> list[tuple[int, Checkpoint | None]]:
    try:
        lines = list(checkpoints.read(file))
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
    if not lines:
        raise CommandError(f"{file} holds no checkpoint.")
    return lines


def check_checkpoints(verdict: Verdict, lines: list[tuple[int, Checkpoint | None]]) -> int:
    """Every line must be signed and held; returns how many were compared."""
    seqs = sorted({found.seq for _line, found in lines if found is not None})
    instance = checkpoints.instance_of_record()
    digests: dict[int, str] = {}
    for start in range(0, len(seqs), 500):
        digests.update(Event.objects.filter(seq__in=seqs[start : start + 500]).values_list("seq", "digest"))
    for line, found in lines:
        if found is None:
            verdict.add(0, f"checkpoint_line:{line}")
        elif not found.signature_holds():
            verdict.add(0, f"checkpoint_signature:{line}")
        elif found.instance != instance:
            verdict.add(found.seq, "checkpoint_instance")
        elif digests.get(found.seq) != found.digest:
            verdict.add(found.seq, "checkpoint")
    return len(lines)


def parse_head(text: str) -> tuple[int, str]:
    if not re.fullmatch(r"\d{1,18}:[0-9a-f]{64}", text.strip()):
        raise CommandError("--head is a number, a colon and 64 hexadecimal digits, as verify_audit prints it.")
    seq, digest = text.strip().split(":")
    return int(seq), digest


def describe(problem: Problem) -> str:
    kind, _, name = problem.code.partition(":")
    if kind == "unexplained":
        return f"No event explains this: {name}."
    if kind in CHECKPOINTS:
        return f"Line {name} of the checkpoint file {CHECKPOINTS[kind]}."
    if kind == "trigger":
        return f"The database trigger {name} is missing (manage.py migrate installs it again)."
    meaning = f"its column {name} differs from its content" if kind == "column" else MEANINGS[kind]
    return f"Event {problem.seq}: {meaning}." if problem.seq else f"{meaning[0].upper()}{meaning[1:]}."


def summary(verdict: Verdict, *, compared: bool) -> str:
    end = (
        "It still holds the head you kept."
        if compared
        else "Keep the head outside this machine to notice a cut-off end."
    )
    return f"The audit record is whole: {verdict.checked} events, every one follows from the one before. {end}"
