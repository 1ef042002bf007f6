"""Celery tasks: an id in, one action called. Losing or repeating any of them does no harm (laws 6 and 7)."""

from uuid import UUID

from celery import shared_task

from healthsocial.org.queries import organisation
from posts.actions.check import run_check as run_check_action
from posts.actions.deliver import deliver as deliver_action
from posts.actions.recheck import recheck_everything_outdated
from posts.actions.rederive_slots import rederive_slots
from posts.rounds import beat


@shared_task(name="posts.run_check")
def run_check(*, row_id: str) -> str:
    organisation()  # this process takes over the demo clock
    return run_check_action(UUID(row_id))


@shared_task(name="posts.deliver")
def deliver(*, row_id: str) -> str:
    organisation()
    return deliver_action(UUID(row_id))


@shared_task(name="posts.worker_heartbeat")
def worker_heartbeat() -> None:
    beat("worker")


@shared_task(name="posts.housekeeping")
def housekeeping() -> int:
    """Keep slots at their time on the clock; recheck what was checked with other packs. Returns how many were queued."""
    organisation()
    rederive_slots()
    return recheck_everything_outdated()
