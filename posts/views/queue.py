"""What waits for an officer's decision."""

from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from healthsocial import clock
from healthsocial.org.views.helpers import needs, organisation_of, viewer
from posts import queries_officer as officer
from posts.forms_officer import QueueFilterForm
from posts.queries_officer import Position, QueueFilters
from posts.queue_lines import lines


@require_safe
@needs("posts.review", anywhere=True)
def queue(request: HttpRequest) -> HttpResponse:
    person, now = viewer(request), clock.now()
    channels = officer.review_channels(person)
    form = QueueFilterForm(request.GET, channels=channels)
    form.is_valid()
    data = form.cleaned_data
    filters = QueueFilters(
        UUID(data["channel"]) if data.get("channel") else None, data.get("risk", ""), data.get("due", "")
    )
    after = position(request.GET.get("after", ""))
    rows, following, total = officer.queue(person, filters, now=now, after=after, channels=channels)
    kept = [(name, request.GET[name]) for name in ("channel", "risk", "due") if request.GET.get(name)]
    return render(
        request,
        "posts/officer/queue.html",
        {
            "form": form,
            "rows": rows,
            "total": min(total, officer.COUNTED),
            "many": total > officer.COUNTED,
            "lines": lines(rows, now, organisation_of(request).zone),
            "filtered": bool(kept),
            "after": after,
            "first_url": f"{request.path}?{urlencode(kept)}" if after else "",
            "next_url": f"{request.path}?{urlencode([*kept, ('after', place(following))])}" if following else "",
        },
    )


@require_safe
@needs("authorizations.see", anywhere=True)
def relying(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A part of the authorization's page: the posts that rely on it. Compliance does not know posts, so the page asks here."""
    posts, seen, everything = officer.relying_on(viewer(request), pk)
    return render(
        request, "posts/officer/_relying.html", {"posts": posts, "seen": seen, "hidden_number": everything - seen}
    )


def place(row: Position) -> str:
    """A position as it stands in an address: ids and numbers only."""
    return f"{row.risk}~{row.due_at.isoformat() if row.due_at else ''}~{row.pk}"


def position(text: str) -> Position | None:
    """The position of an address; nonsense counts as the first page."""
    risk, _sep, rest = text.partition("~")
    due, _sep, pk = rest.partition("~")
    try:
        due_at = datetime.fromisoformat(due) if due else None
        found = Position(int(risk), due_at, UUID(pk))
    except ValueError:
        return None
    if (due_at is not None and due_at.tzinfo is None) or not 0 <= found.risk < 2**31:
        return None
    return found
