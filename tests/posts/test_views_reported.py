"""What a new user ran into: far times, cancelled places, stale words. One test for each."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from healthsocial import clock
from healthsocial.audit.log import Refused
from healthsocial.org.enums import AlertKind
from healthsocial.org.models import Alert, Channel, ChannelGroup, User
from healthsocial.org.roles import Role
from posts.actions import crisis_stop
from posts.actions.deliver import deliver
from posts.actions.edit import Content, create_post
from posts.actions.move import wrong_state
from posts.actions.schedule import schedule
from posts.actions.settle import resolve_unconfirmed
from posts.buttons import LOOKS
from posts.enums import DeliveryState, State, Transition
from posts.live import clears_words
from posts.models import Delivery, Post
from posts.slots import now_slot, resolve
from tests.conftest import Cast, give
from tests.posts import moves, people, states

pytestmark = pytest.mark.django_db

FAR = [("9999-12-31T23:59", "America/New_York"), ("0001-01-01T00:00", "Asia/Tokyo"), ("1999-12-31T09:00", "UTC")]


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def shown(client: Client, name: str, *args: Any, status: int = 200, **query: Any) -> str:
    answer = client.get(reverse(f"posts:{name}", args=args), query)
    assert answer.status_code == status
    return str(answer.content.decode())


def stop(cast: Cast) -> None:
    crisis_stop.start_stop(by=cast.rita, scope="channel", reason="A storm is coming.", channel=cast.harbor)


# --- times -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("wall", "zone"), FAR)
def test_far_times_are_refused_everywhere(cast: Cast, wall: str, zone: str) -> None:
    with pytest.raises(Refused) as refused:
        resolve(wall, zone)
    assert [reason.code for reason in refused.value.reasons] == ["time_too_far"]
    alice, rita = signed_in(cast.alice), signed_in(cast.rita)
    draft = {"text": moves.CLEAN, "title": "Flu", "kind": "original", "wall": wall, "zone": zone}
    assert alice.post(reverse("posts:autosave"), draft).status_code == 422
    approved, scheduled, waiting = moves.approved(cast), moves.scheduled(cast), moves.in_review(cast)
    slot = {"wall": wall, "zone": zone}
    assert rita.post(reverse("posts:schedule", args=[approved.pk]), slot).status_code == 422
    assert rita.post(reverse("posts:reslot", args=[scheduled.pk]), slot).status_code == 422
    day, _sep, time = wall.partition("T")
    chosen = {"day": day, "time": time, "zone": zone}
    assert rita.get(reverse("posts:slot_button", args=[waiting.pk]), chosen).status_code == 200
    answer = rita.post(
        reverse("posts:approve", args=[waiting.pk]),
        {**chosen, "version": str(waiting.current_version_id), "decision": "slot", "password": "x"},
    )
    assert answer.status_code == 422


@pytest.mark.parametrize("query", [{"until": "9999-12-31"}, {"since": "0001-01-01"}])
def test_far_days_are_errors_of_the_filter(cast: Cast, query: dict[str, str]) -> None:
    answer = signed_in(cast.alice).get(reverse("posts:list"), query)
    assert answer.status_code == 422
    assert "Choose a day between" in answer.content.decode()


def test_a_scheduler_is_told_that_the_time_has_passed(cast: Cast) -> None:
    post = moves.approved(cast)
    with pytest.raises(Refused) as refused:
        schedule(post.pk, by=cast.sam, slot=resolve("2024-07-04T09:00", "America/New_York"))
    assert [reason.code for reason in refused.value.reasons] == ["slot_passed"]
    with pytest.raises(Refused) as refused:
        schedule(post.pk, by=cast.sam, slot=resolve("2099-07-04T09:00", "America/New_York"))
    assert ", " in refused.value.reasons[0].message.split("until ")[1]
    schedule(post.pk, by=cast.sam, slot=now_slot(clock.now(), "UTC"))


# --- stops -------------------------------------------------------------------------------------------------------
def test_a_cancelled_place_is_not_shown_as_going_out(cast: Cast) -> None:
    slot = now_slot(clock.now() + timedelta(minutes=5), "America/New_York")
    moves.scheduled(cast, slot=slot)
    post = moves.scheduled(cast, slot=slot, channels=(cast.heart.pk,))
    stop(cast)
    context = signed_in(cast.sam).get(reverse("posts:calendar")).context
    looks = {entry.post.pk: entry.look for day in context["days"] for entry in day.entries}
    assert sorted(looks.values()) == ["scheduled", "unplaced"]
    assert looks[post.pk] == "scheduled"
    assert (context["scheduled"], context["unplaced"]) == (1, 1)
    assert "Needs its time confirmed" in shown(signed_in(cast.sam), "calendar")
    assert "Needs its time confirmed" in shown(signed_in(cast.rita), "stops")


def test_after_a_stop_the_time_is_confirmed_not_moved(cast: Cast) -> None:
    post = moves.scheduled(cast)
    assert "Move to this time" in shown(signed_in(cast.sam), "detail", post.pk)
    stop(cast)
    page = shown(signed_in(cast.sam), "detail", post.pk)
    assert "Move to this time" not in page
    assert page.count("Confirm its time") >= 2


def test_the_banner_says_why_and_links_for_those_who_may_look(cast: Cast) -> None:
    stop(cast)
    for name, link in (("rita", True), ("alice", False)):
        page = shown(signed_in(getattr(cast, name)), "home")
        assert "Reason: “A storm is coming.”" in page
        assert ("Show the stops" in page) is link


def test_the_whole_organisation_reads_as_a_sentence(cast: Cast) -> None:
    assert "Stop the whole organisation?" in shown(signed_in(cast.adam), "stops")


def test_stops_can_be_started_without_scripts(cast: Cast) -> None:
    page = shown(signed_in(cast.adam), "stops")
    assert "<noscript><link" in page
    assert "noscript.css" in page
    assert "JavaScript is off." in page


# --- settling and taking down ------------------------------------------------------------------------------------
def test_all_arrived_after_all_asks_to_be_settled(cast: Cast) -> None:
    practice = Channel.objects.create(
        group=cast.harbor.group, name="Practice", slug="practice", network="practice", practice_mode="no_answer"
    )
    post, rita = moves.approved(cast, channels=(cast.harbor.pk, practice.pk)), signed_in(cast.rita)
    schedule(post.pk, by=cast.rita, publish_now=True)
    for row in Delivery.objects.filter(post=post):
        deliver(row.pk)
    late = Delivery.objects.get(post=post, state=DeliveryState.UNCONFIRMED)
    assert "The network did not answer." in shown(rita, "detail", post.pk)
    resolve_unconfirmed(late.pk, by=cast.rita, arrived=True, proof="I saw it on their page.")
    page = shown(rita, "detail", post.pk)
    assert "All channels have it." in page
    assert "Settle it." in page
    assert "The network did not answer." not in page
    assert str(LOOKS[Transition.SETTLE].text) not in page
    assert "Every channel has it." in page


def test_takedown_links_and_next_step_follow_what_is_gone(cast: Cast) -> None:
    post = states.takedown_requested(cast)
    rita = signed_in(cast.rita)
    Delivery.objects.filter(post=post).update(remote_url="https://example.org/p/1")
    page = shown(rita, "detail", post.pk)
    assert "Prove that it is gone" in page
    assert "Look at it there" in page
    Delivery.objects.filter(post=post).update(state=DeliveryState.REMOVED, removed_at=clock.now())
    page = shown(rita, "detail", post.pk)
    assert "Prove that it is gone" not in page
    assert "Look at it there" not in page
    assert "Being taken down: gone from 1 of 1 channels." in page


# --- words -------------------------------------------------------------------------------------------------------
def test_an_approved_claim_is_not_offered() -> None:
    assert "approved claim" not in clears_words(["remove", "claim", "source"])


def test_wrong_state_uses_the_eight_words(cast: Cast) -> None:
    post = Post(state=State.IN_REVIEW)
    assert "“With the reviewer”" in wrong_state(post, Transition.SCHEDULE).message


def test_nobody_is_told_that_others_move_what_moves_by_itself(cast: Cast) -> None:
    post = states.publishing(cast)
    page = shown(signed_in(cast.rita), "detail", post.pk)
    assert "others move it" not in page


def test_reasons_say_what_clears_by_itself(cast: Cast) -> None:
    page = shown(signed_in(cast.alice), "detail", states.checking(cast).pk)
    assert "Clears by itself, when the check has run" in page
    assert "the checker" not in page


def test_a_person_question_left_open_says_so(cast: Cast) -> None:
    rita = signed_in(cast.rita)
    assert "No answer: recorded as Nobody" in shown(rita, "review", moves.in_review(cast).pk)
    answered = moves.in_review(cast, person_answer="nobody", person_answer_explicit=True)
    assert "No answer" not in shown(rita, "review", answered.pk)


def test_a_revoked_authorization_is_a_whole_sentence(cast: Cast) -> None:
    record = people.authorization(cast)
    post = people.story(cast, record)
    type(record).objects.filter(pk=record.pk).update(
        revoked_at=clock.now(), revoked_by=cast.priya, revoked_why="They asked."
    )
    assert f" Authorization #{record.number} was revoked." in shown(signed_in(cast.alice), "detail", post.pk)


# --- home --------------------------------------------------------------------------------------------------------
def test_alerts_name_the_post(cast: Cast) -> None:
    post = states.incomplete(cast)
    row = Delivery.objects.get(post=post, state=DeliveryState.FAILED)
    assert Alert.objects.filter(kind=AlertKind.DELIVERY_FAILED, target_id=str(row.pk)).exists()
    page = shown(signed_in(cast.adam), "home")
    assert f'<a href="{reverse("posts:detail", args=[post.pk])}">{post.title}</a>' in page


def test_an_empty_installation_says_where_to_start(db: None) -> None:
    adam = User.objects.create(email="adam@example.org", name="Adam Example")
    give(adam, Role.ADMINISTRATOR)
    page = shown(signed_in(adam), "home")
    assert "Start here" in page
    assert reverse("org:group_create") in page
    assert reverse("org:invite") in page
    group = ChannelGroup.objects.create(name="Main campus", kind="site")
    Channel.objects.create(group=group, name="Harbor news", slug="harbor-news")
    assert "Start here" not in shown(signed_in(adam), "home")


def test_titles_hold_nothing_invisible(cast: Cast) -> None:
    alice = signed_in(cast.alice)
    fields = {"text": moves.CLEAN, "kind": "original"}
    for title in ("Flu\u202eclinic", "Flu\u200bclinic", "Flu\x07clinic"):
        assert alice.post(reverse("posts:autosave"), {**fields, "title": title}).status_code == 422
        with pytest.raises(Refused):
            create_post(by=cast.alice, content=Content(text="x", title=title))
    family = "Family day \U0001f468\u200d\U0001f469\u200d\U0001f467"
    assert alice.post(reverse("posts:autosave"), {**fields, "title": family}).status_code == 200
