"""What a person sees when a request cannot be read, or fails on our side. The pages stand without the database."""

import sys

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.defaults import server_error


def bad_request(_request: HttpRequest, exception: Exception) -> HttpResponse:
    """The page says whether it was too much at once. Drawn without the request: reading that is what went wrong."""
    too_much = isinstance(exception, RequestDataTooBig | TooManyFieldsSent)
    return HttpResponse(render_to_string("400.html", {"too_much": too_much}), status=413 if too_much else 400)


def handler500(request: HttpRequest) -> HttpResponse:
    """503 when the database is away, busy or out of room: nothing was saved, and trying again helps. Else 500.

    Django calls this while it handles the exception.
    """
    error = sys.exc_info()[1]
    if not isinstance(error, OperationalError):
        return server_error(request)
    full = "is full" in str(error) or "No space left" in str(error)
    response = render(None, "503.html", {"full": full}, status=503)
    response["Retry-After"] = "10"
    response["Cache-Control"] = "no-store"
    return response
