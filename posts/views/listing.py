"""All posts a person may see, filtered, page by page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from healthsocial.org.models import Channel
from healthsocial.org.permissions import channels_where
from healthsocial.org.views.helpers import organisation_of, signed_in, viewer
from healthsocial.searching import quiet_query, quiet_search
from posts.forms import FilterForm
from posts.lists import Cursor, Filters, page
from posts.presenting import holds_anywhere, reading


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@quiet_search("state", "channel", "kind", "mine", "since", "until")
def post_list(request: HttpRequest) -> HttpResponse:
    person, zone = viewer(request), organisation_of(request).zone
    reader = reading(person)
    seen = Channel.objects.filter(channels_where(person, "posts.see_titles")).select_related("group")
    form = FilterForm(request.GET or None, channels=list(seen), zone=zone)
    filters = form.filters() if form.is_bound and form.is_valid() else Filters()
    before, after = (Cursor.parse(request.GET.get(name, "")) for name in ("before", "after"))
    found = page(reader, filters, zone=zone, before=before, after=after)
    return render(
        request,
        "posts/list.html",
        {
            "form": form,
            "rows": found.rows,
            "zone": zone,
            "filtered": filters != Filters() or before or after,
            "newer_url": _page_url(request, after=found.newer) if found.newer else "",
            "older_url": _page_url(request, before=found.older) if found.older else "",
            "may_write": holds_anywhere(reader, "posts.write"),
        },
        status=422 if form.errors else 200,
    )


def _page_url(request: HttpRequest, **place: Cursor) -> str:
    kept = {key: value for key, value in request.GET.items() if key not in ("before", "after")}
    return f"{reverse('posts:list')}?{quiet_query(kept | {key: str(value) for key, value in place.items()})}"
