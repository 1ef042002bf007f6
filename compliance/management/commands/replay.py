"""`manage.py replay RUN`: run a stored check again."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance.models import CheckRun
from compliance.replay import replay


class Command(BaseCommand):
    help = "Run a stored check again; says whether the findings are the same, or what cannot be reproduced."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", type=UUID, help="id of the check run")

    def handle(self, *args: Any, **options: Any) -> None:
        if not CheckRun.objects.filter(pk=options["run"]).exists():
            raise CommandError("There is no check run with this id.")
        result = replay(options["run"])
        if result.differences:
            raise CommandError(f"Not reproduced. Different: {', '.join(result.differences)}.")
        self.stdout.write("Reproduced: the same findings.")
