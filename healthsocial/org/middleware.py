"""Puts the organisation's row on the request and sets this process's clock from it."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from healthsocial.org.queries import organisation


class OrganisationMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.organisation = organisation()  # type: ignore[attr-defined]
        return self.get_response(request)
