"""Run a stored check again and say whether it gives the same findings, or what cannot be reproduced (law 12)."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from compliance import checking
from compliance.dependents import Scope
from compliance.dependents import get as dependents
from compliance.enums import RunState
from compliance.models import CheckRun


@dataclass(frozen=True)
class Replay:
    """`differences`: empty when reproduced; else of text, redacted, packs, engine, context, findings, not_complete."""

    run: UUID
    differences: tuple[str, ...]


def replay(run_id: UUID) -> Replay:
    """Compare first what the run was made with; only with equal inputs do differing findings mean a fault."""
    run = CheckRun.objects.get(pk=run_id)
    if run.state != RunState.COMPLETE:
        return Replay(run.pk, ("not_complete",))
    units = dependents().texts(Scope((run.version,)))
    if not units or not units[0].fields:
        return Replay(run.pk, ("redacted",))
    now = checking.active()
    inputs = {
        "text": checking.text_digest(units[0].fields) == run.text_digest,
        "packs": now.packs == run.packs_digest,
        "engine": now.engine == run.engine_digest,
    }
    differing = tuple(name for name, same in inputs.items() if not same)
    if differing:
        return Replay(run.pk, differing)
    result = checking.examine(units[0], as_of=date.fromisoformat(run.context_inputs["as_of"]))
    if result.context_digest != run.context_digest:
        return Replay(run.pk, ("context",))
    fresh = sorted(
        (f.field, f.finding.rule_id, f.finding.start, f.finding.end, f.finding.severity, f.sentence_key)
        for f in result.found
    )
    stored = sorted(run.findings.values_list("field", "rule_id", "start", "end", "severity", "sentence_key"))
    return Replay(run.pk, () if fresh == stored else ("findings",))
