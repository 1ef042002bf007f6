"""Times people choose: a wall time in a named zone, turned into one instant or refused (law 13)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils.translation import gettext as _

from healthsocial.audit.log import Reason, Refused

YEARS = (2000, 2100)  # wide enough for every real slot, and far from the years that overflow in some zones


@dataclass(frozen=True)
class Slot:
    """The instant (UTC), the IANA zone, and the wall time that was chosen (`2026-03-04T09:00`)."""

    at: datetime
    zone: str
    wall: str


def zone_of(name: str) -> ZoneInfo:
    """Return the zone; refuse an unknown name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, IsADirectoryError) as error:
        raise Refused(Reason("zone_unknown", _("The time zone is not known."))) from error


def readings(wall: datetime, zone: ZoneInfo) -> list[datetime]:
    """The instants at which clocks in the zone show this wall time: none, one, or two (UTC, ascending)."""
    found: set[datetime] = set()
    for fold in (0, 1):
        instant = wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
        if instant.astimezone(zone).replace(tzinfo=None, fold=0) == wall:
            found.add(instant)
    return sorted(found)


def resolve(wall: str, zone: str, *, second: bool | None = None) -> Slot:
    """Turn a chosen wall time into a Slot.

    A time that clocks skip is refused; one they show twice is refused with both readings until `second` says which.
    """
    place = zone_of(zone)
    try:
        chosen = datetime.fromisoformat(wall)
    except ValueError as error:
        raise Refused(
            Reason("time_unreadable", _("Write the time as date and hour, such as 2026-03-04T09:00."))
        ) from error
    if chosen.tzinfo is not None:
        raise Refused(Reason("time_unreadable", _("Write the time without an offset; the zone stands beside it.")))
    chosen = chosen.replace(second=0, microsecond=0)
    if not YEARS[0] <= chosen.year <= YEARS[1]:
        raise Refused(Reason("time_too_far", _("This time is too far away. Choose one within ten years.")))
    instants = readings(chosen, place)
    if not instants:
        raise Refused(
            Reason("time_skipped", _("Clocks in %(zone)s skip this time on that day. Choose another.") % {"zone": zone})
        )
    if len(instants) == 2 and second is None:
        shown = [moment.astimezone(place).strftime("%H:%M %Z (UTC%z)") for moment in instants]
        raise Refused(
            Reason(
                "time_doubled",
                _("Clocks in %(zone)s show this time twice on that day. Say which: first %(one)s, or second %(two)s.")
                % {"zone": zone, "one": shown[0], "two": shown[1]},
            )
        )
    instant = instants[-1] if second else instants[0]
    return Slot(instant, zone, chosen.strftime("%Y-%m-%dT%H:%M"))


def shown(at: datetime, zone: ZoneInfo) -> str:
    """What clocks in the zone show at this instant, in the form in which a chosen time is kept."""
    return at.astimezone(zone).strftime("%Y-%m-%dT%H:%M")


def kept(wall: str, zone: ZoneInfo, *, near: datetime) -> datetime:
    """The instant of a wall time that was chosen under other rules of its zone.

    Of two readings the one nearer to the old instant; of none (clocks skip it) as much later as they go forward.
    """
    chosen = datetime.fromisoformat(wall)
    instants = readings(chosen, zone)
    if instants:
        return min(instants, key=lambda instant: abs(instant - near))
    return chosen.replace(tzinfo=zone, fold=0).astimezone(UTC)


def now_slot(now: datetime, zone: str) -> Slot:
    """The slot "now", in the organisation's zone."""
    return Slot(now, zone, shown(now, zone_of(zone)))
