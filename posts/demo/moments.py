"""Times of the demo, written relative to the day it is loaded on.

`w-2 tue 09:15`: that weekday of the week before last, wall time of the hospital. `-95m`, `-26h`, `+3m`: from now.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from posts.slots import Slot, now_slot, resolve

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEK = re.compile(r"w([+-]\d+) (mon|tue|wed|thu|fri|sat|sun) (\d\d):(\d\d)")
_SPAN = re.compile(r"([+-]\d+)([mh])")


@dataclass(frozen=True)
class Calendar:
    """`start` is the instant of loading; `zone` the hospital's."""

    start: datetime
    zone: str

    def slot(self, text: str) -> Slot:
        """The moment as a slot; ValueError for what is not understood."""
        if week := _WEEK.fullmatch(text):
            today = self.start.astimezone(ZoneInfo(self.zone)).date()
            monday = today - timedelta(days=today.weekday())
            day = monday + timedelta(weeks=int(week[1]), days=DAYS.index(week[2]))
            wall = datetime.combine(day, time(int(week[3]), int(week[4])))
            return resolve(wall.isoformat(timespec="minutes"), self.zone)
        if span := _SPAN.fullmatch(text):
            unit = timedelta(minutes=1) if span[2] == "m" else timedelta(hours=1)
            return now_slot(self.start + int(span[1]) * unit, self.zone)
        raise ValueError(f"not a moment of the demo: {text!r}")

    def at(self, text: str) -> datetime:
        return self.slot(text).at.astimezone(UTC)
