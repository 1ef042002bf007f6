"""Compare the record with its last checkpoint, and keep a new one outside the database.

A record that does not hold its own checkpoint is an older backup, or was cut off or rewritten. Either way what went out
since is not in it and would go out again: publishing is stopped until a person says go.
"""

import logging
from datetime import timedelta

from healthsocial.audit import checkpoints
from healthsocial.audit.checkpoints import Checkpoint, Standing
from healthsocial.audit.log import database_now, system
from healthsocial.audit.models import Event
from healthsocial.org import queries
from healthsocial.org.actions.stop_publishing import stop_publishing
from healthsocial.org.alerts import close_alert, open_alert
from healthsocial.org.checkpoint_mail import mail_checkpoint
from healthsocial.org.enums import AlertKind

logger = logging.getLogger(__name__)
HOURLY = timedelta(hours=1)
LOST = {Standing.AHEAD, Standing.DIFFERS}
WHY = {
    Standing.AHEAD: "The audit record ends before its last checkpoint: an older backup was restored, or its end was cut off.",
    Standing.DIFFERS: "The audit record does not hold its last checkpoint: an older backup was restored, or it was rewritten.",
}


def keep_checkpoint(*, every: timedelta = HOURLY) -> Standing:
    """Called by beat, by dispatch and by a command. A new line only when the head moved and `every` has passed.

    Never raises for a file that cannot be read or written: publishing does not depend on it, but an alert says so.
    """
    made: Checkpoint | None = None
    try:
        with checkpoints.held_file() as descriptor:
            standing, last = checkpoints.standing()
            if standing in LOST and last is not None and _settled(last):
                standing, last = Standing.NONE, None  # a person has looked and said go; the checkpoints start again
            if standing == Standing.OTHER:
                made = _due(None, every)  # a new database beside the old one's file: it gets lines of its own
            elif standing.agrees:
                made = _due(last, every)
            if made is not None:
                checkpoints.append(descriptor, made)
    except OSError as error:
        logger.error("no checkpoint of the audit record was kept: %s", error.strerror)
        open_alert(AlertKind.CHECKPOINT, "checkpoint_not_written")
        return Standing.UNREADABLE
    if not standing.agrees:
        _alarm(standing, last)
        return standing
    close_alert(AlertKind.RECORD)
    if made is not None:
        close_alert(AlertKind.CHECKPOINT)
        if not mail_checkpoint(made):
            open_alert(AlertKind.CHECKPOINT, "checkpoint_not_mailed")
    return Standing.AGREES if last or made else standing


def lost_checkpoint() -> str | None:
    """SEQ:DIGEST of the last checkpoint when this database does not hold it; for the event of a restore."""
    standing, last = checkpoints.standing()
    return last.name if last is not None and standing in LOST else None


def _due(last: Checkpoint | None, every: timedelta) -> Checkpoint | None:
    new = checkpoints.of_now()
    if new is None or last is None:
        return new
    age = database_now() - last.moment
    moved = (new.seq, new.digest) != (last.seq, last.digest)
    return new if moved and not timedelta(0) <= age < every else None


def _settled(last: Checkpoint) -> bool:
    """Publishing was stopped because of this very checkpoint, and is not stopped any more."""
    return queries.organisation().publishing_stopped_at is None and _stopped_for(last)


def _stopped_for(last: Checkpoint) -> bool:
    named = f'"checkpoint":"{last.name}"'
    return Event.objects.filter(verb="publishing.stopped", body__contains=named).exists()


def _alarm(standing: Standing, last: Checkpoint | None) -> None:
    if standing in LOST and last is not None and not _stopped_for(last):
        stop_publishing(WHY[standing], actor=system("HealthSocial"), checkpoint=last.name)
        logger.error("publishing is stopped: the audit record does not hold checkpoint %s", last.seq)
    open_alert(AlertKind.RECORD, f"checkpoint_{standing.value}")
