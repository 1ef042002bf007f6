"""Run one check: claim, examine outside any transaction, record and move the post. Late results move nothing."""

import logging
from datetime import UTC, date, datetime
from uuid import UUID

from django.conf import settings

from compliance import checking
from compliance import queries as checks
from compliance.actions.runs import claim_dead_run, claim_run, complete_run, fail_run
from compliance.dependents import Scope
from compliance.dependents import get as dependents
from compliance.engine import EngineError
from compliance.enums import Severity
from compliance.models import CheckRun, Finding
from healthsocial import clock
from healthsocial.audit.log import Act, action
from healthsocial.org.enums import AlertKind
from healthsocial.org.models import Alert
from posts import canonical, guards, permissions
from posts.actions import approval, deliveries
from posts.actions.move import SYSTEM, lock_post
from posts.actions.system_takedown import close_alerts, raise_alert
from posts.enums import HOLDABLE_STATES, STANDING_STATES, State, Transition
from posts.models import Approval, Post
from posts.time_limit import at_most

logger = logging.getLogger(__name__)


def run_check(run_id: UUID) -> str:
    """Claim and run a check. Returns what became of it (for logs): not_ours, checked, failed or lost."""
    run = claim_run(run_id)
    if run is None:
        dead = claim_dead_run(run_id)
        return _failed(dead, "died") if dead else "not_ours"
    unit = dependents().texts(Scope((run.version,)))[0]
    try:
        with at_most(settings.CHECK_TIME_LIMIT_SECONDS):
            result = checking.examine(unit, as_of=date.fromisoformat(run.context_inputs["as_of"]))
    except EngineError as error:
        return _failed(run, error.code)
    except Exception as error:  # noqa: BLE001  whatever breaks in a detector, the text was not checked (law 3)
        # The message may quote the text, so only the kind of error is kept.
        return _failed(run, type(error).__name__)
    return _finished(run, result)


def _finished(run: CheckRun, result: checking.Examination) -> str:
    with action("check.completed", actor=SYSTEM, target=("post", str(run.thread))) as act:
        post = lock_post(run.thread)
        if not complete_run(act, run, result):
            act.nothing_changed()
            return "lost"
        if post.current_version_id == run.version:
            post.risk = run.risk
            _react(act, post, run)
        _resolve_alert(run.thread)
    return "checked"


def _failed(run: CheckRun, code: str) -> str:
    logger.error("check %s failed at try %d: %s", run.pk, run.attempt, code)
    with action("check.failed", actor=SYSTEM, target=("post", str(run.thread))) as act:
        post = lock_post(run.thread)
        last = fail_run(act, run, code)
        if last is None:
            act.nothing_changed()
            return "lost"
        if last:
            raise_alert(AlertKind.CHECKER_DOWN, "post", str(run.thread), code)
            if post.current_version_id == run.version and post.state == State.CHECKING:
                _move(act, post, Transition.BLOCK, "could_not_check")
    return "failed"


def _resolve_alert(thread: UUID) -> None:
    Alert.objects.filter(
        kind=AlertKind.CHECKER_DOWN, target_type="post", target_id=str(thread), resolved_at=None
    ).update(resolved_at=datetime.now(UTC))


def _move(act: Act, post: Post, transition: Transition, code: str, **data: object) -> None:
    getattr(post, transition.value)()
    post.reason_code, post.reason_words = code, ""
    post.changed_at = clock.now()
    post.save()
    act.record(
        f"post.{transition.value}",
        data={"version": str(post.current_version_id), "state": post.state, "why": code, **data},
    )


def _react(act: Act, post: Post, run: CheckRun) -> None:
    """pass_checks or block for a post that waits; pointer or hold for one that is approved; nothing otherwise."""
    assert post.current_version is not None
    if post.state == State.CHECKING:
        decision = guards.check_result(run, canonical.read(post.current_version))
        if decision.passes:
            _move(act, post, Transition.PASS_CHECKS, "", run=str(run.pk))
        else:
            _move(
                act,
                post,
                Transition.BLOCK,
                decision.code,
                run=str(run.pk),
                findings=[str(pk) for pk in decision.open_findings],
            )
    elif post.state in STANDING_STATES and post.approval is not None:
        _compare_with_approval(act, post, run, post.approval)
    else:
        post.save(update_fields=["risk"])


def _compare_with_approval(act: Act, post: Post, run: CheckRun, standing: Approval) -> None:
    """Law 1: nothing new -> the approval's check pointer moves; something new -> hold."""
    assert post.current_version is not None
    new = something_new(CheckRun.objects.get(pk=standing.check_run), run)
    form = canonical.read(post.current_version)
    barred = permissions.barred_from_approving(post)
    # A rule with new words reopens its answer (law 11), so the approval does not stand on it any more.
    if new or guards.findings_answered(run, form, clock.now(), barred=barred):
        _something_new(act, post, [str(f.pk) for f in new])
        return
    now = checking.active()
    Approval.objects.filter(pk=standing.pk).update(
        check_run=run.pk, packs_digest=now.packs, engine_digest=now.engine, directory_digest=now.directory
    )
    post.save(update_fields=["risk"])
    act.record(
        "approval.check_moved", data={"approval": str(standing.pk), "from": str(standing.check_run), "to": str(run.pk)}
    )


def _something_new(act: Act, post: Post, findings: list[str]) -> None:
    """Hold what has not left; of a round that has begun, stop what still waits and leave the rest to people."""
    if post.state in HOLDABLE_STATES:
        hold_by_system(act, post, "recheck_found_something", findings=findings)
        return
    post.save(update_fields=["risk"])
    act.record("approval.recheck_found_something", data={"approval": str(post.approval_id), "findings": findings})
    deliveries.cancel(act, post, "recheck_found_something")
    deliveries.conclude(act, post)


def something_new(old: CheckRun, new: CheckRun) -> list[Finding]:
    """Warnings and blocks of the new run that the approved run did not have at the same strength."""
    rank = {Severity.NOTE.value: 0, Severity.WARN.value: 1, Severity.BLOCK.value: 2}

    def strength(finding: Finding) -> int:
        return 3 if finding.hard else rank[finding.severity]

    known: dict[tuple[str, str, str, int], int] = {}
    for finding in old.findings.all():
        key = (finding.field, finding.rule_id, finding.sentence_key, finding.occurrence)
        known[key] = max(known.get(key, 0), strength(finding))
    return [
        f
        for f in new.findings.all()
        if f.needs_answer and strength(f) > known.get((f.field, f.rule_id, f.sentence_key, f.occurrence), 0)
    ]


def hold_by_system(act: Act, post: Post, why: str, **data: object) -> None:
    """Hold inside another action: voids the approval and cancels what has not left."""
    deliveries.cancel(act, post, why)
    approval.void(act, post, why, clock.now())
    approval.clear_slot(post)
    close_alerts(post, AlertKind.MISSED, AlertKind.DELIVERY_FAILED)  # the reason of the hold takes their place
    _move(act, post, Transition.HOLD, why, **data)


def outdated(post: Post) -> bool:
    """True when the newest complete check of the current version was made with other packs or another engine."""
    run = checks.newest_complete_run(post.current_version_id) if post.current_version_id else None
    return run is None or not checks.is_current(run, checking.active())
