"""Move the clock of a demo database."""

from django.utils.translation import gettext as _

from healthsocial import clock
from healthsocial.audit.log import Actor, Reason, Refused, action
from healthsocial.org import guards
from healthsocial.org.models import User

FURTHEST_SECONDS = 10 * 366 * 24 * 3600


def set_demo_clock(seconds_ahead: int, *, by: User, kind: str = "person") -> None:
    """Let this demo's clock run `seconds_ahead` of real time (0: real time). Needs `org.settings`; demo databases only.

    Never behind real time: grants that start now must be in force, or nobody could move it again.
    """
    person = guards.acting(by, "org.settings")
    actor = Actor(kind, person.id, person.name, person.role)
    with action("demo.clock_set", actor=actor, target=("organisation", "1")) as act:
        organisation = guards.lock_people()
        guards.require(by, "org.settings")
        if not organisation.created_as_demo:
            raise Refused(Reason("not_a_demo", _("Only the clock of a demo can be moved.")))
        if not 0 <= seconds_ahead <= FURTHEST_SECONDS:
            raise Refused(Reason("clock_range", _("The demo clock can be between now and ten years ahead.")))
        before = organisation.clock_offset_seconds
        if before == seconds_ahead:
            act.nothing_changed()
            return
        organisation.clock_offset_seconds = seconds_ahead
        organisation.save(update_fields=["clock_offset_seconds"])
        act.record("demo.clock_set", data={"from": before, "to": seconds_ahead})
    clock.set_offset(seconds_ahead)
