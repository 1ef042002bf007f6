"""How a line of the log is written: what kind of error, and where; never what it says, because that may quote a post.

A row (`DETAIL: Failing row contains …`), a number that could not be read, a key that is missing: the message of an error
holds the value. So frames stay and messages go, in the traceback, in every cause, and where somebody put them into the
line. Errors of ours keep their words, because those are codes; so do errors of settings and imports. With
HEALTHSOCIAL_DEBUG on, which production refuses, everything is said.
"""

import logging
import os
import re
import sys
import threading
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.utils import Error as DatabaseError

OURS = ("healthsocial", "compliance", "posts")
SPEAKING = (ImproperlyConfigured, ImportError)
QUERY = re.compile(r"\?[^\s?=&]+=\S*")
REQUEST_LINE = re.compile(r"^(Invalid request from ip=\S*):.*", re.DOTALL)  # gunicorn quotes what it could not read


class LineFormatter(logging.Formatter):
    """A formatter that leaves out what errors say, query strings, and addresses with anything but ids in them."""

    def formatException(self, ei: Any) -> str:
        if _everything():
            return super().formatException(ei)
        return "\n".join(_bare(error, error.__traceback__) for error in reversed(list(_line_of_causes(ei[1]))))

    def format(self, record: logging.LogRecord) -> str:
        if _everything():
            return super().format(record)
        errors = list(_related(record.exc_info[1])) if record.exc_info else []
        values = list(record.args.values()) if isinstance(record.args, dict) else list(record.args or ())
        for value in values:
            if isinstance(value, BaseException):
                errors += _related(value)
        clean = logging.makeLogRecord(record.__dict__)
        # Others (Celery) have put the words into the message already.
        message = _without_words(_message(record), errors)
        clean.msg, clean.args, clean.exc_text = QUERY.sub("?…", REQUEST_LINE.sub(r"\1", message)), None, None
        return super().format(clean)


def quiet_hooks() -> None:
    """What nobody caught goes to standard error by the same rule: commands, threads, finalisers."""
    write = LineFormatter()

    def uncaught(kind: type[BaseException], error: BaseException, where: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, where)
            return
        print(write.formatException((kind, error, where)), file=sys.stderr)  # noqa: T201

    def in_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
            uncaught(args.exc_type, args.exc_value, args.exc_traceback)

    def unraisable(args: Any) -> None:
        if args.exc_value is not None:
            uncaught(args.exc_type, args.exc_value, args.exc_traceback)

    # Hooks that somebody else has set (a test runner) stay.
    if sys.excepthook is sys.__excepthook__:
        sys.excepthook = uncaught
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = in_thread
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = unraisable


def _everything() -> bool:
    return settings.configured and bool(settings.DEBUG)


def _message(record: logging.LogRecord) -> str:
    """The message; in Django's lines about requests the path is one that cannot hold more than ids."""
    request = getattr(record, "request", None)
    path = getattr(request, "path", None)
    if isinstance(record.args, tuple) and isinstance(path, str):
        escaped = path.encode("unicode_escape").decode("ascii")
        shown = tuple(_address(request) if arg in (path, escaped) else arg for arg in record.args)
        return str(record.msg) % shown if shown else str(record.msg)
    return record.getMessage()


def _address(request: Any) -> str:
    match = getattr(request, "resolver_match", None)
    if match is None:
        return "(no such page)"
    ids = all(isinstance(value, UUID | int) for value in (*match.args, *match.kwargs.values()))
    return str(request.path) if ids else f"/{match.route}"


def _line_of_causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, its cause, the cause's cause ..., each once."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _related(error: BaseException | None) -> list[BaseException]:
    """Everything that hangs on an error: causes, contexts, members of a group."""
    found: list[BaseException] = []
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if one is None or any(one is known for known in found):
            continue
        found.append(one)
        waiting += [one.__cause__, one.__context__, *getattr(one, "exceptions", ())]
    return found


def _kind(error: BaseException) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}"


def _speaks(error: BaseException) -> bool:
    own = type(error).__module__.split(".")[0] in OURS
    return (own or isinstance(error, SPEAKING)) and not isinstance(error, DatabaseError)


def _said(error: BaseException) -> str:
    """What may be repeated of an error: the words of those that quote nothing, the system's own words for its number."""
    if _speaks(error):
        return f": {error}"
    return f": {os.strerror(error.errno)}" if isinstance(error, OSError) and isinstance(error.errno, int) else ""


def _bare(error: BaseException, where: TracebackType | None) -> str:
    return "Traceback (most recent call last):\n" + "".join(traceback.format_tb(where)) + _kind(error) + _said(error)


def _without_words(message: str, errors: list[BaseException]) -> str:
    for error in errors:
        if _speaks(error):
            continue
        for words in sorted({str(error), repr(error), repr(str(error))[1:-1]}, key=len, reverse=True):
            if words.strip():
                message = message.replace(words, type(error).__name__)
    return message
