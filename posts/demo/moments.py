"""Times of the demo, written relative to the day it is loaded on.

`w-2 tue 09:15`: that weekday of the week before last, wall time of the hospital; on a weekend the week that has just
ended counts as the last one. `d+1 08:00`: tomorrow. `-95m`, `-26h`, `+3m`: from now.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from posts.slots import Slot, now_slot, resolve

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEK = re.compile(r"w([+-]\d+) (mon|tue|wed|thu|fri|sat|sun) (\d\d):(\d\d)")
_DAY = re.compile(r"d([+-]\d+) (\d\d):(\d\d)")
_SPAN = re.compile(r"([+-]\d+)([mh])")


@dataclass(frozen=True)
class Calendar:
    """`start` is the instant of loading; `zone` the hospital's."""

    start: datetime
    zone: str

    def slot(self, text: str) -> Slot:
        """The moment as a slot; ValueError for what is not understood."""
        today = self.start.astimezone(ZoneInfo(self.zone)).date()
        if week := _WEEK.fullmatch(text):
            weeks = int(week[1]) + (1 if int(week[1]) < 0 and today.weekday() >= 5 else 0)
            monday = today - timedelta(days=today.weekday())
            return self._wall(monday + timedelta(weeks=weeks, days=DAYS.index(week[2])), week[3], week[4])
        if day := _DAY.fullmatch(text):
            return self._wall(today + timedelta(days=int(day[1])), day[2], day[3])
        if span := _SPAN.fullmatch(text):
            unit = timedelta(minutes=1) if span[2] == "m" else timedelta(hours=1)
            return now_slot(self.start + int(span[1]) * unit, self.zone)
        raise ValueError(f"not a moment of the demo: {text!r}")

    def _wall(self, day: date, hour: str, minute: str) -> Slot:
        wall = datetime.combine(day, time(int(hour), int(minute)))
        return resolve(wall.isoformat(timespec="minutes"), self.zone)

    def at(self, text: str) -> datetime:
        return self.slot(text).at.astimezone(UTC)
