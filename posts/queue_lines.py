"""The words of the review queue's lines, made once per page: a template that asks for each of them takes three times as long."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timesince import timesince, timeuntil
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from healthsocial.org.templatetags.ui import in_zone
from posts.queries_officer import QueueRow


@dataclass(frozen=True)
class Line:
    """One post that waits, as the page prints it. Empty words: nothing is shown."""

    url: str
    title: str
    emergency: bool
    correction: bool
    channels: SafeString
    by: SafeString
    own_reason: str
    blocks: str
    warnings: str
    late: str  # "Due 3 hours ago"
    ahead: str  # "Approve within 3 hours"
    instant: str  # for machines
    when: str


def lines(rows: Sequence[QueueRow], now: datetime, zone: str) -> list[Line]:
    return [_line(row, now, zone) for row in rows]


def _line(row: QueueRow, now: datetime, zone: str) -> Line:
    post, at = row.post, row.post.due_at
    blocks, warnings = row.found.get("block", 0), row.found.get("warn", 0)
    late = at is not None and at < now
    return Line(
        url=reverse("posts:review", args=(post.pk,)),
        title=post.title,
        emergency=post.emergency,
        correction=post.corrects_id is not None,
        channels=format_html_join(", ", "<bdi>{}</bdi>", ((channel.name,) for channel in row.channels)),
        by=format_html(_("by <bdi>%(name)s</bdi>") % {"name": "{}"}, post.creator.name),
        own_reason=row.own_reason,
        blocks=ngettext("%(number)s blocks", "%(number)s block", blocks) % {"number": blocks} if blocks else "",
        warnings=ngettext("%(number)s warning", "%(number)s warnings", warnings) % {"number": warnings}
        if warnings
        else "",
        late=_("Due %(when)s ago") % {"when": timesince(at, now, depth=1)} if at is not None and late else "",
        ahead=_("Approve within %(when)s") % {"when": timeuntil(at, now, depth=1)}
        if at is not None and not late
        else "",
        instant=timezone.localtime(at).isoformat() if at is not None else "",
        when=in_zone(at, zone),
    )
