"""One round of `dispatch`: what is due, what is queued, what a dead process left. The database is the schedule (law 6).

Whatever a network does, a dead lease is settled within a minute: each kind of work that may be slow stops after
WORK_SECONDS (the rest waits for the next round), and dead leases are looked at every SWEEP_SECONDS in between. One call
ends after NETWORK_TIMEOUT_SECONDS, one read-back after READ_BACK_SECONDS.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Q

from compliance.enums import RunState
from compliance.models import CheckRun
from healthsocial.audit.log import database_now
from healthsocial.org.models import Heartbeat
from healthsocial.org.queries import organisation
from posts import due
from posts.actions import leases
from posts.actions.check import run_check
from posts.actions.deliver import deliver
from posts.enums import DeliveryState, State
from posts.models import Delivery
from posts.wake import send

logger = logging.getLogger(__name__)
D = DeliveryState
BATCH = 200
MAX_BATCHES = 50
# How long a wake-up may go unanswered before dispatch does the work itself.
PATIENCE = timedelta(seconds=6)
WORK_SECONDS = 10.0
SWEEP_SECONDS = 5.0


def beat(name: str) -> None:
    """Say that this process is alive (real time). Not an act."""
    Heartbeat.objects.update_or_create(name=name, defaults={"at": datetime.now(UTC)})


def run_round() -> dict[str, int]:
    """Do everything that is due now; returns counts by kind of work. One row's failure stops no other."""
    organisation()  # takes over the demo clock
    sweep = _Sweep()
    sweep()
    counts = {
        "deliveries": _due_deliveries(sweep),
        "checks": _due_checks(sweep),
        "removals": _each(_removals(), leases.remove_delivery, between=sweep),
        "passed": _each(leases.posts_past_their_slot(), leases.miss_if_passed, between=sweep),
        "alerts": _each(leases.unconfirmed_unseen(), leases.alert_unconfirmed, between=sweep),
    }
    return {name: count for name, count in {**sweep.counts, **counts}.items() if count}


class _Sweep:
    """Dead leases, at the start of a round and again while slow work goes on."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.next = 0.0

    def __call__(self) -> None:
        if time.monotonic() < self.next:
            return
        beat("dispatch")
        self.counts["lost_claims"] += _each(_lost(D.CLAIMED), leases.return_lost_claim)
        patience = time.monotonic() + SWEEP_SECONDS
        self.counts["lost_sendings"] += _each(
            _lost(D.SENDING),
            # A network that answers nobody must not keep the others in doubt for long.
            lambda pk: leases.settle_lost_sending(pk, read_back=time.monotonic() < patience),
        )
        self.next = time.monotonic() + SWEEP_SECONDS


def _each(ids: list[UUID], step: Callable[[UUID], object], *, between: Callable[[], None] | None = None) -> int:
    """Do the step for each row; with `between`, which is called before each, only for as long as work may take."""
    end = time.monotonic() + WORK_SECONDS
    for number, pk in enumerate(ids):
        if between is not None:
            if number and time.monotonic() > end:
                break
            between()
        try:
            step(pk)
        except Exception as error:  # noqa: BLE001  the others must still go out; the row stays due and is tried again
            logger.error("%s of %s failed: %s", getattr(step, "__name__", "step"), pk, type(error).__name__)
            if not connection.in_atomic_block:
                connection.close_if_unusable_or_obsolete()  # the next row gets a connection that works
    return len(ids)


def _lost(state: DeliveryState) -> list[UUID]:
    dead = Delivery.objects.filter(state=state, lease_until__lt=database_now()).order_by("lease_until")
    return list(dead.values_list("pk", flat=True)[:BATCH])


def _removals() -> list[UUID]:
    wanted = Delivery.objects.filter(
        state=D.SENT, removal_wanted_at__isnull=False, post__state=State.TAKEDOWN_REQUESTED
    )
    return list(wanted.values_list("pk", flat=True)[:BATCH])


def _due_deliveries(sweep: _Sweep) -> int:
    ready = Q(state=D.DUE, next_attempt_at__lte=due.now())
    return _wake_or_do(ready, ("due_at", "pk"), "posts.deliver", Delivery, deliver, sweep)


def _due_checks(sweep: _Sweep) -> int:
    now = datetime.now(UTC)
    open_runs = Q(state__in=(RunState.QUEUED, RunState.ERROR)) | Q(state=RunState.RUNNING, lease_until__lt=now)
    ready = Q(next_attempt_at__lte=now) & open_runs
    return _wake_or_do(ready, ("next_attempt_at", "pk"), "posts.run_check", CheckRun, run_check, sweep)


def _wake_or_do(
    ready: Q,
    order: tuple[str, str],
    task: str,
    model: type[Delivery] | type[CheckRun],
    step: Callable[[UUID], object],
    sweep: _Sweep,
) -> int:
    """Wake a worker once; a row that stays due longer than PATIENCE, or with no broker at all, is done here."""
    rows = model._default_manager.filter(ready).order_by(*order)
    woken = _wake(task, model, ready, order)
    here = rows.filter(Q(woken_at__isnull=True) | Q(woken_at__lt=database_now() - PATIENCE))
    return woken + _each(list(here.values_list("pk", flat=True)[:BATCH]), step, between=sweep)


def _wake(task: str, model: type[Delivery] | type[CheckRun], ready: Q, order: tuple[str, str]) -> int:
    """Send a wake-up for every row that has had none, until the broker refuses one. Returns how many were sent."""
    count = 0
    asleep = model._default_manager.filter(ready, woken_at__isnull=True).order_by(*order)
    for _batch in range(MAX_BATCHES):
        ids = list(asleep.values_list("pk", flat=True)[:BATCH])
        sent = []
        for pk in ids:
            if not send(task, str(pk)):
                break
            sent.append(pk)
        model._default_manager.filter(pk__in=sent, woken_at__isnull=True).update(woken_at=database_now())
        count += len(sent)
        if len(sent) < BATCH:
            break
    return count
