"""The officer's pages through the test client: who may, stale forms, wrong passwords, hostile words, query counts."""

import re
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from compliance.models import Answer, Finding
from healthsocial import clock
from healthsocial.org.models import Channel, Organisation, User
from healthsocial.org.roles import Role
from posts.actions.edit import Content, create_post, save_post
from posts.actions.submit import submit
from posts.enums import State
from posts.models import Post
from posts.slots import now_slot, resolve
from tests.conftest import PASSWORD, Cast, give
from tests.posts import moves

pytestmark = pytest.mark.django_db

XSS = "<script>alert(1)</script><img src=x onerror=alert(2)>"
WARNS = "Our flu clinic opens on Saturday. Our cream is clinically proven. Results guaranteed in three weeks."


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(client: Client, name: str, *args: object, **query: str) -> Any:
    return client.get(reverse(f"posts:{name}", args=args), query)


def approval(post: Post, **changes: object) -> dict[str, object]:
    return {"version": post.current_version_id, "password": PASSWORD, "decision": "later", **changes}


def waiting_findings(post: Post) -> list[Finding]:
    return [f for f in Finding.objects.filter(run__version=post.current_version_id) if f.needs_answer]


# --- who may -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("rita", 200),
        ("rob", 200),
        ("alice", 403),
        ("sam", 403),
        ("priya", 403),
        ("adam", 403),
        ("olga", 403),
        ("mallory", 403),
        ("nobody", 403),
    ],
)
def test_the_queue_and_the_review_page_are_for_officers(cast: Cast, name: str, status: int) -> None:
    post = moves.in_review(cast)
    client = signed_in(getattr(cast, name))
    assert page(client, "queue").status_code == status
    assert page(client, "review", post.pk).status_code == status


def test_strangers_are_sent_to_the_sign_in_page(cast: Cast) -> None:
    for name, args in (("queue", ()), ("review", (uuid4(),)), ("calendar", ()), ("stops", ())):
        answer = page(Client(), name, *args)
        assert (answer.status_code, answer["Location"].split("?")[0]) == (302, reverse("account_login"))


def test_an_officer_of_another_place_sees_nothing_of_the_post(cast: Cast) -> None:
    post = moves.in_review(cast)
    wanda = User.objects.create(email="wanda@example.org", name="Wanda Example", password="!")
    give(wanda, Role.COMPLIANCE_OFFICER, group=cast.other.group)
    client = signed_in(wanda)
    assert page(client, "review", post.pk).status_code == 404
    assert post.title not in page(client, "queue").content.decode()
    for name in ("approve", "request_changes", "reject", "officer_answer"):
        assert client.post(reverse(f"posts:{name}", args=[post.pk])).status_code == 404


def test_an_officer_of_one_of_two_channels_reads_but_cannot_decide(cast: Cast) -> None:
    post = moves.in_review(cast, channels=(cast.harbor.pk, cast.heart.pk))
    wanda = User.objects.create(email="wanda@example.org", name="Wanda Example", password="!")
    give(wanda, Role.COMPLIANCE_OFFICER, channel=cast.harbor)
    client = signed_in(wanda)
    shown = page(client, "review", post.pk).content.decode()
    assert "You do not hold the role for this on every channel of the post." in shown
    assert reverse("posts:approve", args=[post.pk]) not in shown
    assert page(client, "queue").context["rows"] == []


def test_decisions_are_not_made_by_get(cast: Cast) -> None:
    post = moves.in_review(cast)
    client = signed_in(cast.rita)
    for name in ("approve", "request_changes", "reject", "officer_answer"):
        assert page(client, name, post.pk).status_code == 405


# --- the queue ---------------------------------------------------------------------------------------------------
def test_the_queue_shows_the_highest_risk_first_and_then_what_is_due(cast: Cast) -> None:
    soon, later = (now_slot(clock.now() + timedelta(days=days), "UTC") for days in (1, 3))
    undated, second, first = (
        moves.in_review(cast),
        moves.in_review(cast, proposed=later),
        moves.in_review(cast, proposed=soon),
    )
    risky = moves.in_review(cast, WARNS)
    rows = page(signed_in(cast.rita), "queue").context["rows"]
    assert [row.post.pk for row in rows] == [risky.pk, first.pk, second.pk, undated.pk]
    assert rows[0].found["warn"] == len(waiting_findings(risky)) > 0


def test_the_queue_pages_show_every_post_once(cast: Cast) -> None:
    posts = [moves.in_review(cast) for _number in range(27)]
    Post.objects.filter(pk__in=[post.pk for post in posts[:9]]).update(risk=10)
    Post.objects.filter(pk__in=[post.pk for post in posts[5:15]]).update(due_at=clock.now())
    client = signed_in(cast.rita)
    first = page(client, "queue")
    second = client.get(first.context["next_url"])
    seen = [row.post.pk for answer in (first, second) for row in answer.context["rows"]]
    assert len(first.context["rows"]) == 25
    assert sorted(seen, key=str) == sorted((post.pk for post in posts), key=str)
    assert second.context["next_url"] == ""


