"""Say go after a restore."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from healthsocial.audit.log import Refused
from healthsocial.org import queries
from healthsocial.org.actions.resume_publishing import resume_publishing
from healthsocial.org.models import User


class Command(BaseCommand):
    help = (
        "Let publishing go on after a restore. Needs an administrator or compliance officer of the whole organisation."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--by", required=True, metavar="EMAIL", help="who says go; this is recorded")

    def handle(self, *args: Any, **options: Any) -> None:
        queries.organisation()
        person = User.objects.filter(email__iexact=options["by"]).first()
        if person is None:
            raise CommandError("There is no person with this e-mail address.")
        try:
            was_stopped = resume_publishing(by=person, kind="command")
        except Refused as refusal:
            raise CommandError(" ".join(reason.message for reason in refusal.reasons)) from None
        self.stdout.write("Publishing goes on." if was_stopped else "Publishing was not stopped.")
