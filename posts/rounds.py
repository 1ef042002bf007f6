"""One round of `dispatch`: what is due, what is queued, what a dead process left. The database is the schedule (law 6)."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db.models import Q

from compliance.enums import RunState
from compliance.models import CheckRun
from healthsocial import clock
from healthsocial.org.models import Heartbeat
from healthsocial.org.queries import organisation
from posts.actions import leases
from posts.actions.check import run_check
from posts.actions.deliver import deliver
from posts.enums import DeliveryState, State
from posts.models import Delivery
from posts.wake import send

logger = logging.getLogger(__name__)
D = DeliveryState
BATCH = 200
# How long a wake-up may go unanswered before dispatch does the work itself.
PATIENCE = timedelta(seconds=6)


def beat(name: str) -> None:
    """Say that this process is alive (real time). Not an act."""
    Heartbeat.objects.update_or_create(name=name, defaults={"at": datetime.now(UTC)})


def run_round() -> dict[str, int]:
    """Do everything that is due now; returns counts by kind of work. One row's failure stops no other."""
    organisation()  # takes over the demo clock
    beat("dispatch")
    counts = {
        "lost_claims": _each(_lost(D.CLAIMED), leases.return_lost_claim),
        "lost_sendings": _each(_lost(D.SENDING), leases.settle_lost_sending),
        "deliveries": _due_deliveries(),
        "checks": _due_checks(),
        "removals": _each(_removals(), leases.remove_delivery),
        "passed": _each(leases.posts_past_their_slot(), leases.miss_if_passed),
    }
    return {name: count for name, count in counts.items() if count}


def _each(ids: list[UUID], step: Callable[[UUID], object]) -> int:
    for pk in ids:
        try:
            step(pk)
        except Exception as error:  # noqa: BLE001  the others must still go out; the row stays due and is tried again
            logger.error("%s of %s failed: %s", step.__name__, pk, type(error).__name__)
    return len(ids)


def _lost(state: DeliveryState) -> list[UUID]:
    return list(
        Delivery.objects.filter(state=state, lease_until__lt=datetime.now(UTC)).values_list("pk", flat=True)[:BATCH]
    )


def _removals() -> list[UUID]:
    wanted = Delivery.objects.filter(
        state=D.SENT, removal_wanted_at__isnull=False, post__state=State.TAKEDOWN_REQUESTED
    )
    return list(wanted.values_list("pk", flat=True)[:BATCH])


def _due_deliveries() -> int:
    due = Delivery.objects.filter(state=D.DUE, next_attempt_at__lte=clock.now()).order_by("next_attempt_at", "pk")
    return _wake_or_do(list(due.values_list("pk", "woken_at")[:BATCH]), "posts.deliver", Delivery, deliver)


def _due_checks() -> int:
    ready = CheckRun.objects.filter(next_attempt_at__lte=datetime.now(UTC)).filter(
        Q(state__in=(RunState.QUEUED, RunState.ERROR)) | Q(state=RunState.RUNNING, lease_until__lt=datetime.now(UTC))
    )
    rows = list(ready.order_by("next_attempt_at", "pk").values_list("pk", "woken_at")[:BATCH])
    return _wake_or_do(rows, "posts.run_check", CheckRun, run_check)


def _wake_or_do(
    rows: list[tuple[UUID, datetime | None]],
    task: str,
    model: type[Delivery] | type[CheckRun],
    step: Callable[[UUID], object],
) -> int:
    """Wake a worker once; a row that stays due longer than PATIENCE, or with no broker at all, is done here."""
    now = datetime.now(UTC)
    here: list[UUID] = []
    broker = True
    for pk, woken_at in rows:
        if woken_at is None and broker:
            broker = send(task, str(pk))  # one refusal is enough: the others are done here
        if woken_at is None and broker:
            model._default_manager.filter(pk=pk).update(woken_at=now)
        elif woken_at is None or woken_at < now - PATIENCE:
            here.append(pk)
    _each(here, step)
    return len(rows)
