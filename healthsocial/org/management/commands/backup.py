"""Write a backup."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from healthsocial import backup, crypto


class Command(BaseCommand):
    help = "Write database and media to a new folder. The keys go to a file of their own, and only when asked."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR", help="must not exist yet")
        parser.add_argument(
            "--keys", type=Path, metavar="FILE", help="write the keys here; keep it apart from the backup"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        folder, keys = options["folder"].resolve(), options["keys"] and options["keys"].resolve()
        if keys is not None and (keys == folder or folder in keys.parents):
            raise CommandError("The keys must not be inside the backup: whoever has both can read everything.")
        if keys is not None and keys.exists():
            raise CommandError(f"{keys} exists already; a backup never overwrites anything.")
        try:
            manifest = backup.create(folder)
            if keys is not None:
                crypto.create_secret_file(keys, "\n".join(crypto.read_keys()))
        except (backup.BackupProblem, crypto.KeyProblem) as problem:
            raise CommandError(str(problem)) from problem
        except OSError as error:
            raise CommandError(f"The keys could not be written to {keys}: {error.strerror}.") from error
        self.stdout.write(
            f"Backup written to {folder} ({len(manifest.files)} files, up to event {manifest.audit_seq})."
        )
        if keys is None:
            self.stdout.write(
                "The keys are not in it; without them encrypted fields cannot be read (`backup DIR --keys FILE`)."
            )
        else:
            self.stdout.write(f"Keys written to {keys}. Keep them in another place than the backup.")
