"""Check the whole audit chain; exit code 1 when anything is wrong."""

import re
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from healthsocial.audit.verify import Problem, Verdict, verify_chain

MEANINGS = {
    "gap": "an event is missing",
    "previous": "does not follow from the event before it",
    "digest": "its content was changed after it was written",
    "body": "its content cannot be read",
    "head": "the head is not the last event",
    "beyond_head": "there are events behind the head",
    "no_head": "the head is missing",
    "outside_head": "the record does not hold the head that was kept outside: it was cut off or rewritten",
}


class Command(BaseCommand):
    help = "Check that no audit event was changed, removed, added or swapped. Exit code 1 when one was."
    requires_system_checks: list[str] = []  # it must be able to report on a database that the checks refuse

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--head", metavar="SEQ:DIGEST", help="a head that you kept outside this machine")

    def handle(self, *args: Any, **options: Any) -> None:
        outside = parse_head(options["head"]) if options["head"] else None
        verdict = verify_chain(outside_head=outside)
        for problem in verdict.problems:
            self.stdout.write(f"  {describe(problem)}")
        if verdict.problem_count > len(verdict.problems):
            self.stdout.write(f"  … and {verdict.problem_count - len(verdict.problems)} more")
        self.stdout.write(f"Head: {verdict.head_seq}:{verdict.head_digest}")
        if not verdict.ok:
            count = verdict.problem_count
            problems = "1 problem" if count == 1 else f"{count} problems"
            raise CommandError(f"The audit record is NOT whole: {problems} in {verdict.checked} events.")
        self.stdout.write(self.style.SUCCESS(summary(verdict, compared=outside is not None)))


def parse_head(text: str) -> tuple[int, str]:
    if not re.fullmatch(r"\d{1,18}:[0-9a-f]{64}", text.strip()):
        raise CommandError("--head is a number, a colon and 64 hexadecimal digits, as verify_audit prints it.")
    seq, digest = text.strip().split(":")
    return int(seq), digest


def describe(problem: Problem) -> str:
    kind, _, name = problem.code.partition(":")
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
