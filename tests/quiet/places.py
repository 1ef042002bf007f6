"""The places that are searched: every column, the log as it is written, mails, the cache, Redis, files."""

import logging
import logging.config
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from django.core import mail
from django.core.cache import cache, caches
from django.db import connection

from tests.quiet.finding import found


def columns() -> dict[str, set[str]]:
    """Where in the database each marker stands: marker -> {"table.column"}."""
    hits: dict[str, set[str]] = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            names = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                for name, value in zip(names, row, strict=True):
                    for marker in found(value if isinstance(value, bytes | str) else repr(value)):
                        hits.setdefault(marker, set()).add(f"{table}.{name}")
    return hits


class Lines(logging.Handler):
    """The log as the settings write it; `plain` is what Python's own formatter would have written."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        spec = dict(settings.LOGGING["formatters"]["line"])
        self.setFormatter(logging.config.DictConfigurator({"version": 1}).configure_formatter(spec))
        self.own = logging.Formatter("%(message)s")
        self.text = self.plain = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.text += self.format(record) + "\n"
        record.exc_text = None  # the formatters share it
        self.plain += self.own.format(record) + "\n"
        record.exc_text = None


@contextmanager
def written() -> Iterator[Lines]:
    """Everything that is logged meanwhile, at the finest level, with the levels of the settings for single loggers."""
    lines, root = Lines(), logging.getLogger()
    apart = [root, *(logging.getLogger(name) for name in ("django.server", "gunicorn.error"))]
    before = root.level
    root.setLevel(logging.DEBUG)
    for logger in apart:
        logger.addHandler(lines)
    try:
        yield lines
    finally:
        root.setLevel(before)
        for logger in apart:
            logger.removeHandler(lines)


def mails() -> bytes:
    """Every mail as it would travel, and who gets it."""
    return b"\n".join(message.message().as_bytes() + repr(message.recipients()).encode() for message in mail.outbox)


def cached() -> bytes:
    """Names and values of everything in the cache, where it lives in this process; Redis is asked in `broker`."""
    inner: Any = getattr(caches["default"], "_cache", None)
    if isinstance(inner, dict):
        return repr(inner).encode()
    return broker(settings.REDIS_URL, prefix=f"{cache.key_prefix}:")


def broker(url: str, prefix: str = "") -> bytes:
    """Names and serialised values (queues, unacknowledged messages, results, counters) of a Redis."""
    with redis.Redis.from_url(url) as client:
        parts = []
        for key in client.scan_iter(match=f"{prefix}*", count=1000):
            parts += [key, client.dump(key) or b"", _plain(client, key)]
        return b"\n".join(parts)


def _plain(client: Any, key: bytes) -> bytes:
    """DUMP may compress long values in a way of its own, so they are also read one by one."""
    kind = client.type(key)
    readers = {
        b"string": client.get,
        b"hash": client.hgetall,
        b"set": client.smembers,
        b"list": lambda name: client.lrange(name, 0, -1),
        b"zset": lambda name: client.zrange(name, 0, -1),
    }
    return repr(readers[kind](key)).encode() if kind in readers else b""


def files(folder: Path, *, but: tuple[str, ...] = ()) -> dict[str, set[str]]:
    """Markers in the names and the bytes of files: marker -> {path}; `but` are ends of names that are not opened."""
    hits: dict[str, set[str]] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        data = path.read_bytes() if path.is_file() and not name.endswith(but or ("\0",)) else b""
        for marker in found(name) | found(data):
            hits.setdefault(marker, set()).add(name)
    return hits
