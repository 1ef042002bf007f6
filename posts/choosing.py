"""The time an officer is about to sign for: the button names it, or says why it cannot be taken."""

from dataclasses import dataclass, field
from datetime import datetime

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from healthsocial.audit.log import Reason, Refused
from healthsocial.org.models import Channel
from healthsocial.org.templatetags.ui import zone_label
from posts import canonical, guards, slots
from posts.models import Post
from posts.slots import Slot

FIRST, SECOND, ONLY = "slot-first", "slot-second", "slot"


@dataclass(frozen=True)
class Offer:
    """One button: which reading of the wall time it takes, and the words on it."""

    decision: str
    label: str
    slot: Slot


@dataclass(frozen=True)
class Choice:
    """What a chosen wall time comes to. Two offers: clocks show the time twice, so the person says which."""

    named: str = ""  # the chosen wall time and zone, as the form sends it back
    offers: tuple[Offer, ...] = ()
    problem: str = ""  # why the time cannot be taken at all
    reasons: list[Reason] = field(default_factory=list)  # what stops the post at this time


def choose(post: Post, channels: list[Channel], wall: tuple[str, str] | None, now: datetime) -> Choice:
    """Resolve the wall time and look at what stands in the way then."""
    if wall is None:
        return Choice()
    try:
        found = _readings(*wall)
    except Refused as refusal:
        return Choice(naming(wall), problem=" ".join(reason.message for reason in refusal.reasons))
    reasons = list(_in_the_way(post, channels, found[0][1].at, now))
    doubled = len(found) == 2
    offers = tuple(Offer(decision, _button(slot, now, doubled), slot) for decision, slot in found)
    return Choice(naming(wall), offers, reasons=reasons)


def naming(wall: tuple[str, str]) -> str:
    return "|".join(wall)


def short_time(slot: Slot, now: datetime) -> str:
    """Such as "Tue 4 Mar 09:00 CET"; with the year when it is another than now."""
    local = slot.at.astimezone(slots.zone_of(slot.zone))
    pattern = "D j M H:i" if local.year == now.astimezone(local.tzinfo).year else "D j M Y H:i"
    return f"{date_format(local, pattern)} {zone_label(local)}"


def _readings(wall: str, zone: str) -> list[tuple[str, Slot]]:
    try:
        return [(ONLY, slots.resolve(wall, zone))]
    except Refused as refusal:
        if all(reason.code != "time_doubled" for reason in refusal.reasons):
            raise
    return [(FIRST, slots.resolve(wall, zone, second=False)), (SECOND, slots.resolve(wall, zone, second=True))]


def _button(slot: Slot, now: datetime, doubled: bool) -> str:
    when = short_time(slot, now)
    if doubled:
        offset = slot.at.astimezone(slots.zone_of(slot.zone)).strftime("%z")
        offset = offset.replace("-", "−")  # a minus sign: a hyphen would break the line
        when = f"{when} (UTC{offset[:3]}:{offset[3:]})"
    return _("Approve for %(when)s") % {"when": when}


def _in_the_way(post: Post, channels: list[Channel], at: datetime, now: datetime) -> list[Reason]:
    found = guards.slot_in_future(at, now)
    if post.current_version is not None:
        found += guards.persons_covered(canonical.read(post.current_version), at, moment=_("at that time"))
    return [*found, *leaving(post, channels)]


def leaving(post: Post, channels: list[Channel]) -> list[Reason]:
    """What keeps the post's channels from taking anything now or later, whatever the time."""
    return [*guards.channels_healthy(channels), *guards.stopped(post, channels)]