def test_filters_of_the_queue(cast: Cast) -> None:
    risky, overdue = moves.in_review(cast, WARNS), moves.in_review(cast, channels=(cast.heart.pk,))
    Post.objects.filter(pk=overdue.pk).update(due_at=clock.now() - timedelta(hours=1))
    client = signed_in(cast.rita)

    def found(**query: str) -> list[object]:
        return [row.post.pk for row in page(client, "queue", **query).context["rows"]]

    assert found(risk="medium") == [risky.pk]
    assert found(risk="low") == [overdue.pk]
    assert found(due="overdue") == [overdue.pk]
    assert found(due="none") == [risky.pk]
    assert found(channel=str(cast.heart.pk)) == [overdue.pk]
    assert found(channel="nonsense", risk="nonsense", after="1~x~y") == [risky.pk, overdue.pk]
    assert "Nothing matches" in page(client, "queue", risk="high").content.decode()


def test_own_work_is_marked_with_its_reason(cast: Cast) -> None:
    give(cast.rita, Role.AUTHOR, group=cast.harbor.group)
    own = moves.draft(cast, by=cast.rita)
    submit(own.pk, by=cast.rita)
    own = moves.checks_done(own)
    client = signed_in(cast.rita)
    assert [row.own_reason for row in page(client, "queue").context["rows"]] == ["began"]
    shown = page(client, "review", own.pk).content.decode()
    assert "You began this post, so somebody else must approve it." in shown
    assert "another compliance officer" in shown
    answer = client.post(reverse("posts:approve", args=[own.pk]), approval(own))
    assert (answer.status_code, moves.fresh(own).state) == (403, State.IN_REVIEW)


def _queries(client: Client, name: str, *args: object) -> int:
    page(client, name, *args)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert page(client, name, *args).status_code == 200
    return len(captured)


@pytest.mark.parametrize("name", ["queue", "calendar", "stops"])
def test_lists_take_the_same_number_of_queries_for_1_and_30_rows(cast: Cast, name: str) -> None:
    client = signed_in(cast.rita)
    slot = now_slot(clock.now() + timedelta(minutes=1), "UTC")
    make = moves.scheduled if name != "queue" else moves.in_review
    extra: dict[str, Any] = {"slot": slot} if name != "queue" else {}
    make(cast, **extra)
    one = _queries(client, name)
    for number in range(29):
        make(cast, channels=(cast.harbor.pk, cast.heart.pk) if number % 2 else (cast.heart.pk,), **extra)
    if name == "stops":
        for number in range(20):
            Channel.objects.create(group=cast.harbor.group, name=f"C{number}", slug=f"c{number}")
    assert _queries(client, name) == one


# --- deciding ----------------------------------------------------------------------------------------------------
def test_approve_with_no_time_yet(cast: Cast) -> None:
    post = moves.in_review(cast)
    answer = signed_in(cast.rita).post(reverse("posts:approve", args=[post.pk]), approval(post), follow=True)
    assert "Approved, with no time yet." in answer.content.decode()
    assert moves.fresh(post).state == State.APPROVED


def test_the_button_names_the_proposed_time_and_approves_for_it(cast: Cast) -> None:
    Organisation.objects.update_or_create(id=1, defaults={"zone": "Europe/Berlin"})
    year = clock.now().year + 1
    post = moves.in_review(cast, proposed=resolve(f"{year}-03-04T09:00", "Europe/Berlin"))
    client = signed_in(cast.rita)
    shown = page(client, "review", post.pk)
    assert f"4 Mar {year} 09:00 CET" in shown.content.decode()
    named = shown.context["choice"].named
    data = approval(post, decision="slot", day=f"{year}-03-04", time="09:00", zone="Europe/Berlin", named=named)
    answer = client.post(reverse("posts:approve", args=[post.pk]), data, follow=True)
    assert (
        f"Approved for Wed 4 Mar {year} 09:00 CET." in answer.content.decode() or "09:00 CET" in answer.content.decode()
    )
    after = moves.fresh(post)
    assert (after.state, after.slot_wall, after.slot_zone) == (State.SCHEDULED, f"{year}-03-04T09:00", "Europe/Berlin")


