"""The start page: what waits for me, what I wait for."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from healthsocial.org.models import Alert
from healthsocial.org.views.helpers import organisation_of, signed_in, viewer
from posts.lists import desks
from posts.presenting import holds_anywhere, reading
from posts.words import code_words


@require_safe
@signed_in
def home(request: HttpRequest) -> HttpResponse:
    reader, zone = reading(viewer(request)), organisation_of(request).zone
    found = desks(reader, zone=zone)
    return render(
        request,
        "posts/home.html",
        {
            "desks": found,
            "alerts": [_alert(alert) for alert in found.alerts],
            "zone": zone,
            "may_write": holds_anywhere(reader, "posts.write"),
            "has_role": bool(reader.__dict__["roles_read"]),
        },
    )


def _alert(alert: Alert) -> dict[str, object]:
    """What is wrong, in words; posts are named by their page only."""
    url = reverse("posts:detail", args=[alert.target_id]) if alert.target_type == "post" else ""
    return {"label": alert.get_kind_display(), "why": code_words(alert.code), "at": alert.at, "url": url}
