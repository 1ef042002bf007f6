"""What a person sees when a request fails on our side. The pages stand without the database."""

import sys

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.defaults import server_error


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
