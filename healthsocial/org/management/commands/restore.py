"""Bring a backup back. Publishing stays stopped until a person says go."""

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection

from healthsocial import backup, crypto, datalock
from healthsocial.audit import triggers
from healthsocial.audit.log import Actor
from healthsocial.org.actions.keep_checkpoint import lost_checkpoint
from healthsocial.org.actions.stop_publishing import stop_publishing


class Command(BaseCommand):
    help = "Bring a backup back: check it, replace database and media, migrate. Publishing stays stopped until a person says go."
    requires_system_checks: list[str] = []  # the database may be damaged: that is what this is for

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="BACKUP")
        parser.add_argument("--keys", type=Path, metavar="FILE", help="the keys that belong to the backup")
        parser.add_argument("--replace", action="store_true", help="replace what is there now")

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"].resolve()
        try:
            manifest = backup.verify(folder)
            self.check_engine(manifest)
            held = datalock.take(settings.DATA_DIR, what="A restore")
        except (backup.BackupProblem, datalock.DataInUse) as problem:
            raise CommandError(str(problem)) from problem
        try:
            keys = self.keys_for(manifest, options["keys"])
            replaced = self.last_event()
            self.check_target(replaced, replace=options["replace"])
            aside = self.set_aside()
            try:
                if keys is not None:
                    crypto.replace_secret_file(Path(settings.FIELD_KEY_FILE), "\n".join(keys))
                self.bring_back(folder, manifest, replaced)
            except BaseException:
                self.put_back(aside)
                raise
        except (backup.BackupProblem, crypto.KeyProblem) as problem:
            raise CommandError(str(problem)) from problem
        except OSError as error:
            raise CommandError(f"The restore stopped at {error.filename}: {error.strerror}.") from error
        finally:
            os.close(held)
        self.stdout.write(
            f"Restored {folder}: made {manifest.created_at} by version {manifest.version}, "
            f"up to event {manifest.audit_seq}."
        )
        if aside is not None:
            self.stdout.write(f"What was there before is in {aside}; remove it when it is no longer needed.")
        self.stdout.write(
            "Publishing is stopped. What went out after the backup is not in it: compare the channels first, "
            "then an administrator or compliance officer says go with `manage.py resume_publishing --by EMAIL`."
        )

    def check_engine(self, manifest: backup.Manifest) -> None:
        if manifest.engine != connection.vendor:
            raise CommandError(f"The backup is of {manifest.engine}, and the settings name {connection.vendor}.")

    def keys_for(self, manifest: backup.Manifest, path: Path | None) -> list[str] | None:
        """The keys to install, None to keep those in place; refuse when they do not open the backup."""
        if path is not None and settings.FIELD_KEYS:
            raise CommandError(
                "The keys come from HEALTHSOCIAL_FIELD_KEYS: put the backup's keys there and leave --keys out."
            )
        try:
            keys = path.read_text(encoding="ascii").split() if path is not None else None
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"The key file {path} cannot be read.") from error
        if manifest.canary and not crypto.opens(keys or crypto.read_keys(), manifest.canary):
            raise CommandError(
                "These keys do not open the backup; give the key file that was kept with it: --keys FILE."
            )
        return keys

    def last_event(self) -> int | None:
        """Number of the last event of the present database; 0 when it is damaged, None when there is nothing."""
        if connection.vendor == "sqlite" and not backup.sqlite_path().exists():
            return None
        try:
            if "audit_event" not in connection.introspection.table_names():
                return None
            with connection.cursor() as cursor:
                cursor.execute("SELECT (SELECT max(seq) FROM audit_event), EXISTS (SELECT 1 FROM org_user)")
                seq, people = cursor.fetchone()
            return None if seq is None and not people else int(seq or 0)
        except DatabaseError:
            return 0

    def check_target(self, replaced: int | None, *, replace: bool) -> None:
        if replaced is not None and not replace:
            raise CommandError("There is a database already; --replace replaces it.")
        if connection.vendor == "postgresql":
            others = backup.others_connected()
            if others:
                raise CommandError(
                    f"{others} other connections use the database: stop web, worker, beat and dispatch first."
                )

    def set_aside(self) -> Path | None:
        """Keep copies of the present SQLite file and key file; move the media. Nothing of it is lost by a restore."""
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        aside = Path(settings.DATA_DIR) / f"before-restore-{stamp}"
        connection.close()
        files = [Path(settings.FIELD_KEY_FILE)] if not settings.FIELD_KEYS else []
        if connection.vendor == "sqlite":
            path = backup.sqlite_path()
            files += [path, path.with_name(path.name + "-wal")]
        media = Path(settings.MEDIA_ROOT)
        found = [path for path in files if path.exists()]
        if not found and not media.exists():
            return None
        aside.mkdir(mode=0o700)
        for path in found:
            shutil.copy2(path, aside)
        if media.exists():
            media.rename(aside / "media")
        return aside

    def put_back(self, aside: Path | None) -> None:
        """After a failed restore the database is the old one; keys and media must be so too."""
        shutil.rmtree(settings.MEDIA_ROOT, ignore_errors=True)
        if aside is None:
            return
        if (aside / "media").exists():
            (aside / "media").rename(settings.MEDIA_ROOT)
        keys = aside / Path(settings.FIELD_KEY_FILE).name
        if keys.exists():
            crypto.replace_secret_file(Path(settings.FIELD_KEY_FILE), keys.read_text(encoding="ascii").strip())

    def bring_back(self, folder: Path, manifest: backup.Manifest, replaced: int | None) -> None:
        if (folder / "media").is_dir():
            shutil.copytree(folder / "media", settings.MEDIA_ROOT)
        if connection.vendor == "sqlite":
            with backup.restored_sqlite(folder):
                self.finish(manifest, replaced)
        else:
            backup.restore_postgres(folder)
            self.finish(manifest, replaced)

    def finish(self, manifest: backup.Manifest, replaced: int | None) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        triggers.install()
        stop_publishing(
            "restored from a backup",
            actor=Actor("command", "", "restore"),
            restored_seq=manifest.audit_seq,
            replaced_seq=replaced,
            checkpoint=lost_checkpoint(),
        )
