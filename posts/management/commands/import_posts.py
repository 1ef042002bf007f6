"""Take posts in from a file, as drafts."""

import time
from argparse import RawDescriptionHelpFormatter
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from compliance.enums import OPEN_RUN_STATES
from compliance.models import CheckRun
from healthsocial.audit.log import Refused
from healthsocial.org import queries as org
from healthsocial.org.models import Channel, User
from posts import importing
from posts.actions.check import run_check
from posts.actions.import_row import Defaults, import_row, key_of
from posts.actions.submit import submit
from posts.enums import PostKind, State
from posts.models import Post

HELP = """Take posts in from a CSV file (with a header, UTF-8) or from JSON Lines, as drafts, one by one.

Columns: text (needed), id, title, channel (short name), author (e-mail), kind, first_comment, links (separated by
spaces), proposed_at (wall time, 2026-03-04T09:00), zone. Others are ignored and named once. --channel, --author and --kind
are for rows that do not say. A second run makes no second post: a row is known by its id, which must therefore differ in
all files that are imported, or without one by what it says.

Exit code 0: every row is in. 2: some rows are not, named by line and reason. 1: nothing could be read, nothing was written.
"""
WAIT_SECONDS = 300


class _Undo(Exception):
    """Ends a dry run's transaction."""


@dataclass
class Tally:
    """What became of the rows."""

    imported: list[UUID] = field(default_factory=list)
    known: int = 0
    bad: int = 0
    read: int = 0
    not_sent: int = 0
    seen: set[str] = field(default_factory=set)  # of a dry run, which leaves no rows behind


