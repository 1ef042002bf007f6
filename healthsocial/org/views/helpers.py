"""What every view needs: who asks, may they, run one action, say what came of it.

A view parses the request, calls one action or query, and renders. It never catches Refused itself:

    @require_POST
    @needs("org.people")
    def deactivate(request: HttpRequest, person_id: UUID) -> HttpResponse:
        person = access_person(viewer(request), person_id)
        return run(request, lambda: deactivate_person(person, by=viewer(request)),
                   to=reverse("org:person", args=[person_id]), done=_("…"))
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache

from healthsocial.audit.log import Reason, Refused
from healthsocial.org.guards import BY_ITSELF
from healthsocial.org.models import Organisation, User
from healthsocial.org.permissions import may_anywhere
from healthsocial.org.queries import organisation

P = ParamSpec("P")
T = TypeVar("T")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


class _Page(Protocol):
    def __call__(self, refusal: Refused, /) -> HttpResponse: ...


class SeeOther(HttpResponseRedirect):
    """303: the answer to a POST is a page to GET; a reload never sends the form again."""

    status_code = 303


@dataclass(frozen=True)
class Outcome(Generic[T]):
    """What an action came to: its value, or the refusal. `value` may only be read when `refusal` is None."""

    result: T | None
    refusal: Refused | None = None

    @property
    def ok(self) -> bool:
        return self.refusal is None

    @property
    def value(self) -> T:
        if self.refusal is not None:
            raise self.refusal
        return self.result  # type: ignore[return-value]

    @property
    def reasons(self) -> tuple[Reason, ...]:
        return self.refusal.reasons if self.refusal else ()

    @property
    def status(self) -> int:
        return self.refusal.status if self.refusal else 200


def viewer(request: HttpRequest) -> User:
    """The signed-in person. Behind `signed_in` or `needs` there always is one."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def organisation_of(request: HttpRequest) -> Organisation:
    """The row that the middleware read for this request."""
    row = getattr(request, "organisation", None)
    return row if isinstance(row, Organisation) else organisation()


def new_id(request: HttpRequest) -> UUID | None:
    """The id that a form for something new carries, so that sending it twice makes one."""
    try:
        return UUID(request.POST.get("new", ""))
    except ValueError:
        return None


def signed_in(view: View[P]) -> View[P]:
    """Anonymous people go to the sign-in page and come back; pages are never kept by shared caches."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.user.is_authenticated:
            return view(request, *args, **kwargs)
        # A form cannot be sent again after signing in: go back to the page it stood on.
        back = request.get_full_path() if request.method in {"GET", "HEAD"} else _page_before(request)
        answer = redirect_to_login(back)
        if request.headers.get("HX-Request"):
            return HttpResponse(status=204, headers={"HX-Redirect": answer["Location"]})
        return answer

    return never_cache(guarded)


def needs(permission: str, *, anywhere: bool = False) -> Callable[[View[P]], View[P]]:
    """Signed in, and holding `permission` organisation-wide (or on at least one channel); otherwise the 403 page.

    For pages, not for objects: what a person may not see is fetched by a query that answers 404.
    """

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            person = viewer(request)
            if not (may_anywhere(person, permission) if anywhere else person.has_perm(permission)):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return signed_in(guarded)

    return decorate


def attempt(call: Callable[[], T]) -> Outcome[T]:
    """Call an action; a refusal becomes a value, anything else stays an error."""
    try:
        return Outcome(call())
    except Refused as refusal:
        return Outcome(None, refusal)


def run(
    request: HttpRequest,
    call: Callable[[], T],
    *,
    to: str | Callable[[T], str],
    done: str | Callable[[T], str] = "",
    again: _Page | None = None,
) -> HttpResponse:
    """Run one action and answer the POST.

    Done: message `done`, 303 to `to` (both may be made from the action's result). Refused: `again(refusal)` draws the page
    with its form once more, otherwise the page that lists the reasons; the status is the refusal's (409, 403, 422).
    """
    outcome = attempt(call)
    if outcome.refusal is not None:
        answer = again(outcome.refusal) if again else refused_page(request, outcome.refusal)
        answer.status_code = outcome.refusal.status
        return answer
    text = done(outcome.value) if callable(done) else done
    if text:
        messages.success(request, text)
    return SeeOther(to(outcome.value) if callable(to) else resolve_url(to))


def refused_page(request: HttpRequest, refusal: Refused) -> HttpResponse:
    """The reasons, who can lift them, and the way back."""
    return render(
        request,
        "org/refused.html",
        {"reasons": reasons_for_page(refusal.reasons), "back": _page_before(request)},
        status=refusal.status,
    )


def reasons_for_page(reasons: tuple[Reason, ...] | list[Reason]) -> list[dict[str, Any]]:
    """Reasons in the shape that components/reasons.html reads; `link` is a path inside this site."""
    return [
        {"message": r.message, "lifted_by": r.lifted_by, "url": r.link, "by_itself": r.lifted_by == BY_ITSELF}
        for r in reasons
    ]


def _page_before(request: HttpRequest) -> str:
    """The path of the page that held the form (same site only), or the start page."""
    referer = request.headers.get("Referer", "")
    if referer and url_has_allowed_host_and_scheme(referer, {request.get_host()}, require_https=request.is_secure()):
        parts = urlsplit(referer)
        return parts.path + (f"?{parts.query}" if parts.query else "")
    return "/"
