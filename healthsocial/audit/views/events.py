"""The audit pages: read only."""

from functools import wraps
from typing import ParamSpec, Protocol

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from healthsocial.audit import checkpoints, queries
from healthsocial.audit.forms import AuditFilterForm
from healthsocial.audit.verify import event_problems, verify_recent
from healthsocial.searching import quiet_query, quiet_search

P = ParamSpec("P")
LARGEST_SEQ = 2**63 - 1


class View(Protocol[P]):
    def __call__(self, request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse: ...


def for_auditors(view: View[P]) -> View[P]:
    """`audit.see` organisation-wide. Asks the person on the request: this room knows no roles."""

    @never_cache
    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.has_perm("audit.see"):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded  # type: ignore[no-any-return,return-value,unused-ignore]


@require_http_methods(["GET", "HEAD", "POST"])
@for_auditors
@quiet_search("verb", "kind", "since", "until", "refused", "actor", "target")
def event_list(request: HttpRequest) -> HttpResponse:
    zone = zone_of(request)
    form = AuditFilterForm(request.GET, zone=zone)
    page = queries.page(form.filters(), before=_position(request, "before"), after=_position(request, "after"))
    return render(
        request,
        "audit/list.html",
        {
            "form": form,
            "page": page,
            "zone": zone,
            "chain": verify_recent(),
            "may_export": request.user.has_perm("audit.export"),
            **_checkpoint(),
            "newer_url": _address(request, after=page.newer),
            "older_url": _address(request, before=page.older),
            "filtered": any(request.GET.get(name) for name in form.fields),
        },
    )


@require_safe
@for_auditors
def event_detail(request: HttpRequest, seq: int) -> HttpResponse:
    event = queries.event_at(seq) if seq <= LARGEST_SEQ else None
    if event is None:
        raise Http404
    line = queries.lines([event])[0]
    return render(
        request,
        "audit/event.html",
        {
            "line": line,
            "event": event,
            "zone": zone_of(request),
            "problems": event_problems(event),
        },
    )


def _checkpoint() -> dict[str, object]:
    """How the record stands to the last checkpoint outside the database."""
    standing, last = checkpoints.standing()
    return {"standing": standing.value, "agrees": standing.agrees, "last": last}


def zone_of(request: HttpRequest) -> str:
    return str(getattr(getattr(request, "organisation", None), "zone", "UTC"))


def _position(request: HttpRequest, name: str) -> int | None:
    """A seq from the address; nonsense counts as the first page."""
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def _address(request: HttpRequest, **position: int | None) -> str:
    ((name, value),) = position.items()
    if value is None:
        return ""
    kept = {key: text for key, text in request.GET.items() if key not in {"before", "after"}}
    return f"{request.path}?{quiet_query(kept | {name: str(value)})}"
