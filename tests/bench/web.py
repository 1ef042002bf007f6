"""Pages, asked straight at the WSGI application: no socket and no test client between the clock and the view."""

import io
from collections.abc import Callable
from typing import Any

Application = Callable[[dict[str, Any], Callable[..., Any]], Any]


def get(application: Application, path: str, cookie: str = "") -> bytes:
    """The body of a page; an error when it is not a 200."""
    answers: list[str] = []
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "HTTP_COOKIE": cookie,
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
    }
    response = application(environ, lambda status, _headers, _error=None: answers.append(status))
    try:
        body = b"".join(response)
    finally:
        response.close()
    if not answers[0].startswith("200"):
        raise RuntimeError(f"{path}: {answers[0]}")
    return body


def session_of(user: Any) -> str:
    """The cookie of a signed-in person."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.save()
    return f"{settings.SESSION_COOKIE_NAME}={store.session_key}"