class Command(BaseCommand):
    help = HELP

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument(
            "--by", required=True, metavar="EMAIL", help="who imports; recorded, and may not approve these posts"
        )
        parser.add_argument(
            "--channel", default="", metavar="NAME", help="short name of the channel for rows without one"
        )
        parser.add_argument(
            "--author", default="", metavar="EMAIL", help="author of rows without one; else who imports"
        )
        parser.add_argument("--kind", default=PostKind.ORIGINAL.value, choices=PostKind.values)
        parser.add_argument("--format", default="", choices=importing.FORMATS, help="when the file's name does not say")
        parser.add_argument("--submit", action="store_true", help="send each new draft to its check")
        parser.add_argument(
            "--wait", action="store_true", help="with --submit: run the checks now and count the states"
        )
        parser.add_argument("--dry-run", action="store_true", help="try every row and write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        if options["wait"] and not options["submit"]:
            raise CommandError("--wait waits for the checks, so it needs --submit.")
        org.organisation()
        by = self._person(options["by"])
        defaults = self._defaults(options)
        reading, tally = importing.Reading(), Tally()
        try:
            file_format = importing.format_of(options["file"], options["format"])
            importing.check_file(options["file"])
            for item in importing.read_rows(options["file"], file_format, reading):
                self._take(item, tally, by, defaults, options)
        except importing.FileProblem as problem:
            raise CommandError(str(problem)) from None
        if options["wait"] and not options["dry_run"]:
            self._finish_checks(tally)
        self._report(tally, reading, options, time.monotonic() - started)

    def _person(self, email: str) -> User:
        person = User.objects.filter(email__iexact=email.strip()).first()
        if person is None:
            raise CommandError("Nobody here has the e-mail address given with --by or --author.")
        return person

    def _defaults(self, options: dict[str, Any]) -> Defaults:
        """Refuse what would make every row fail."""
        if options["author"]:
            self._person(options["author"])
        if options["channel"] and not Channel.objects.filter(slug=options["channel"]).exists():
            raise CommandError(
                "No channel has the short name given with --channel; it is the end of the channel's address."
            )
        return Defaults(channel=options["channel"], author=options["author"], kind=options["kind"])

    def _take(
        self,
        item: importing.Row | importing.BadRow,
        tally: Tally,
        by: User,
        defaults: Defaults,
        options: dict[str, Any],
    ) -> None:
        if isinstance(item, importing.BadRow):
            tally.bad += 1
            self.stderr.write(f"line {item.line}: {item.reason}")
            return
        tally.read += 1
        try:
            if options["dry_run"]:
                self._try(item, tally, by, defaults, options)
            else:
                self._import(item, tally, by, defaults, options)
        except Refused as refusal:
            tally.bad += 1
            self.stderr.write(f"line {item.line}: {_words(refusal)}")

    def _try(self, row: importing.Row, tally: Tally, by: User, defaults: Defaults, options: dict[str, Any]) -> None:
        key = key_of(row)
        if key in tally.seen:
            tally.known += 1
            return
        tally.seen.add(key)
        try:
            with transaction.atomic():
                self._import(row, tally, by, defaults, {**options, "wait": False})
                raise _Undo
        except _Undo:
            return

    def _import(self, row: importing.Row, tally: Tally, by: User, defaults: Defaults, options: dict[str, Any]) -> None:
        post = import_row(row, by=by, defaults=defaults)
        if post is None:
            tally.known += 1
            return
        tally.imported.append(post.pk)
        if not options["submit"]:
            return
        why = self._submit(post)
        if why:
            tally.not_sent += 1
            self.stderr.write(f"line {row.line}: in as a draft, not sent to its check: {why}")
        elif options["wait"]:
            self._check([post.pk])

    def _submit(self, post: Post) -> str:
        """Send it to its check for its author; returns what stopped that."""
        if not post.channels.exists():
            return "it has no channel."
        try:
            submit(post.pk, by=post.creator)
        except Refused as refusal:
            return _words(refusal)
        return ""

    def _check(self, posts: list[UUID]) -> None:
        for run in CheckRun.objects.filter(thread__in=posts, state__in=OPEN_RUN_STATES):
            run_check(run.pk)

    def _finish_checks(self, tally: Tally) -> None:
        """Failed tries come again after a pause, and a worker may hold some: wait for both, not for ever."""
        until = time.monotonic() + WAIT_SECONDS
        for chunk in _chunks(tally.imported):
            while Post.objects.filter(pk__in=chunk, state=State.CHECKING).exists() and time.monotonic() < until:
                time.sleep(0.5)
                self._check(chunk)

    def _report(self, tally: Tally, reading: importing.Reading, options: dict[str, Any], seconds: float) -> None:
        write = self.stdout.write
        if reading.unknown_columns:
            shown = ", ".join(name[:40] for name in reading.unknown_columns[:20])
            write(f"Ignored columns: {shown}")
        if reading.other_kinds:
            rows = "1 row names" if reading.other_kinds == 1 else f"{reading.other_kinds} rows name"
            kinds = ", ".join(PostKind.values)
            write(f"{rows} a kind that is not one of {kinds}: taken as {options['kind']}.")
        verb = "could be imported" if options["dry_run"] else "imported"
        write(
            f"{len(tally.imported)} {verb}, {tally.known} already there, {tally.bad} bad rows; {seconds:.1f} seconds."
        )
        if options["submit"] and not options["dry_run"]:
            states: Counter[str] = Counter()
            for chunk in _chunks(tally.imported):
                states.update(Post.objects.filter(pk__in=chunk).values_list("state", flat=True))
            write(
                "States: "
                + (", ".join(f"{state} {states[state]}" for state in State.values if states[state]) or "none")
            )
        if tally.bad and not tally.read:
            raise CommandError("No row could be read.", returncode=1)
        if tally.bad or tally.not_sent:
            raise CommandError("Some rows were not taken in as asked; they are named above.", returncode=2)


def _words(refusal: Refused) -> str:
    return " ".join(reason.message for reason in refusal.reasons)


def _chunks(posts: list[UUID]) -> list[list[UUID]]:
    return [posts[start : start + 500] for start in range(0, len(posts), 500)]
