"""/healthz."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from healthsocial.org.models import Heartbeat, Organisation
from tests.run.machine import python


@pytest.mark.django_db
def test_it_says_what_lives_without_an_organisation_or_a_known_host(client: Client, settings: Any) -> None:
    settings.REDIS_URL = ""
    Heartbeat.objects.create(name="dispatch", at=datetime.now(UTC) - timedelta(seconds=2))
    response = client.get(reverse("healthz"), headers={"host": "10.0.0.7"})
    facts = response.json()
    assert response.status_code == 200
    assert 2 <= facts.pop("dispatch") < 60
    assert facts == {
        "status": "ok",
        "database": "ok",
        "redis": {"configured": False, "ok": None},
        "worker": None,
        "version": settings.VERSION,
    }
    assert not Organisation.objects.exists()


@pytest.mark.django_db
def test_a_silent_dispatch_or_a_lost_redis_is_degraded_and_still_200(client: Client, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    response = client.get("/healthz")
    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    assert response.json()["redis"] == {"configured": True, "ok": False}


def test_it_answers_503_when_the_database_is_down(tmp_path: Path) -> None:
    code = (
        "import django; django.setup()\nfrom django.test import Client\n"
        "r = Client().get('/healthz'); print(r.status_code, r.json()['status'], r.json()['database'])"
    )
    done = python(
        tmp_path,
        code,
        DATABASE_URL="postgres://nobody@127.0.0.1:1/none",
        DJANGO_SETTINGS_MODULE="healthsocial.settings",
    )
    assert done.stdout.split() == ["503", "down", "down"], done.stderr
