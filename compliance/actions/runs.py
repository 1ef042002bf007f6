"""The life of a check run: opened, claimed, completed or failed. Called by posts, which knows what follows."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from compliance.checking import Examination, Found, risk_of
from compliance.enums import OPEN_RUN_STATES, RunPurpose, RunState
from compliance.models import CheckRun, Finding
from healthsocial import clock
from healthsocial.audit.log import Act

RETRY_SECONDS = (5, 30, 120)


def open_run(act: Act, *, thread: UUID, version: UUID, seal: str, purpose: RunPurpose, kind: str) -> CheckRun:
    """Queue a check inside the caller's transaction. An open run of the same version is used again."""
    existing = CheckRun.objects.filter(version=version, state__in=OPEN_RUN_STATES).first()
    if existing is not None:
        return existing
    now = clock.now()
    CheckRun.objects.filter(thread=thread, state__in=OPEN_RUN_STATES).update(state=RunState.SUPERSEDED, finished_at=now)
    turn = CheckRun.objects.filter(thread=thread).count() + 1
    run = CheckRun.objects.create(
        thread=thread,
        turn=turn,
        version=version,
        seal=seal,
        purpose=purpose,
        created_at=now,
        next_attempt_at=datetime.now(UTC),  # real time: a demo clock that goes back must not leave it waiting
        context_inputs={"kind": kind, "as_of": now.date().isoformat()},
    )
    act.record("check.queued", target=("post", str(thread)), data={"run": str(run.pk), "purpose": purpose})
    return run


def supersede_open_runs(thread: UUID) -> None:
    """Open runs of a post that left the states in which a check matters."""
    CheckRun.objects.filter(thread=thread, state__in=OPEN_RUN_STATES).update(
        state=RunState.SUPERSEDED, finished_at=clock.now()
    )


def claim_run(run_id: UUID) -> CheckRun | None:
    """Take an open run whose time has come; None when somebody else has it. A lease, not an act: no event.

    A run whose workers died at every try is not taken again: it would take down this one too (`claim_dead_run`).
    """
    lost = Q(state=RunState.RUNNING, lease_until__lt=datetime.now(UTC), attempt__lt=settings.CHECK_MAX_ATTEMPTS)
    return _claim(run_id, Q(state__in=(RunState.QUEUED, RunState.ERROR)) | lost)


def claim_dead_run(run_id: UUID) -> CheckRun | None:
    """Take a run that was lost at its last try, in order to fail it; None when this is no such run."""
    return _claim(
        run_id,
        Q(state=RunState.RUNNING, lease_until__lt=datetime.now(UTC), attempt__gte=settings.CHECK_MAX_ATTEMPTS),
    )


def _claim(run_id: UUID, which: Q) -> CheckRun | None:
    lease = datetime.now(UTC) + timedelta(seconds=settings.CHECK_LEASE_SECONDS)
    with transaction.atomic():
        ready = CheckRun.objects.filter(which, pk=run_id, next_attempt_at__lte=datetime.now(UTC))
        taken = ready.update(state=RunState.RUNNING, attempt=F("attempt") + 1, lease_until=lease)
        return CheckRun.objects.get(pk=run_id) if taken == 1 else None


def complete_run(act: Act, run: CheckRun, result: Examination) -> bool:
    """Store the findings under the fence; False when the claim was lost or the run superseded meanwhile."""
    mine = CheckRun.objects.filter(pk=run.pk, state=RunState.RUNNING, attempt=run.attempt)
    if not mine.select_for_update(no_key=True).exists():
        return False
    # Findings first: the row becomes unchangeable once complete.
    order = sorted(result.found, key=lambda f: (f.field, f.finding.start, f.finding.end, f.finding.rule_id))
    Finding.objects.bulk_create([_row(run, position, found) for position, found in enumerate(order)])
    taken = mine.update(
        state=RunState.COMPLETE,
        finished_at=clock.now(),
        lease_until=None,
        error_code="",
        risk=risk_of(result.found),
        text_digest=result.text_digest,
        context_digest=result.context_digest,
        packs_digest=result.packs_digest,
        engine_digest=result.engine_digest,
        not_checked=list(result.not_checked),
    )
    if taken != 1:
        raise RuntimeError("the run was lost under its lock")
    run.refresh_from_db()
    counts = {level: sum(1 for f in result.found if f.finding.severity == level) for level in ("block", "warn", "note")}
    data = {"run": str(run.pk), "findings": counts, "packs": result.packs_digest, "engine": result.engine_digest}
    act.record(
        "check.completed",
        target=("post", str(run.thread)),
        data={**data, "not_checked": list(result.not_checked)},
    )
    return True


def _row(run: CheckRun, position: int, found: Found) -> Finding:
    """A finding without the words it was found in."""
    item = found.finding
    return Finding(
        run=run,
        position=position,
        rule_id=item.rule_id,
        rule_digest=item.rule_digest,
        flag=item.flag,
        label=item.label,
        severity=item.severity,
        hard=item.hard,
        field=found.field,
        start=item.start,
        end=item.end,
        sentence_key=found.sentence_key,
        occurrence=item.occurrence,
        message=item.message,
        why=item.why,
        citation=item.citation,
        rewrite=item.rewrite,
        clears_with=list(item.clears_with),
        context_note=item.context_note[:200],
    )


def fail_run(act: Act, run: CheckRun, code: str) -> bool | None:
    """Record a failed try. True: that was the last one (could not check); False: tried again; None: claim lost."""
    last = run.attempt >= settings.CHECK_MAX_ATTEMPTS
    wait = RETRY_SECONDS[min(run.attempt, len(RETRY_SECONDS)) - 1]
    now = clock.now()
    taken = CheckRun.objects.filter(pk=run.pk, state=RunState.RUNNING, attempt=run.attempt).update(
        state=RunState.COULD_NOT_CHECK if last else RunState.ERROR,
        error_code=code[:80],
        lease_until=None,
        next_attempt_at=datetime.now(UTC) + timedelta(seconds=wait),
        finished_at=now if last else None,
        woken_at=None,
    )
    if taken != 1:
        return None
    act.record(
        "check.failed",
        target=("post", str(run.thread)),
        data={"run": str(run.pk), "attempt": run.attempt, "code": code[:80], "last": last},
    )
    return last
