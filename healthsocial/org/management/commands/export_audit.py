"""Write the audit record, or a part of it, to a ZIP that can be checked offline."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandError, CommandParser

from healthsocial.audit import export
from healthsocial.audit.log import Refused
from healthsocial.org import queries
from healthsocial.org.actions.export_audit import export_audit
from healthsocial.org.enums import ExportReason
from healthsocial.org.models import User


class Command(BaseCommand):
    help = "Write the audit record to a ZIP that verify.py (inside it) checks offline. The export is recorded, with who and why."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE.zip", help="must not exist yet")
        parser.add_argument("--by", required=True, metavar="EMAIL", help="who takes it; an administrator or auditor")
        parser.add_argument("--reason", required=True, choices=ExportReason.values, help="why; this is recorded")
        parser.add_argument("--from-seq", type=int, metavar="N", help="the first event (default: the very first)")
        parser.add_argument("--to-seq", type=int, metavar="N", help="the last event (default: the newest)")
        parser.add_argument("--since", type=date.fromisoformat, metavar="DAY", help="the first day, as 2026-11-21")
        parser.add_argument("--until", type=date.fromisoformat, metavar="DAY", help="the last day")

    def handle(self, *args: Any, **options: Any) -> None:
        zone = ZoneInfo(queries.organisation().zone)
        person = User.objects.filter(email__iexact=options["by"]).first()
        if person is None:
            raise CommandError("There is no person with this e-mail address.")
        extract = export.choose(
            first=options["from_seq"],
            last=options["to_seq"],
            since=_start(options["since"], zone),
            until=_start(options["until"], zone, plus=1),
        )
        if extract is None:
            raise CommandError("No event lies in this range.")
        file: Path = options["file"]
        try:
            with file.open("xb") as handle:
                file.chmod(0o600)
                export_audit(extract, reason=ExportReason(options["reason"]), by=person, kind="command")
                handle.writelines(export.stream(extract))
        except FileExistsError as error:
            raise CommandError(f"{file} exists already; an export never overwrites anything.") from error
        except Refused as refusal:
            file.unlink()
            raise CommandError(" ".join(reason.message for reason in refusal.reasons)) from None
        except OSError as error:
            raise CommandError(f"{file} could not be written: {error.strerror}.") from error
        self.stdout.write(f"Events {extract.first} to {extract.last} written to {file}. Check it with:")
        self.stdout.write(f"  python verify.py {file.name} --checkpoint {extract.last}:{extract.digest}")


def _start(day: date | None, zone: ZoneInfo, plus: int = 0) -> datetime | None:
    if day is None:
        return None
    return datetime.combine(day + timedelta(days=plus), time.min, tzinfo=zone).astimezone(UTC)
