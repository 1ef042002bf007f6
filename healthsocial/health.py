"""`/healthz`: one look for a load balancer or a person on call. No secrets, no names, no sign-in."""

from collections.abc import Callable
from datetime import UTC, datetime

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from healthsocial.org.models import Heartbeat

PATH = "/healthz"
REDIS_TIMEOUT_SECONDS = 1


def healthz(request: HttpRequest) -> JsonResponse:
    """200 when the database answers, else 503. `worker` and `dispatch` are seconds since they were last heard of, or null."""
    database, heard = _database()
    queue = _redis()
    late = heard.get("dispatch") is None or heard["dispatch"] > settings.SILENT_AFTER_SECONDS
    status = "down" if not database else "degraded" if late or queue["ok"] is False else "ok"
    facts = {
        "status": status,
        "database": "ok" if database else "down",
        "redis": queue,
        "worker": heard.get("worker"),
        "dispatch": heard.get("dispatch"),
        "version": settings.VERSION,
    }
    response = JsonResponse(facts, status=200 if database else 503)
    response["Cache-Control"] = "no-store"
    return response


def _database() -> tuple[bool, dict[str, float]]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False, {}
    try:
        now = datetime.now(UTC)
        beats = Heartbeat.objects.values_list("name", "at")
        return True, {name: round(max(0.0, (now - at).total_seconds()), 1) for name, at in beats}
    except DatabaseError:
        return True, {}  # before the first migration


def _redis() -> dict[str, bool | None]:
    if not settings.REDIS_URL:
        return {"configured": False, "ok": None}
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=REDIS_TIMEOUT_SECONDS,
            socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
        ) as client:
            return {"configured": True, "ok": bool(client.ping())}
    except (redis.RedisError, ValueError):
        return {"configured": True, "ok": False}


class HealthMiddleware:
    """Stands first and answers /healthz before anything that needs the database, a known host name or HTTPS."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == PATH and request.method in {"GET", "HEAD"}:
            return healthz(request)
        return self.get_response(request)
