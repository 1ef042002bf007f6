"""What goes out when: a week, day by day. A proposed time is shown as a wish, never as a schedule."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from healthsocial import clock
from healthsocial.org.forms import first_instant
from healthsocial.org.permissions import may_anywhere
from healthsocial.org.views.helpers import needs, organisation_of, viewer
from posts import queries_officer as officer
from posts.enums import State
from posts.forms_officer import CalendarFilterForm
from posts.models import Post

LOOKS = {
    State.SCHEDULED: "scheduled",
    State.PUBLISHING: "scheduled",
    State.PUBLISHED: "published",
    State.INCOMPLETE: "published",
    State.MISSED: "missed",
    State.TAKEDOWN_REQUESTED: "closed",
    State.WITHDRAWN: "closed",
}


@dataclass(frozen=True)
class Entry:
    """One post at one time. `look`: proposed, scheduled, unplaced, published, missed or closed."""

    post: Post
    at: datetime
    zone: str
    look: str


@dataclass(frozen=True)
class Day:
    day: date
    entries: list[Entry]
    today: bool


@require_safe
@needs("posts.see_titles", anywhere=True)
def calendar(request: HttpRequest) -> HttpResponse:
    person, now, zone_name = viewer(request), clock.now(), organisation_of(request).zone
    zone = ZoneInfo(zone_name)
    form = CalendarFilterForm(request.GET, channels=officer.seen_channels(person))
    wanted, channel = form.chosen()
    today = now.astimezone(zone).date()
    monday = monday_of(wanted or today)
    since, until = first_instant(monday, zone), first_instant(monday + timedelta(days=7), zone)
    posts = officer.calendar(person, since=since, until=until, channel=channel)
    entries = sorted(
        (entry(row.post, row.waiting) for row in posts[: officer.CALENDAR_LIMIT]),
        key=lambda row: (row.at, str(row.post.pk)),
    )
    days = [monday + timedelta(days=number) for number in range(7)]
    kept = [("channel", str(channel))] if channel else []
    return render(
        request,
        "posts/officer/calendar.html",
        {
            "form": form,
            "zone": zone_name,
            "now": now,
            "monday": monday,
            "sunday": days[-1],
            "days": [
                Day(day, [row for row in entries if row.at.astimezone(zone).date() == day], day == today)
                for day in days
            ],
            "cut": len(posts) > officer.CALENDAR_LIMIT,
            "limit": officer.CALENDAR_LIMIT,
            "overdue": officer.overdue(person, now),
            "scheduled": sum(row.look == "scheduled" for row in entries),
            "unplaced": sum(row.look == "unplaced" for row in entries),
            "proposed": sum(row.look == "proposed" for row in entries),
            "published": sum(row.look == "published" for row in entries),
            "previous_url": address(request, monday - timedelta(days=7), kept),
            "next_url": address(request, monday + timedelta(days=7), kept),
            "this_url": f"{request.path}?{urlencode(kept)}" if monday != monday_of(today) else "",
            "filtered": bool(kept),
            "may_move": may_anywhere(person, "posts.schedule"),
        },
    )


def entry(post: Post, waiting: bool) -> Entry:
    """The slot where there is one, else the proposed time. Scheduled with nothing waiting: its time must be confirmed."""
    look = LOOKS.get(State(post.state), "proposed")
    if post.state == State.SCHEDULED and not waiting:
        look = "unplaced"
    at = post.slot_at if look != "proposed" and post.slot_at is not None else post.proposed_at or post.slot_at
    assert at is not None
    return Entry(post, at, post.slot_zone if at == post.slot_at else post.proposed_zone, look)


def monday_of(day: date) -> date:
    """Monday of the day's week, inside the years that every zone can show."""
    day = min(max(day, date(1971, 1, 4)), date(9000, 1, 1))
    return day - timedelta(days=day.weekday())


def address(request: HttpRequest, monday: date, kept: list[tuple[str, str]]) -> str:
    return f"{request.path}?{urlencode([('week', monday.isoformat()), *kept])}"
