"""Create the first administrators and print a one-time link for each."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from healthsocial.audit.log import Refused
from healthsocial.org import links, queries
from healthsocial.org.actions.create_first_admins import create_first_admins


class Command(BaseCommand):
    help = (
        "Create the first administrators (at least two: nobody can give a role to themselves) and print one-time links. "
        "Refuses when an administrator exists."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("emails", nargs="+", metavar="EMAIL")
        parser.add_argument(
            "--name",
            action="append",
            default=[],
            metavar="NAME",
            help="a person's name; once for each e-mail address, in the same order",
        )
        parser.add_argument("--again", action="store_true", help="make new links when nobody has used theirs yet")

    def handle(self, *args: Any, **options: Any) -> None:
        emails, names = options["emails"], options["name"]
        if names and len(names) != len(emails):
            raise CommandError(
                f"{len(emails)} addresses but {len(names)} names: give --name once for each, or not at all."
            )
        names = names or [name_from(email) for email in emails]
        queries.organisation()
        try:
            made = create_first_admins(list(zip(emails, names, strict=True)), again=options["again"])
        except Refused as refusal:
            raise CommandError(" ".join(reason.message for reason in refusal.reasons)) from None
        days = links.VALID_FOR.days
        self.stdout.write(
            f"Give each person their own link. It works once, for {days} days, and sets their password:\n"
        )
        for person, token in made:
            self.stdout.write(f"  {person.email}\n    {links.address(token)}\n")


def name_from(email: str) -> str:
    """ "anna.berg@…" reads "Anna Berg" until an administrator corrects it."""
    words = email.split("@")[0].replace(".", " ").replace("_", " ").replace("-", " ").split()
    return " ".join(word.capitalize() for word in words) or email
