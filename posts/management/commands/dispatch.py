"""The loop that makes the database the schedule: every two seconds what is due is sent on its way."""

import logging
import math
import signal
import threading
import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import Error as DatabaseError
from django.db import close_old_connections, connection

from healthsocial.org.actions.keep_checkpoint import keep_checkpoint
from posts.actions.recheck import recheck_everything_outdated
from posts.actions.rederive_slots import rederive_slots
from posts.rounds import run_round

logger = logging.getLogger(__name__)
HOUSEKEEPING_EVERY_SECONDS = 60
CHECKPOINT_EVERY_SECONDS = 60


class Command(BaseCommand):
    help = "Send due posts, queued checks and expired leases on their way, until stopped. --once does one round."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="one round, then exit")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            self.keep_checkpoint()
            self.stdout.write(str(run_round()))
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        last, last_checkpoint = -math.inf, -math.inf
        while not stop.is_set():
            try:
                close_old_connections()
                if time.monotonic() - last_checkpoint > CHECKPOINT_EVERY_SECONDS:
                    last_checkpoint = time.monotonic()  # first: what fails here must not stop the rounds
                    self.keep_checkpoint()
                # Beat does the housekeeping too; without a broker only we can.
                housekeeping = time.monotonic() - last > HOUSEKEEPING_EVERY_SECONDS
                if housekeeping:
                    last = time.monotonic()
                    rederive_slots()  # before what is due: its time may have moved
                run_round()
                if housekeeping:
                    recheck_everything_outdated()
            except DatabaseError as error:
                logger.error("database unavailable (%s); trying again", type(error).__name__)
                connection.close()
            except Exception as error:  # noqa: BLE001  what failed now must not stop what is due next
                logger.error("round failed: %s", type(error).__name__)  # the message may quote a row
            stop.wait(settings.DISPATCH_INTERVAL_SECONDS)

    def keep_checkpoint(self) -> None:
        """Before anything goes out: a record that lost its end must not publish again what went out since.

        Writing them is beat's work; without a broker, or when beat is silent for long, it is ours.
        """
        keep_checkpoint(every=timedelta(hours=2 if settings.BROKER_CONFIGURED else 1))
