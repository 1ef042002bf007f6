"""Reading runs, findings, answers and authorizations."""

from dataclasses import dataclass
from uuid import UUID

from compliance.checking import Active
from compliance.enums import AnswerSide, RunState
from compliance.models import Answer, CheckRun, Finding


@dataclass(frozen=True)
class Answered:
    """A finding with the newest answer of each side."""

    finding: Finding
    author: Answer | None
    officer: Answer | None


def newest_complete_run(version: UUID) -> CheckRun | None:
    return CheckRun.objects.filter(version=version, state=RunState.COMPLETE).order_by("-turn").first()


def newest_run(version: UUID) -> CheckRun | None:
    return CheckRun.objects.filter(version=version).exclude(state=RunState.SUPERSEDED).order_by("-turn").first()


def is_current(run: CheckRun, now: Active) -> bool:
    """True when the run was made with the packs and engine that are active now."""
    return run.packs_digest == now.packs and run.engine_digest == now.engine


def answers_for(thread: UUID) -> dict[tuple[str, tuple[str, str, str, str, int]], Answer]:
    """Newest answer per (side, key) of a thread."""
    newest: dict[tuple[str, tuple[str, str, str, str, int]], Answer] = {}
    for answer in Answer.objects.filter(thread=thread).select_related("authorization", "by").order_by("turn"):
        newest[(answer.side, answer.answer_key)] = answer
    return newest


def with_answers(run: CheckRun) -> list[Answered]:
    """Findings of a run in text order, each with its newest answers. Two queries, or one when nothing was found."""
    findings = list(run.findings.all())
    answers = answers_for(run.thread) if findings else {}
    return [
        Answered(f, answers.get((AnswerSide.AUTHOR, f.answer_key)), answers.get((AnswerSide.OFFICER, f.answer_key)))
        for f in findings
    ]
