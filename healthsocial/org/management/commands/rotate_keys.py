"""Put a new key in front and encrypt everything under it."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from healthsocial import crypto
from healthsocial.audit.log import Actor
from healthsocial.org import queries
from healthsocial.org.actions.rotate_keys import rotate_keys


class Command(BaseCommand):
    help = (
        "Put a new key in front of the key file and re-encrypt what is stored. The old keys stay in the file: stored digests "
        "and older backups need them. Processes may run meanwhile."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--reencrypt",
            action="store_true",
            help="the new key is in front already (several machines, or keys in the environment)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.check(databases=["default"])  # keys that do not open the data must not get company
        if settings.FIELD_KEYS and not options["reencrypt"]:
            raise CommandError(
                "The keys come from HEALTHSOCIAL_FIELD_KEYS: put a new one in front there, restart, then use --reencrypt."
            )
        queries.organisation()
        try:
            if not options["reencrypt"]:
                crypto.add_key(Path(settings.FIELD_KEY_FILE))
            values = rotate_keys(actor=Actor("command", "", "rotate_keys"))
        except crypto.KeyProblem as problem:
            raise CommandError(str(problem)) from problem
        except OSError as error:
            raise CommandError(f"The key file could not be written: {error.strerror}.") from error
        self.stdout.write(f"{values} values are encrypted under the newest of {len(crypto.read_keys())} keys.")
        self.stdout.write("Make a new backup of the keys: `manage.py backup DIR --keys FILE`.")