def test_a_time_that_the_button_did_not_name_is_asked_about(cast: Cast) -> None:
    post = moves.in_review(cast)
    tomorrow = (clock.now() + timedelta(days=1)).date().isoformat()
    data = approval(post, decision="slot", day=tomorrow, time="09:00", zone="UTC", named="")
    client = signed_in(cast.rita)
    answer = client.post(reverse("posts:approve", args=[post.pk]), data)
    assert answer.status_code == 422
    assert "You chose another time. The button names it now" in answer.content.decode()
    assert moves.fresh(post).state == State.IN_REVIEW
    again = client.post(reverse("posts:approve", args=[post.pk]), {**data, "named": answer.context["choice"].named})
    assert (again.status_code, moves.fresh(post).state) == (303, State.SCHEDULED)


@pytest.mark.parametrize("day", ["2001-01-01", "9999-12-31", ""])
def test_the_enter_key_never_publishes_now_for_a_time_that_cannot_be(cast: Cast, day: str) -> None:
    post = moves.in_review(cast)
    client = signed_in(cast.rita)
    chosen = {"day": day, "time": "09:00", "zone": "UTC"}
    shown = page(client, "slot_button", post.pk, **chosen)
    assert re.findall(r'name="decision" value="([^"]*)"', shown.content.decode()) == ["slot"]
    data = approval(post, decision="slot", named=shown.context["choice"].named, **chosen)
    assert client.post(reverse("posts:approve", args=[post.pk]), data).status_code in (409, 422)
    assert moves.fresh(post).state == State.IN_REVIEW


def test_doubled_and_skipped_wall_times(cast: Cast) -> None:
    post = moves.in_review(cast)
    client = signed_in(cast.rita)
    zone = {"zone": "America/New_York"}
    year = clock.now().year + 2
    fall, spring = _clock_changes(year)
    shown = page(client, "slot_button", post.pk, day=fall, time="01:30", **zone).content.decode()
    assert "Clocks show this time twice on that day" in shown
    assert "01:30 EDT (UTC−04:00)" in shown
    assert "01:30 EST (UTC−05:00)" in shown
    skipped = page(client, "slot_button", post.pk, day=spring, time="02:30", **zone).content.decode()
    assert "skip this time" in skipped
    assert 'value="slot"' in skipped
    data = approval(
        post, decision="slot-second", day=fall, time="01:30", named=f"{fall}T01:30|America/New_York", **zone
    )
    assert client.post(reverse("posts:approve", args=[post.pk]), {**data, "decision": "slot"}).status_code == 422
    assert client.post(reverse("posts:approve", args=[post.pk]), data).status_code == 303
    slot = moves.fresh(post).slot_at
    assert slot is not None
    assert slot.hour == 6


def _clock_changes(year: int) -> tuple[str, str]:
    """The first Sunday of November and the second Sunday of March."""
    november = next(date(year, 11, day) for day in range(1, 8) if date(year, 11, day).weekday() == 6)
    march = next(date(year, 3, day) for day in range(8, 15) if date(year, 3, day).weekday() == 6)
    return november.isoformat(), march.isoformat()


def test_a_wrong_password_approves_nothing_and_is_not_sent_back(cast: Cast) -> None:
    post = moves.in_review(cast)
    client = signed_in(cast.rita)
    wrong = approval(post, password="not-the-password-9")
    answer = client.post(reverse("posts:approve", args=[post.pk]), wrong)
    shown = answer.content.decode()
    assert (answer.status_code, moves.fresh(post).state) == (409, State.IN_REVIEW)
    assert "The password is not right. Nothing was approved." in shown
    assert "not-the-password-9" not in shown
    for _number in range(4):
        client.post(reverse("posts:approve", args=[post.pk]), wrong)
    paused = client.post(reverse("posts:approve", args=[post.pk]), approval(post))
    assert (paused.status_code, moves.fresh(post).state) == (429, State.IN_REVIEW)


def test_a_stale_approve_form_is_refused_and_keeps_what_was_typed(cast: Cast) -> None:
    post = moves.in_review(cast)
    old = approval(post, day="2031-03-04", time="09:10", zone="America/Denver")
    content = Content(text="Our flu clinic opens on Sunday.", channels=(cast.harbor.pk,), title="Flu clinic")
    save_post(post.pk, by=cast.alice, edit_no=post.edit_no, content=content)
    submit(post.pk, by=cast.alice)
    moves.checks_done(post)
    client = signed_in(cast.rita)
    answer = client.post(reverse("posts:approve", args=[post.pk]), old)
    shown = answer.content.decode()
    assert (answer.status_code, moves.fresh(post).state) == (409, State.IN_REVIEW)
    assert "The post changed since you opened this page" in shown
    assert 'value="2031-03-04"' in shown
    assert 'value="09:10"' in shown
    assert "Since the version you had open" in shown
    new = moves.fresh(post)
    assert str(new.current_version_id) in shown
    sent_back = {"version": old["version"], "reason": "wording", "words": "Say it is free, please."}
    back = client.post(reverse("posts:request_changes", args=[post.pk]), sent_back)
    assert (back.status_code, moves.fresh(post).state) == (409, State.IN_REVIEW)
    assert "Say it is free, please." in back.content.decode()


