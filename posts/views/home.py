"""The start page: what waits for me, what I wait for."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from healthsocial.org.models import Alert, Channel
from healthsocial.org.views.helpers import organisation_of, signed_in, viewer
from posts.lists import desks
from posts.models import Delivery, Post
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
            "alerts": _alerts(found.alerts),
            "start_here": reader.has_perm("org.channels") and not Channel.objects.exists(),
            "zone": zone,
            "may_write": holds_anywhere(reader, "posts.write"),
            "has_role": bool(reader.__dict__["roles_read"]),
        },
    )


def _alerts(alerts: list[Alert]) -> list[dict[str, object]]:
    """What is wrong, in words, and with which post; whoever sees alerts sees the titles of all posts. Two queries."""
    posts = {alert.target_id for alert in alerts if alert.target_type == "post"}
    rows = {alert.target_id for alert in alerts if alert.target_type == "delivery"}
    of_delivery = {str(pk): str(post) for pk, post in Delivery.objects.filter(pk__in=rows).values_list("pk", "post_id")}
    wanted = Post.objects.filter(pk__in=[*posts, *of_delivery.values()])
    titles = {str(pk): title for pk, title in wanted.values_list("pk", "title")}
    found: list[dict[str, object]] = []
    for alert in alerts:
        post = of_delivery.get(alert.target_id, alert.target_id)
        url = reverse("posts:detail", args=[post]) if post in titles else ""
        shown = {"label": alert.get_kind_display(), "why": code_words(alert.code), "at": alert.at}
        found.append({**shown, "title": titles.get(post, ""), "url": url})
    return found
