"""Bringing the database up to date before the processes start. Imports Django late: looking comes first."""

import errno
import io
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

from healthsocial import datalock
from healthsocial.supervisor import children, preflight
from healthsocial.supervisor.problem import Problem, say

CLOCK_BEHIND = timedelta(minutes=5)
MIGRATE_LOCK = 0x48454C5448  # PostgreSQL advisory lock: two machines must not migrate at once


def database(data: Path) -> None:
    """Check, migrate and fill the configured database; raise Problem with one sentence when that is impossible."""
    demo = _settings()
    from django.core.management import CommandError
    from django.db import DatabaseError, connections

    from healthsocial.crypto import KeyProblem

    created = _files_to_be_created()
    try:
        _check_sqlite_file()
        _check_reachable()
        unfinished = _unfinished(data)
        if not unfinished.exists():
            _check()
        if _migrate(unfinished):
            _check()
        _collect_static()
        _look_at_the_clock()
        _fill(demo=demo)
    except (DatabaseError, OSError) as error:
        if _disk_full(error):
            _remove(created)
            raise Problem(preflight.full(data)) from error
        raise Problem(f"The database could not be prepared: {_first_line(error)}.") from error
    except (CommandError, KeyProblem, ValueError) as error:
        raise Problem(f"{_first_line(error)}.") from error
    finally:
        connections.close_all()


def _settings() -> bool:
    """Load the settings, which refuse what cannot work or must not be; return whether a demo is wanted."""
    import django
    from django.core.exceptions import ImproperlyConfigured

    from healthsocial import env

    try:
        django.setup()
        return env.boolean("DEMO", True)
    except (ImproperlyConfigured, OSError) as error:
        if _disk_full(error):
            raise
        raise Problem(f"{_first_line(error)}.") from error


def _first_line(error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0].rstrip(".")[:300]


def _disk_full(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno == errno.ENOSPC
    return "disk is full" in str(error)


def _sqlite_path() -> Path | None:
    from django.db import connection

    return Path(str(connection.settings_dict["NAME"])) if connection.vendor == "sqlite" else None


def _files_to_be_created() -> list[Path]:
    """A first start on a full disk must not leave a file behind that looks like a lost database."""
    path = _sqlite_path()
    if path is None or path.exists():
        return []
    return [path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")]


def _remove(paths: list[Path]) -> None:
    from django.db import connections

    connections.close_all()
    for path in paths:
        path.unlink(missing_ok=True)


def _check_sqlite_file() -> None:
    path = _sqlite_path()
    if path is not None:
        preflight.sqlite_file(path)


def _check_reachable() -> None:
    from django.db import DatabaseError, connection

    try:
        connection.ensure_connection()
    except DatabaseError as error:
        if _disk_full(error):
            raise
        raise Problem(f"The database does not answer: {_first_line(error)}.") from error


def _check() -> None:
    """The system checks, with the database: keys that open the data, triggers that are in place."""
    from django.core import checks

    serious = [message for message in checks.run_checks(databases=["default"]) if message.is_serious()]
    if serious:
        first = serious[0]
        more = f" ({len(serious) - 1} more: run `manage.py check --database default`)" if len(serious) > 1 else ""
        hint = f" {first.hint}" if first.hint else ""
        raise Problem(f"The start check {first.id} failed: {first.msg}{hint}{more}")


def _unfinished(data: Path) -> Path:
    """The mark of a migration that was cut off: until it has run to its end, triggers are missing for a known reason."""
    return datalock.run_folder(data) / "migrating"


def _migrate(unfinished: Path) -> bool:
    """Apply what is missing; True when something was. Asking first is quick."""
    from django.core.management import call_command
    from django.db import connection

    if not _migrations_missing() and not unfinished.exists():
        return False
    unfinished.touch(mode=0o600)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATE_LOCK])
    say("Bringing the database up to date ...")
    call_command("migrate", interactive=False, verbosity=0)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [MIGRATE_LOCK])
    unfinished.unlink()
    return True


def _migrations_missing() -> bool:
    """Whether anything is to be applied; raise Problem when the database knows migrations that this program does not."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    graph = executor.loader.graph
    ours = {label for label, _name in graph.nodes}
    unknown = set(executor.loader.applied_migrations) - set(graph.nodes) - set(executor.loader.replacements)
    newer = sorted(f"{label}.{name}" for label, name in unknown if label in ours)
    if newer:
        raise Problem(
            f"The database was made by a newer version ({newer[-1]}): install that one, or restore an older backup."
        )
    return bool(executor.migration_plan(graph.leaf_nodes()))


def _look_at_the_clock() -> None:
    """Say so when the record is ahead of the clock: posts would wait until the clock has caught up, and nobody knew why.

    Not a refusal: the earlier clock may have been the wrong one, and then only the person in front can tell.
    """
    from healthsocial.audit.log import database_now
    from healthsocial.audit.models import Event

    now, last = database_now(), Event.objects.order_by("-seq").values_list("at", flat=True).first()
    if last is not None and last - now > CLOCK_BEHIND:
        say(
            f"The database's clock says {now:%Y-%m-%d %H:%M} UTC, but the last recorded event is of {last:%Y-%m-%d %H:%M} UTC: "
            "look at the clock of the machine. What is planned goes out when the clock reaches its time."
        )


def _collect_static() -> None:
    from django.conf import settings
    from django.core.management import call_command

    if settings.PRODUCTION:
        call_command("collectstatic", interactive=False, verbosity=0)


def _fill(*, demo: bool) -> None:
    """Give an empty database the demo, unless DEMO=0 or production; else say how to make the first people."""
    from django.conf import settings

    from healthsocial.org.models import User

    if User.objects.exists():
        return
    if not demo or settings.PRODUCTION:
        say(
            f"Nobody can sign in yet. Make the first administrators: {sys.executable} manage.py create_first_admins EMAIL EMAIL"
        )
        return
    say("Filling the empty database with demo data (DEMO=0 leaves it empty) ...")
    _manage("load_demo")


def _manage(*arguments: str) -> None:
    """Run a command in a process of its own, so that what it loads does not stay in the supervisor's memory."""
    process = children.start((sys.executable, "manage.py", *arguments), dict(os.environ))
    try:
        code = process.wait()
    except BaseException:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()
        raise
    if code:
        raise Problem(f"`manage.py {' '.join(arguments)}` failed (exit code {code}); its last lines are above.")


def logins() -> str:
    """The demo people's sign-in lines; empty on a database that is not a demo."""
    from django.core.management import call_command
    from django.db import connections

    from healthsocial.org.models import Organisation

    try:
        if not Organisation.objects.filter(created_as_demo=True).exists():
            return ""
        text = io.StringIO()
        call_command("demo_logins", stdout=text)
        return text.getvalue().rstrip()
    finally:
        connections.close_all()
