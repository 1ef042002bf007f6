"""Compare the record with its last checkpoint and keep a new one now."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from healthsocial.audit import checkpoints
from healthsocial.audit.checkpoints import Standing
from healthsocial.org.actions.keep_checkpoint import keep_checkpoint

MEANINGS = {
    Standing.AHEAD: "the record ends before its last checkpoint: an older backup was restored, or its end was cut off",
    Standing.DIFFERS: "the record does not hold its last checkpoint: an older backup was restored, or it was rewritten",
    Standing.OTHER: "the last checkpoint is of another database",
    Standing.FORGED: "the last checkpoint was not signed with the key of this installation",
    Standing.UNREADABLE: "it cannot be read or written",
}


class Command(BaseCommand):
    help = "Keep a signed checkpoint of the audit record outside the database, if the record has grown. Exit code 1 when it does not hold the last one."

    def handle(self, *args: Any, **options: Any) -> None:
        standing = keep_checkpoint(every=timedelta(0))
        if not standing.agrees:
            stopped = " Publishing is stopped; see Settings." if standing in {"ahead", "differs"} else ""
            raise CommandError(f"{checkpoints.path()}: {MEANINGS[standing]}.{stopped}")
        newest = checkpoints.last()
        if newest is None:
            self.stdout.write("Nothing has happened yet; there is nothing to keep.")
            return
        self.stdout.write(f"The record holds its last checkpoint, event {newest.seq}. Keep this line outside:")
        self.stdout.write(newest.line())
