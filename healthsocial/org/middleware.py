"""Puts the organisation's row on the request, sets this process's clock from it, and keeps private answers out of caches."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.cache import add_never_cache_headers

from healthsocial.org.queries import organisation


class OrganisationMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.organisation = organisation()  # type: ignore[attr-defined]
        answer = self.get_response(request)
        if "Cache-Control" not in answer:
            # Pages of refusals come past the views' own `never_cache`, and a browser may keep a 404 unasked.
            add_never_cache_headers(answer)
        return answer
