"""The cards beside the settings: the demo's clock, and the word that lets publishing go on after a restore."""

from datetime import UTC, datetime

import pytest
from django.test import Client

from healthsocial import clock
from healthsocial.audit.models import Event
from healthsocial.org.models import Organisation
from tests.conftest import Cast

pytestmark = pytest.mark.django_db


def test_the_clock_of_a_demo_is_set_on_the_page(client: Client, cast: Cast) -> None:
    Organisation.objects.create(id=1, created_as_demo=True)
    client.force_login(cast.adam)
    assert "Demo clock" in client.get("/settings/").content.decode()
    assert client.post("/settings/demo-clock/", {"days": "3"}).status_code == 303
    assert Organisation.objects.get().clock_offset_seconds == 3 * 24 * 3600
    assert (clock.now() - datetime.now(UTC)).days >= 2


def test_a_real_database_has_no_clock_to_set(client: Client, cast: Cast) -> None:
    client.force_login(cast.adam)
    assert "Demo clock" not in client.get("/settings/").content.decode()
    assert client.post("/settings/demo-clock/", {"days": "3"}).status_code == 409
    assert Event.objects.filter(verb="demo.clock_set.refused").count() == 1


def test_publishing_goes_on_when_a_person_says_so(client: Client, cast: Cast) -> None:
    Organisation.objects.create(id=1, publishing_stopped_at=datetime.now(UTC), publishing_stopped_why="restored")
    client.force_login(cast.alice)
    assert client.post("/settings/publishing/").status_code == 403
    client.force_login(cast.adam)
    assert "Publishing is stopped" in client.get("/settings/").content.decode()
    assert client.post("/settings/publishing/").status_code == 303
    assert Organisation.objects.get().publishing_stopped_at is None
