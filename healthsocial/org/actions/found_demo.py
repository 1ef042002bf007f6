"""Make an empty database a demo, and write its history behind real time.

Whether a database is a demo is decided when the organisation's row is made. Its history needs a clock in the past, so
the row starts with one; `history_written` brings it to real time, and from then on it can only be moved ahead.
"""

from django.db import connection
from django.utils.translation import gettext as _

from healthsocial import clock
from healthsocial.audit.log import Actor, Reason, Refused, action
from healthsocial.org import guards
from healthsocial.org.models import ChannelGroup, Organisation, User

COMMAND = Actor("command", "", "load_demo", "command")


def found_demo(*, seconds_behind: int) -> Organisation:
    """Replace the untouched row of an empty database. Refused on one that has people or channels."""
    with action("demo.founded", actor=COMMAND, target=("organisation", "1")) as act:
        guards.lock_people()
        if User.objects.exists() or ChannelGroup.objects.exists():
            raise Refused(
                Reason("not_empty", _("There are people or channels here already; a demo needs an empty database."))
            )
        Organisation.objects.filter(id=1).delete()
        row = Organisation.objects.create(id=1, created_as_demo=True, clock_offset_seconds=-seconds_behind)
        act.record("demo.founded", data={"clock_offset": -seconds_behind})
    clock.set_offset(row.clock_offset_seconds)
    return row


def turn_history(offset: int) -> None:
    """Move the clock on towards real time while the history is written (seconds, below 0, forwards only).

    Without an event of its own: all turns lie inside the one transaction that begins with `demo.founded` and ends with
    `demo.history_written`, so that nobody ever meets a clock behind real time.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("a demo's history is written in one transaction")
    turned = Organisation.objects.filter(
        id=1, created_as_demo=True, clock_offset_seconds__lt=offset, clock_offset_seconds__lte=0
    ).update(clock_offset_seconds=offset)
    if turned != 1 or offset >= 0:
        raise RuntimeError("a demo's history runs forwards and ends at real time")
    clock.set_offset(offset)


def history_written() -> None:
    """Back to real time: the demo begins."""
    with action("demo.history_written", actor=COMMAND, target=("organisation", "1")) as act:
        organisation = guards.lock_people()
        before = organisation.clock_offset_seconds
        if before >= 0 or not organisation.created_as_demo:
            raise Refused(Reason("history_written", _("The demo's history is written already.")))
        organisation.clock_offset_seconds = 0
        organisation.save(update_fields=["clock_offset_seconds"])
        act.record("demo.history_written", data={"from": before})
    clock.set_offset(0)
