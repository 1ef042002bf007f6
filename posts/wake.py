"""Wake-ups for workers: ids only, after commit, never needed for correctness (law 6)."""

import logging
from uuid import UUID

from celery import current_app
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def wake_check_on_commit(run_id: UUID) -> None:
    """Tell a worker about a queued check once the row is visible to it."""
    transaction.on_commit(lambda: send("posts.run_check", str(run_id)))


def send(task: str, row_id: str) -> bool:
    """Send one wake-up; False when there is no broker. `dispatch` finds the row either way."""
    if not settings.BROKER_CONFIGURED:
        return False
    try:
        current_app.send_task(task, kwargs={"row_id": row_id}, retry=False)
    except (OperationalError, OSError) as error:
        logger.warning("broker unreachable (%s); dispatch does the work", type(error).__name__)
        return False
    return True
