"""Stops and switched channels, through the test client."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from healthsocial.org.models import User
from posts.enums import DeliveryState
from posts.models import CrisisStop, Delivery
from tests.conftest import Cast
from tests.posts import moves

pytestmark = pytest.mark.django_db


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def start(client: Client, what: str, **data: object) -> Any:
    return client.post(reverse("posts:crisis_stop_start"), {"what": what, "reason": "A storm is coming.", **data})


@pytest.mark.parametrize(
    ("name", "status"),
    [("rita", 200), ("adam", 200), ("alice", 403), ("sam", 403), ("priya", 403), ("olga", 403), ("nobody", 403)],
)
def test_who_sees_the_stops(cast: Cast, name: str, status: int) -> None:
    assert signed_in(getattr(cast, name)).get(reverse("posts:stops")).status_code == status


def test_the_dialog_says_how_many_deliveries_a_stop_cancels(cast: Cast) -> None:
    moves.scheduled(cast, channels=(cast.harbor.pk, cast.heart.pk))
    moves.scheduled(cast, emergency=True)
    targets = {row.name: row for row in signed_in(cast.adam).get(reverse("posts:stops")).context["targets"]}
    assert {name: row.unsent for name, row in targets.items()} == {
        "The whole organisation": 3,
        "Main campus": 3,
        "Harbor news": 2,
        "Heart center": 1,
        "West clinic": 0,
    }
    assert "cancels 3 unsent deliveries" in targets["Main campus"].warning
    assert "1 of them is of an emergency post." in targets["Main campus"].warning


def test_an_officer_of_a_group_stops_that_group_and_nothing_else(cast: Cast) -> None:
    post = moves.scheduled(cast)
    client = signed_in(cast.rita)
    assert start(client, "organisation").status_code == 404
    assert start(client, f"channel:{cast.other.pk}").status_code == 404
    assert start(client, f"group:{cast.harbor.group_id}").status_code == 303
    assert [stop.scope for stop in CrisisStop.objects.all()] == ["group"]
    assert set(Delivery.objects.filter(post=post).values_list("state", flat=True)) == {DeliveryState.CANCELLED}
    shown = client.get(reverse("posts:stops")).content.decode()
    assert "A storm is coming." in shown
    assert "These need their time confirmed" in shown


def test_a_stop_needs_a_reason_and_is_not_started_by_get(cast: Cast) -> None:
    client = signed_in(cast.rita)
    assert start(client, f"channel:{cast.harbor.pk}", reason="").status_code == 422
    again = start(client, f"channel:{cast.harbor.pk}", reason="no")
    assert (again.status_code, CrisisStop.objects.count()) == (409, 0)
    assert 'value="no"' in again.content.decode()
    assert client.get(reverse("posts:crisis_stop_start"))["Location"] == reverse("posts:stops")


def test_release_names_the_posts_whose_time_must_be_confirmed(cast: Cast) -> None:
    post = moves.scheduled(cast)
    client = signed_in(cast.rita)
    start(client, f"channel:{cast.harbor.pk}")
    stop = CrisisStop.objects.get()
    assert signed_in(cast.sam).post(reverse("posts:crisis_stop_release", args=[stop.pk])).status_code == 403
    released = client.post(reverse("posts:crisis_stop_release", args=[stop.pk]), follow=True)
    assert [row.pk for row in released.context["waiting"]] == [post.pk]
    assert "Nothing goes out by itself" in released.content.decode()
    assert client.post(reverse("posts:crisis_stop_release", args=[stop.pk])).status_code == 409
    assert client.post(reverse("posts:crisis_stop_release", args=[uuid4()])).status_code == 404


def test_a_stop_leaves_approving_open_and_publishing_shut(cast: Cast) -> None:
    post = moves.in_review(cast)
    client = signed_in(cast.rita)
    start(client, f"channel:{cast.harbor.pk}")
    shown = client.get(reverse("posts:review", args=[post.pk])).content.decode()
    assert 'value="later"' in shown
    assert 'value="now"' not in shown
    assert "Crisis stop on Harbor news." in shown


def test_only_administrators_switch_channels(cast: Cast) -> None:
    off, on = (reverse(f"posts:channel_{name}", args=[cast.harbor.pk]) for name in ("disable", "enable"))
    moves.scheduled(cast)
    assert signed_in(cast.rita).post(off).status_code == 403
    assert signed_in(cast.mallory).post(off).status_code == 404
    assert Client().post(off)["Location"].startswith(reverse("account_login"))
    admin = signed_in(cast.adam)
    assert admin.get(off).status_code == 405
    assert admin.post(off).status_code == 303
    cast.harbor.refresh_from_db()
    assert not cast.harbor.is_enabled
    assert set(Delivery.objects.values_list("state", flat=True)) == {DeliveryState.CANCELLED}
    assert admin.post(on).status_code == 303
