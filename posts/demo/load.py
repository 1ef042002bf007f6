"""Write four weeks of history into an empty database, in one transaction: all of it or nothing."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from django.db import transaction

from compliance.actions.register import revoke_authorization
from healthsocial import clock
from healthsocial.org.actions.deactivate_person import deactivate_person
from healthsocial.org.actions.found_demo import found_demo, history_written, turn_history
from healthsocial.org.actions.update_channel import update_channel
from healthsocial.org.enums import PracticeMode
from posts.actions.crisis_stop import release_stop, start_stop
from posts.demo import data
from posts.demo.hashing import one_hash
from posts.demo.moments import Calendar
from posts.demo.places import Places, furnish
from posts.demo.steps import Steps
from posts.demo.worker import work
from posts.enums import State, StopScope
from posts.models import Post

ADMINISTRATOR, PRIVACY = "omar", "ilse"
SLOTTED = ("approve", "schedule", "reslot")


@dataclass(frozen=True)
class Loaded:
    """What was made. `unexpected`: findings that the stories did not reckon with; `elsewhere`: posts in another state."""

    people: int
    channels: int
    groups: int
    states: dict[str, int]
    unexpected: int
    elsewhere: tuple[str, ...]


@dataclass
class History:
    """Things that happen, by time; equal times keep the order in which they were added."""

    start: datetime
    due: list[tuple[datetime, int, Callable[[], None]]] = field(default_factory=list)
    order: "count[int]" = field(default_factory=count)

    def add(self, at: datetime, what: Callable[[], None]) -> None:
        heapq.heappush(self.due, (at, next(self.order), what))

    def run(self) -> None:
        while self.due:
            at, _number, what = heapq.heappop(self.due)
            self._turn(at)
            what()

    def _turn(self, at: datetime) -> None:
        if at > clock.now():
            turn_history(min(-1, int((at - datetime.now(UTC)).total_seconds())))


def load() -> Loaded:
    """Fill an empty database. Raises Refused when it is not empty; nothing stays behind after any error."""
    start = datetime.now(UTC)
    spec = data.hospital()
    calendar = Calendar(start, spec["organisation"]["zone"])
    try:
        with transaction.atomic(), one_hash():
            behind = start - calendar.at(spec["founded"])
            found_demo(seconds_behind=int(behind.total_seconds()))
            places = furnish()
            history, steps = History(start), Steps(places, calendar)
            _plan(history, steps, places, calendar)
            history.run()
            history_written()
            return _result(places, steps)
    finally:
        clock.set_offset(0)


def _plan(history: History, steps: Steps, places: Places, calendar: Calendar) -> None:
    for row in data.hospital()["events"]:
        when, what, who, *more = row
        history.add(calendar.at(when), lambda w=what, p=who, m=more: _happen(places, w, p, m))  # type: ignore[misc]
        if what == "revoke":
            history.add(calendar.at(when), work)
    for story in data.stories():
        for when, name, *rest in story["steps"]:
            options: dict[str, Any] = rest[0] if rest else {}
            history.add(calendar.at(when), lambda s=story, n=name, o=options: steps.take(s, n, o))  # type: ignore[misc]
            if name in SLOTTED and "slot" in options and calendar.at(options["slot"]) < history.start:
                history.add(calendar.at(options["slot"]), work)
            if name == "takedown" or options.get("now"):
                history.add(calendar.at(when), work)


def _happen(places: Places, what: str, who: str, more: list[str]) -> None:
    """Things beside the posts."""
    people = places.people
    administrator = people[ADMINISTRATOR]
    if what == "stop":
        stop = start_stop(by=people[who], scope=StopScope.ORGANISATION, reason=more[0], emergency_goes_on=True)
        places.stop = stop.pk
    elif what == "release_stop":
        assert places.stop is not None
        release_stop(places.stop, by=people[who])
    elif what == "practice_mode":
        channel = places.channels[who]
        update_channel(
            channel,
            character_limit=channel.character_limit,
            max_lateness_minutes=channel.max_lateness_minutes,
            practice_mode=PracticeMode(more[0]),
            by=administrator,
        )
    elif what == "deactivate":
        deactivate_person(people[who], by=administrator)
    elif what == "revoke":
        revoke_authorization(places.authorizations[who].pk, by=people[PRIVACY], words=more[0])
    else:
        raise ValueError(f"nothing of the demo is called {what!r}")


def _result(places: Places, steps: Steps) -> Loaded:
    now = dict(Post.objects.values_list("pk", "state"))
    states = [State(now[pk]) for pk in places.posts.values()]
    return Loaded(
        people=len(places.people),
        channels=len(places.channels),
        groups=len(places.groups),
        states={state.value: states.count(state) for state in State if state in states},
        unexpected=steps.unexpected,
        elsewhere=tuple(s["key"] for s in data.stories() if now[places.posts[s["key"]]] != s["state"]),
    )
