"""Signing in: recorded, possible without Redis, and nothing of the sign-in package beyond it."""

import pytest
from django.core.cache import caches
from django.test import Client
from pytest_django import Settings

from healthsocial.audit.models import Event
from tests.conftest import PASSWORD, Cast

pytestmark = pytest.mark.django_db


def _sign_in(client: Client, password: str = PASSWORD) -> int:
    return client.post("/account/login/", {"login": "rita@example.org", "password": password}).status_code


def test_signing_in_and_failing_to_are_recorded(client: Client, cast: Cast) -> None:
    assert _sign_in(client, "not the password at all") == 200
    assert _sign_in(client) == 302
    assert list(Event.objects.values_list("verb", "actor_name")) == [
        ("person.sign_in_failed", "sign-in"),
        ("person.signed_in", "Rita Example"),
    ]
    assert "rita@" not in "".join(Event.objects.values_list("body", flat=True))


def test_a_changed_password_is_recorded(client: Client, cast: Cast) -> None:
    client.force_login(cast.rita)
    new = "another correct horse 77"
    answer = client.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert answer.status_code == 302
    assert Event.objects.filter(verb="person.password_changed", target_id=str(cast.rita.pk)).count() == 1


@pytest.mark.parametrize("path", ["email/", "password/set/", "confirm-email/", "3rdparty/"])
def test_nobody_changes_their_own_address(client: Client, cast: Cast, path: str) -> None:
    client.force_login(cast.alice)
    assert client.get(f"/account/{path}").status_code == 404


def test_signing_in_works_while_redis_is_down(client: Client, cast: Cast, settings: Settings) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": "healthsocial.cache.RedisOrMemory",
            "LOCATION": "redis://127.0.0.1:1/0",
            "OPTIONS": {"socket_connect_timeout": 1},
        }
    }
    assert _sign_in(client) == 302
    caches["default"].set("a", 1)
    assert (caches["default"].get("a"), caches["default"].incr("a"), caches["default"].add("a", 5)) == (1, 2, False)
