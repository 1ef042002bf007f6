"""How a line of the log is written: of an error of the database only its kind, because its message quotes the row."""

import logging
import sqlite3
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from django.db.utils import Error as DatabaseError

DRIVERS = ("psycopg", "psycopg_pool", "sqlite3")


class LineFormatter(logging.Formatter):
    """A formatter that leaves out what a database error says, in the traceback, in its causes and in the message."""

    def formatException(self, ei: Any) -> str:
        """Frames stay; every message of a chain that holds a database error becomes the name of its class."""
        chain = list(_chain(ei[1]))
        if not any(_quotes_rows(error) for error in chain):
            return super().formatException(ei)
        return "\n".join(_bare(error, error.__traceback__) for error in reversed(chain))

    def format(self, record: logging.LogRecord) -> str:
        errors = list(_chain(record.exc_info[1])) if record.exc_info else []
        values = list(record.args.values()) if isinstance(record.args, dict) else list(record.args or ())
        for value in values:
            if isinstance(value, BaseException):
                errors += _chain(value)
        quoting = [error for error in errors if _quotes_rows(error)]
        if not quoting:
            return super().format(record)
        clean = logging.makeLogRecord(record.__dict__)
        # Others (Celery) have put the words into the message already.
        clean.msg, clean.args, clean.exc_text = _without_words(record.getMessage(), quoting), None, None
        return super().format(clean)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error, its cause, the cause's cause ..., each once."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _quotes_rows(error: BaseException) -> bool:
    return isinstance(error, DatabaseError | sqlite3.Error) or type(error).__module__.split(".")[0] in DRIVERS


def _bare(error: BaseException, where: TracebackType | None) -> str:
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    return "Traceback (most recent call last):\n" + "".join(traceback.format_tb(where)) + kind


def _without_words(message: str, errors: list[BaseException]) -> str:
    for error in errors:
        for words in {str(error), repr(error), repr(str(error))[1:-1]}:
            if words.strip():
                message = message.replace(words, type(error).__name__)
    return message
