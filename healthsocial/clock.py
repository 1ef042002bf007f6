"""The one clock that actions read.

On a database that was created as a demo an administrator may move the clock, so that a slot next week can be
watched today. The offset is a row of that database; every entry point (request, task, dispatch round, command) calls
`set_offset` with the row's value before it acts. Audit events use database time and never this clock.
"""

from datetime import UTC, datetime, timedelta

_offset = timedelta(0)


def now() -> datetime:
    """Aware UTC time, shifted by the demo offset (zero on every database that is not a demo)."""
    return datetime.now(UTC) + _offset


def offset() -> timedelta:
    """How far `now` runs ahead of real time."""
    return _offset


def set_offset(seconds: int) -> None:
    """Take over the demo offset of the database this process works on."""
    global _offset
    _offset = timedelta(seconds=seconds)
