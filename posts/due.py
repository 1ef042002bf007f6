"""Times that decide whether something leaves: the database's clock, whatever the clocks of the machines say.

A worker an hour ahead must neither publish early nor take a living lease for a dead one; one an hour behind must not
publish what is too late.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection

from healthsocial import clock
from healthsocial.audit.log import database_now


def now() -> datetime:
    """The database's time on the demo's clock: what planned times are compared with."""
    return at(database_now())


def at(read: datetime) -> datetime:
    """The same for a time that a row brought with it (`DatabaseClock`)."""
    # SQLite counts in milliseconds, cut off: without this, "publish now" would be a moment in the future.
    short = timedelta(milliseconds=1) if connection.vendor == "sqlite" else timedelta(0)
    return read + clock.offset() + short


def lease_end(read: datetime) -> datetime:
    """Until when work taken now is ours, in real time. `read`: what the database's clock said in this transaction."""
    return read + timedelta(seconds=settings.LEASE_SECONDS)
