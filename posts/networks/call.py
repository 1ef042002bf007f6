"""The calls to a network, each with an end. Whatever is not proof of refusal is Unknown (law 7)."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from django.conf import settings
from django.db import connection

from posts.networks.base import NetworkAdapter, Order, Permanent, Receipt, Retryable, Unknown
from posts.time_limit import TookTooLong, at_most

logger = logging.getLogger(__name__)
Outcome = Receipt | Permanent | Retryable | Unknown
T = TypeVar("T")


def send(adapter: NetworkAdapter, order: Order, name: str) -> Outcome:
    """The irreversible call. `name` is what the log calls it: an id, no text."""
    begin = time.monotonic()
    try:
        return within(settings.NETWORK_TIMEOUT_SECONDS, lambda: adapter.send(order))
    except TookTooLong:
        return Unknown("timed_out")
    except Retryable as outcome:
        # An adapter that catches our own time limit and calls it a lost connection has proven nothing.
        late = time.monotonic() - begin >= settings.NETWORK_TIMEOUT_SECONDS
        return Unknown("timed_out") if late else outcome
    except (Permanent, Unknown) as outcome:
        return outcome
    except Exception as error:  # noqa: BLE001  an unexpected answer must never lead to a second try
        logger.error("delivery %s: %s from the network", name, type(error).__name__)
        return Unknown(type(error).__name__)


def within(seconds: float, step: Callable[[], T]) -> T:
    """Do it, or raise TookTooLong. A connection to the database that was cut off in the middle is not used again."""
    try:
        with at_most(seconds):
            return step()
    except TookTooLong:
        if not connection.in_atomic_block:
            connection.close()
        raise
