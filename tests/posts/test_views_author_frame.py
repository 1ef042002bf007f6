"""What stands around every page: navigation by role, banners, and few queries."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from healthsocial import clock
from healthsocial.org.models import Heartbeat, Organisation, User
from healthsocial.org.queries import organisation
from posts.actions.crisis_stop import start_stop
from posts.context import page
from posts.enums import StopScope
from tests.conftest import Cast

pytestmark = pytest.mark.django_db


def frame(user: User | AnonymousUser, row: Organisation | None = None) -> dict[str, object]:
    request = RequestFactory().get(reverse("posts:list"))
    request.user = user
    request.organisation = row or organisation()  # type: ignore[attr-defined]
    return page(request)


def labels(user: User) -> list[str]:
    nav = frame(user)["nav"]
    assert isinstance(nav, list)
    return [str(entry["label"]) for entry in nav]


def titles(user: User, row: Organisation | None = None) -> list[str]:
    banners = frame(user, row)["banners"]
    assert isinstance(banners, list)
    return [str(banner["title"]) for banner in banners]


def test_navigation_shows_what_the_roles_open(cast: Cast) -> None:
    assert labels(cast.nobody) == ["Home"]
    assert labels(cast.alice) == ["Home", "Posts", "Calendar", "Rules", "Channels"]
    assert {"Review", "Crisis stop", "Authorizations"} <= set(labels(cast.rita))
    assert "Audit" not in labels(cast.rita)  # rita's grant is for one site; the record is everybody's
    assert {"People", "Settings", "Audit"} <= set(labels(cast.adam))
    assert "Review" not in labels(cast.adam)


def test_every_entry_opens(cast: Cast) -> None:
    for user in (cast.alice, cast.rita, cast.priya, cast.sam, cast.adam, cast.olga):
        client = Client()
        client.force_login(user)
        nav = frame(user)["nav"]
        assert isinstance(nav, list)
        for entry in nav:
            answer = client.get(str(entry["url"]))
            assert answer.status_code == 200, (user, entry)
            assert 'aria-current="page"' in answer.content.decode()


def test_silent_processes_are_named(cast: Cast, settings: Settings) -> None:
    settings.BROKER_CONFIGURED = True
    assert titles(cast.alice) == ["Not running: the worker, the dispatcher."]
    Heartbeat.objects.create(name="worker", at=datetime.now(UTC))
    assert titles(cast.alice) == ["Not running: the dispatcher."]
    Heartbeat.objects.create(name="dispatch", at=datetime.now(UTC) - timedelta(seconds=59))
    assert titles(cast.alice) == []
    Heartbeat.objects.update(at=datetime.now(UTC) - timedelta(seconds=61))
    assert len(titles(cast.alice)) == 1


def test_stops_restore_and_demo_are_announced(cast: Cast) -> None:
    for name in ("worker", "dispatch"):
        Heartbeat.objects.create(name=name, at=datetime.now(UTC))
    start_stop(by=cast.rita, scope=StopScope.CHANNEL, channel=cast.harbor, reason="Storm in town")
    row = organisation()
    row.created_as_demo, row.publishing_stopped_at = True, clock.now()
    assert titles(cast.alice, row) == [
        "Publishing is stopped until a person says go.",
        "Crisis stop: Harbor news.",
        "This is a demo database.",
    ]


def test_frame_asks_three_times_and_never_for_strangers(
    cast: Cast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    row = organisation()
    with django_assert_num_queries(3):
        frame(cast.rita, row)
    with django_assert_num_queries(0):
        assert "nav" not in frame(AnonymousUser(), row)