def test_send_back_and_reject_need_reason_and_words(cast: Cast) -> None:
    post = moves.in_review(cast)
    client = signed_in(cast.rita)
    version = post.current_version_id
    for name, state in (("request_changes", State.CHANGES_REQUESTED), ("reject", State.REJECTED)):
        url = reverse(f"posts:{name}", args=[post.pk])
        assert client.post(url, {"version": version, "reason": "", "words": ""}).status_code == 422
        short = client.post(url, {"version": version, "reason": "wording", "words": "no"})
        assert (short.status_code, moves.fresh(post).state) == (409, State.IN_REVIEW)
        good = {"version": version, "reason": "wording", "words": "Please name the address."}
        assert client.post(url, good).status_code == 303
        assert moves.fresh(post).state == state
        post = moves.in_review(cast)
        version = post.current_version_id


def test_a_decision_on_a_post_that_is_not_in_review_says_so(cast: Cast) -> None:
    post = moves.approved(cast)
    client = signed_in(cast.rob)
    assert "There is nothing to decide now" in page(client, "review", post.pk).content.decode()
    answer = client.post(reverse("posts:approve", args=[post.pk]), approval(post))
    assert answer.status_code == 409
    assert "is not possible now" in answer.content.decode()


# --- answering ---------------------------------------------------------------------------------------------------
def test_several_warnings_are_answered_at_once_each_with_its_own_record(cast: Cast) -> None:
    post = moves.in_review(cast, WARNS)
    findings = waiting_findings(post)
    assert len(findings) >= 2
    client = signed_in(cast.rita)
    shown = page(client, "review", post.pk).content.decode()
    assert "Why it cannot be approved yet" in shown
    data = {
        "card": "several",
        "finding": [str(f.pk) for f in findings],
        "kind": "accepted",
        "words": "The study is linked below.",
    }
    url = reverse("posts:officer_answer", args=[post.pk])
    assert client.post(url, {**data, "finding": []}).status_code == 409
    answer = client.post(url, data)
    assert (answer.status_code, answer["Location"]) == (303, reverse("posts:review", args=[post.pk]) + "#decision")
    assert Answer.objects.filter(thread=post.pk, side="officer", words=data["words"]).count() == len(findings)
    assert "Approve, no time yet" in page(client, "review", post.pk).content.decode()


def test_one_bad_answer_stores_none_and_keeps_the_words(cast: Cast) -> None:
    post = moves.in_review(cast, WARNS)
    other = moves.in_review(cast, WARNS)
    ids = [str(waiting_findings(post)[0].pk), str(waiting_findings(other)[0].pk)]
    client = signed_in(cast.rita)
    data = {"card": "several", "finding": ids, "kind": "accepted", "words": "The study is linked."}
    answer = client.post(reverse("posts:officer_answer", args=[post.pk]), data)
    assert answer.status_code == 409
    assert "The study is linked." in answer.content.decode()
    assert not Answer.objects.exists()


def test_an_answer_without_words_or_kind_names_the_field(cast: Cast) -> None:
    post = moves.in_review(cast, WARNS)
    one = str(waiting_findings(post)[0].pk)
    client = signed_in(cast.rita)
    url = reverse("posts:officer_answer", args=[post.pk])
    assert client.post(url, {"card": one, "finding": one, "kind": ""}).status_code == 422
    short = client.post(url, {"card": one, "finding": one, "kind": "false_alarm", "words": "no"})
    assert (short.status_code, Answer.objects.count()) == (409, 0)
    assert "Say why, in a sentence" in short.content.decode()


# --- hostile words -----------------------------------------------------------------------------------------------
def test_hostile_words_are_inert_on_queue_review_calendar_and_stops(cast: Cast) -> None:
    cast.alice.name = XSS
    cast.alice.save()
    Channel.objects.filter(pk=cast.harbor.pk).update(name=XSS)
    content = Content(
        text=f"{WARNS} {XSS}",
        channels=(cast.harbor.pk,),
        title=XSS,
        first_comment=XSS,
        links=("https://example.org/?a=<b>\"'",),
        proposed=now_slot(clock.now(), "UTC"),
    )
    post = create_post(by=cast.alice, content=content)
    submit(post.pk, by=cast.alice)
    post = moves.checks_done(post)
    client = signed_in(cast.rita)
    for name, args in (("queue", ()), ("review", (post.pk,)), ("calendar", ()), ("stops", ())):
        shown = page(client, name, *args).content.decode()
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown, name
        assert "<script>alert" not in shown, name
        assert "<img src=x" not in shown, name
