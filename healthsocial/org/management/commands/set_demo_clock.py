"""Move the clock of a demo."""

import re
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from healthsocial.audit.log import Refused
from healthsocial.org import queries
from healthsocial.org.actions.demo_clock import set_demo_clock
from healthsocial.org.models import User

UNITS = {"d": 86400, "h": 3600, "m": 60}


class Command(BaseCommand):
    help = "Move the clock of a demo database, so that a slot next week can be watched today."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--by", required=True, metavar="EMAIL", help="an administrator; this is recorded")
        how = parser.add_mutually_exclusive_group(required=True)
        how.add_argument("--to", metavar="TIME", help="for example 2026-12-01T09:00:00+00:00")
        how.add_argument("--forward", metavar="SPAN", help="from where it is, for example 7d, 3h or 1d12h30m")
        how.add_argument("--real", action="store_true", help="back to real time")

    def handle(self, *args: Any, **options: Any) -> None:
        organisation = queries.organisation()
        person = User.objects.filter(email__iexact=options["by"]).first()
        if person is None:
            raise CommandError("There is no person with this e-mail address.")
        ahead = 0
        if options["forward"]:
            ahead = organisation.clock_offset_seconds + span(options["forward"])
        elif options["to"]:
            ahead = round((moment(options["to"]) - datetime.now(UTC)).total_seconds())
        try:
            set_demo_clock(ahead, by=person, kind="command")
        except Refused as refusal:
            raise CommandError(" ".join(reason.message for reason in refusal.reasons)) from None
        self.stdout.write(f"The demo's clock is {ahead} seconds ahead of real time.")


def span(text: str) -> int:
    """Seconds of `1d12h30m`."""
    if not re.fullmatch(r"(\d+[dhm])+", text):
        raise CommandError("A span looks like 7d, 3h, 45m or 1d12h.")
    return sum(int(number) * UNITS[unit] for number, unit in re.findall(r"(\d+)([dhm])", text))


def moment(text: str) -> datetime:
    try:
        value = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError("A time looks like 2026-12-01T09:00:00+00:00.") from error
    if value.tzinfo is None:
        raise CommandError("Say the zone too, for example 2026-12-01T09:00:00+00:00.")
    return value
