"""Wake-ups for workers: ids only, after commit, never needed for correctness (law 6)."""

import logging
import time
from uuid import UUID

from celery import current_app
from django.conf import settings
from django.db import transaction
from kombu import Connection, pools

logger = logging.getLogger(__name__)
# A broker that hangs must not keep a person waiting, so sending has shorter limits than a worker's own connection,
# and after a failure nobody in this process asks again for a while: dispatch finds the row anyway.
LIMITS = {"socket_timeout": 1, "socket_connect_timeout": 1, "max_retries": 0, "retry_on_timeout": False}
REST_SECONDS = 10.0
_rests_until = 0.0


def ask_again() -> None:
    """Forget that the broker failed a moment ago."""
    global _rests_until
    _rests_until = 0.0


def wake_check_on_commit(run_id: UUID) -> None:
    """Tell a worker about a queued check once the row is visible to it."""
    transaction.on_commit(lambda: send("posts.run_check", str(run_id)))


def send(task: str, row_id: str) -> bool:
    """Send one wake-up; False when there is no broker. `dispatch` finds the row either way."""
    global _rests_until
    if not settings.BROKER_CONFIGURED or time.monotonic() < _rests_until:
        return False
    try:
        with pools.producers[_connection()].acquire(block=True, timeout=1) as producer:
            current_app.send_task(task, kwargs={"row_id": row_id}, retry=False, producer=producer)
    except Exception as error:  # noqa: BLE001  down, full, read-only, hanging: whatever it is, the act is done
        _rests_until = time.monotonic() + REST_SECONDS
        logger.warning("broker unreachable (%s); dispatch does the work", type(error).__name__)
        return False
    return True


def _connection() -> Connection:
    # The same limits have the same pool of connections (kombu compares them by value).
    options = {**current_app.conf.broker_transport_options, **LIMITS}
    return current_app.connection_for_write(transport_options=options)
