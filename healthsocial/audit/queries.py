"""Reading the audit chain for people: filters, keyset pages, plain words."""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet
from django.urls import NoReverseMatch, reverse

from healthsocial.audit import words
from healthsocial.audit.models import Event

PAGE_SIZE = 50
NOTHING = "–"
LONG_ID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\b[0-9a-f]{64}\b")


@dataclass(frozen=True)
class Filters:
    """What to show. `actor` is an id; `who` is text that a name holds; `since` and `until` are aware instants [since, until)."""

    who: str = ""
    actor: str = ""
    verb: str = ""
    target_type: str = ""
    target_id: str = ""
    since: datetime | None = None
    until: datetime | None = None
    refused_only: bool = False


@dataclass(frozen=True)
class Line:
    """One event as a person reads it."""

    event: Event
    words: str
    refused: bool
    target_kind: str
    target_text: str
    target_url: str
    data: list[tuple[str, str]]

    @property
    def brief(self) -> str:
        """The data on one line: without empty values, ids by their first digits; the event's own page has all of it."""
        return " · ".join(f"{key}: {LONG_ID.sub(_first_digits, value)}" for key, value in self.data if value != NOTHING)


@dataclass(frozen=True)
class Page:
    """Newest first. `newer` and `older` are seq positions for the neighbouring pages, None at an end."""

    lines: list[Line]
    newer: int | None
    older: int | None


def matching(filters: Filters) -> QuerySet[Event]:
    events = Event.objects.all()
    if filters.who:
        ids = words.search("person", filters.who)
        events = events.filter(Q(actor_id__in=ids) | Q(actor_id="", actor_name__icontains=filters.who))
    exact = {
        "actor_id": filters.actor,
        "verb": filters.verb,
        "target_type": filters.target_type,
        "target_id": filters.target_id,
    }
    events = events.filter(**{name: value for name, value in exact.items() if value})
    if filters.since:
        events = events.filter(at__gte=filters.since)
    if filters.until:
        events = events.filter(at__lt=filters.until)
    if filters.refused_only:
        events = events.filter(verb__endswith=words.REFUSED)
    return events


def page(filters: Filters, *, before: int | None = None, after: int | None = None) -> Page:
    """One keyset page: events older than `before`, or newer than `after`, or the newest."""
    events = matching(filters)
    if after is not None:
        found = list(events.filter(seq__gt=after).order_by("seq")[: PAGE_SIZE + 1])
        more_newer, more_older = len(found) > PAGE_SIZE, True
        found = found[:PAGE_SIZE][::-1]
    else:
        older = events.filter(seq__lt=before) if before is not None else events
        found = list(older.order_by("-seq")[: PAGE_SIZE + 1])
        more_newer, more_older = before is not None, len(found) > PAGE_SIZE
        found = found[:PAGE_SIZE]
    if not found:
        return Page([], None, None)
    return Page(lines(found), found[0].seq if more_newer else None, found[-1].seq if more_older else None)


def lines(events: list[Event]) -> list[Line]:
    """Events in plain words; what their ids stand for is looked up once per kind, not per event."""
    labels = words.labels((event.target_type, event.target_id) for event in events)
    return [_line(event, labels.get((event.target_type, event.target_id))) for event in events]


def _line(event: Event, label: words.Label | None) -> Line:
    url = label.url if label else ""
    if not url and event.target_type == "post" and event.target_id:
        url = _post_url(event.target_id)
    return Line(
        event=event,
        words=words.verb_words(event.verb),
        refused=event.verb.endswith(words.REFUSED),
        target_kind=words.kind_words(event.target_type) if event.target_type else "",
        target_text=label.text if label else event.target_id[:8],
        target_url=url,
        data=data_items(event.body),
    )


def _post_url(post_id: str) -> str:
    try:
        return reverse("posts:detail", args=[post_id])
    except NoReverseMatch:
        return ""


def data_items(body: str) -> list[tuple[str, str]]:
    """The data of an event as (word, value) pairs; nothing when the body cannot be read (verification says so)."""
    try:
        data = json.loads(body)["data"]
        return [(str(key).replace("_", " "), _plain(value)) for key, value in data.items()]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []


def _first_digits(match: re.Match[str]) -> str:
    return match[0][:8] + "…"


def _plain(value: Any) -> str:
    if value is None:
        return NOTHING
    if isinstance(value, list):
        return ", ".join(_plain(item) for item in value) or NOTHING
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_plain(item)}" for key, item in value.items()) or NOTHING
    return str(value)


def distinct_values(column: str) -> list[str]:
    """The different verbs or target types, by hopping along the index: fast on a chain of any length."""
    if column not in {"verb", "target_type"}:
        raise ValueError(column)
    query = (
        f"WITH RECURSIVE hop(v) AS (SELECT MIN({column}) FROM audit_event UNION ALL "  # noqa: S608  (a fixed set of names)
        f"SELECT (SELECT MIN({column}) FROM audit_event WHERE {column} > hop.v) FROM hop WHERE hop.v IS NOT NULL) "
        "SELECT v FROM hop WHERE v IS NOT NULL"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        return [row[0] for row in cursor.fetchall() if row[0]]


def event_at(seq: int) -> Event | None:
    return Event.objects.filter(seq=seq).first()
