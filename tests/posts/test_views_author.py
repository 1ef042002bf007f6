"""The author's pages: what they show, to whom, and what their buttons do."""

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.urls import URLPattern, reverse
from pytest_django.fixtures import DjangoAssertNumQueries

from compliance.models import Finding
from healthsocial import clock
from healthsocial.org.models import Channel, User
from healthsocial.org.roles import Role
from posts import urls
from posts.actions.copy import content_of
from posts.actions.decide import request_changes
from posts.actions.deliver import deliver
from posts.actions.edit import save_post
from posts.actions.schedule import schedule
from posts.actions.submit import submit
from posts.enums import State
from posts.models import Delivery, Post
from posts.urls_officer import officer_urlpatterns
from tests.conftest import Cast, give
from tests.posts import moves

pytestmark = pytest.mark.django_db
CURE = "Our new tea cures cancer. Come on Saturday."
SECRET = "Plumbago"  # a word that stands in texts only


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def alice(cast: Cast) -> Client:
    return client_of(cast.alice)


def page(client: Client, name: str, *args: object, status: int = 200, **query: str) -> str:
    answer = client.get(reverse(f"posts:{name}", args=args), query)
    assert answer.status_code == status, answer.content.decode()[:2000]
    return answer.content.decode()


def act(client: Client, name: str, *args: object, status: int = 303, **data: object) -> str:
    answer = client.post(reverse(f"posts:{name}", args=args), data)
    assert answer.status_code == status, answer.content.decode()[:2000]
    return answer["Location"] if status == 303 else answer.content.decode()


# --- start page and list -----------------------------------------------------------------------------------------
def test_desks_say_who_has_it(cast: Cast, alice: Client) -> None:
    moves.in_review(cast)
    assert moves.in_review(cast, CURE).state == State.CHANGES_REQUESTED
    mine = page(alice, "home")
    assert "A check found something that must be settled." in mine
    assert "A compliance officer decides." in mine
    assert "Read it and decide." in page(client_of(cast.rita), "home")
    assert "Nothing waits for you" in page(client_of(cast.sam), "home")
    assert "You have no role yet" in page(client_of(cast.nobody), "home")


def test_approved_post_waits_for_whoever_gives_it_a_time(cast: Cast) -> None:
    moves.approved(cast)
    assert "Give it a time." in page(client_of(cast.sam), "home")
    assert "A scheduler or compliance officer gives it a time." in page(client_of(cast.alice), "home")


@pytest.mark.parametrize("name", ["home", "list"])
def test_lists_ask_as_often_for_thirty_posts_as_for_one(
    cast: Cast, django_assert_num_queries: DjangoAssertNumQueries, name: str
) -> None:
    moves.in_review(cast)
    rita = client_of(cast.rita)
    page(rita, name)
    for number in (0, 24):
        for _n in range(number):
            moves.draft(cast)
        with django_assert_num_queries(15):
            page(rita, name)


def test_list_turns_pages_and_finds_words_only_where_they_may_be_read(cast: Cast, alice: Client) -> None:
    for number in range(27):
        moves.draft(cast, SECRET if number == 0 else moves.CLEAN)
    first = page(alice, "list")
    assert first.count("post-row") == 25
    older = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    assert alice.get(older).content.decode().count("post-row") == 2
    assert page(alice, "list", q=SECRET.lower()).count("post-row") == 1
    assert page(client_of(cast.adam), "list", q=SECRET).count("post-row") == 0
    assert page(client_of(cast.adam), "list", q="flu").count("post-row") == 25
    assert page(client_of(cast.mallory), "list").count("post-row") == 0


def test_list_filters(cast: Cast, alice: Client) -> None:
    moves.draft(cast)
    moves.in_review(cast, channels=(cast.heart.pk,))
    assert page(alice, "list", state="with_reviewer").count("post-row") == 1
    assert page(alice, "list", channel=str(cast.heart.pk)).count("post-row") == 1
    assert page(alice, "list", mine="me", kind="original").count("post-row") == 2
    assert page(alice, "list", since="2020-01-01", until="2020-02-01").count("post-row") == 0
    page(alice, "list", since="no day", status=422)
    assert page(alice, "list", before="no cursor").count("post-row") == 2


# --- the page of a post ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("build", [moves.draft, moves.in_review, moves.approved, moves.scheduled, moves.published])
def test_every_state_has_its_pages(cast: Cast, build: Callable[[Cast], Post]) -> None:
    post = build(cast)
    for person in (cast.alice, cast.rita, cast.priya, cast.sam, cast.olga, cast.adam):
        for name in ("detail", "history"):
            page(client_of(person), name, post.pk)
    for name in ("edit", "versions", "diff"):
        page(client_of(cast.alice), name, post.pk)


def test_administrator_sees_the_title_and_no_word_of_the_text(cast: Cast) -> None:
    post = moves.published(cast, f"{SECRET} blooms in our garden.", notes=SECRET, tags=(SECRET,))
    adam = client_of(cast.adam)
    for name in ("detail", "history"):
        shown = page(adam, name, post.pk)
        assert "Flu clinic" in shown
        assert SECRET not in shown
    for name in ("edit", "versions", "diff"):
        page(adam, name, post.pk, status=404)
    act(adam, "copy", post.pk, status=404)


def _of_a_post() -> list[str]:
    mine = [p for p in urls.urlpatterns if isinstance(p, URLPattern) and p not in officer_urlpatterns]
    return [str(p.name) for p in mine if "uuid" in str(p.pattern)]


def test_somebody_elses_channel_and_nothing_at_all_answer_alike(cast: Cast) -> None:
    post = moves.published(cast)
    assert post.current_version_id is not None
    delivery = Delivery.objects.get(post=post)
    finding, names = uuid4(), _of_a_post()
    assert len(names) == 27
    mallory = client_of(cast.mallory)
    for name in names:
        for pk in (delivery.pk if "deliver" in name or "removal" in name else post.pk, uuid4()):
            extra: dict[str, UUID] = {"answer": finding, "redact": post.current_version_id}
            url = reverse(f"posts:{name}", args=[pk, extra[name]] if name in extra else [pk])
            answers = {mallory.get(url).status_code, mallory.post(url, {}).status_code}
            assert answers <= {404, 405}, (name, answers)
            assert 404 in answers, name


def test_page_marks_findings_and_says_what_stops_it(cast: Cast, alice: Client) -> None:
    post = moves.in_review(cast, CURE)
    shown = page(alice, "detail", post.pk)
    assert "What is stopping this?" in shown
    assert "Say it differently, or answer it:" in shown
    assert 'class="mark mark-block"' in shown
    assert "Answer it" in shown


def test_author_answers_and_the_officer_is_still_needed(cast: Cast, alice: Client) -> None:
    post = moves.in_review(cast, CURE)
    finding = Finding.objects.filter(run__thread=post.pk, severity="block").first()
    assert finding is not None
    key = str(finding.pk)
    refused = act(
        alice, "answer", post.pk, finding.pk, status=409, **{f"{key}-kind": "false_alarm", f"{key}-words": "no"}
    )
    assert "at least ten characters" in refused
    for row in Finding.objects.filter(run__thread=post.pk, severity="block"):
        data = {f"{row.pk}-kind": "false_alarm", f"{row.pk}-words": "This is the name of our theatre play."}
        act(alice, "answer", post.pk, row.pk, **data)
    shown = page(alice, "detail", post.pk)
    assert "This is the name of our theatre play." in shown
    act(alice, "submit", post.pk)
    assert moves.checks_done(post).state == State.IN_REVIEW
    assert "Can be lifted by: a compliance officer" in page(alice, "detail", post.pk)


def test_changed_draft_shows_its_words_and_the_checked_version_apart(cast: Cast, alice: Client) -> None:
    post = moves.in_review(cast, CURE)
    content = dataclasses.replace(content_of(moves.fresh(post)), text=SECRET)
    save_post(post.pk, by=cast.alice, edit_no=post.edit_no, content=content)
    shown = page(alice, "detail", post.pk)
    assert "Changed since version 1 was checked." in shown
    assert SECRET in shown
    assert "Version 1, as it was checked" in shown


def test_officers_words_are_a_checklist_for_the_author(cast: Cast, alice: Client) -> None:
    post = moves.in_review(cast)
    assert post.current_version_id is not None
    words = "Please name the county that pays for it."
    request_changes(post.pk, by=cast.rita, version_id=post.current_version_id, reason="source", words=words)
    shown = page(alice, "detail", post.pk)
    assert words in shown
    assert "Still to do" in shown


def test_status_follows_the_checks_and_then_asks_for_the_whole_page(cast: Cast, alice: Client) -> None:
    post = moves.draft(cast)
    submit(post.pk, by=cast.alice)
    shown = page(alice, "detail", post.pk)
    url = shown.split('hx-get="')[1].split('"')[0]
    assert "/status/" in url
    assert 'hx-trigger="every 2s"' in alice.get(url).content.decode()
    moves.checks_done(post)
    answer = alice.get(url)
    assert (answer.status_code, answer["HX-Refresh"]) == (204, "true")
    assert "hx-get" not in page(alice, "detail", post.pk)


def test_versions_are_compared_with_the_last_approved_one(cast: Cast, alice: Client) -> None:
    post = moves.approved(cast, "Open on Saturday.")
    for text in ("Open on Sunday.", "Open on <b>Monday</b>."):
        fresh = moves.fresh(post)
        content = dataclasses.replace(content_of(fresh), text=text)
        save_post(post.pk, by=cast.alice, edit_no=fresh.edit_no, content=content)
        submit(post.pk, by=cast.alice)
        moves.checks_done(post)
    shown = page(alice, "diff", post.pk)
    assert "From version 1 to version 3" in shown
    assert "&lt;b&gt;" in shown
    assert "<b>Monday" not in shown
    assert "From version 2 to version 3" in page(alice, "diff", post.pk, **{"from": "3", "to": "2"})
    assert "Approved by <bdi>Rita Example</bdi>" in page(alice, "versions", post.pk)


def test_privacy_officer_redacts_what_was_never_approved(cast: Cast) -> None:
    post = moves.in_review(cast, f"{SECRET} cures cancer.")
    priya, version = client_of(cast.priya), post.current_version_id
    assert "Redact this version" in page(priya, "versions", post.pk)
    assert "Redact this version" not in page(client_of(cast.alice), "versions", post.pk)
    act(priya, "redact", post.pk, version, status=422, **{f"{version}-words": ""})
    act(priya, "redact", post.pk, version, **{f"{version}-words": "A patient was named by mistake."})
    assert SECRET not in page(priya, "detail", post.pk) + page(priya, "versions", post.pk)
    act(priya, "redact", post.pk, uuid4(), status=404)


# --- steps ---------------------------------------------------------------------------------------------------------
def test_author_sends_pulls_back_copies_and_discards(cast: Cast, alice: Client) -> None:
    post = moves.draft(cast)
    act(alice, "submit", post.pk)
    act(alice, "pull_back", post.pk)
    assert moves.fresh(post).state == State.DRAFT
    copied = act(alice, "copy", post.pk)
    assert "Copy of Flu clinic" in alice.get(copied).content.decode()
    act(alice, "discard", post.pk)
    assert moves.fresh(post).state == State.ARCHIVED
    assert "not possible now" in act(alice, "submit", post.pk, status=409)


def test_scheduler_gives_moves_and_takes_the_time(cast: Cast) -> None:
    post, sam = moves.approved(cast), client_of(cast.sam)
    wall = (clock.now() + timedelta(days=2)).strftime("%Y-%m-%dT09:00")
    act(sam, "schedule", post.pk, status=422, wall="", zone="America/Chicago")
    act(sam, "schedule", post.pk, wall=wall, zone="America/Chicago")
    shown = page(sam, "detail", post.pk)
    assert "Goes out" in shown
    assert "09:00 C" in shown  # the slot's own zone, beside the organisation's
    act(sam, "reslot", post.pk, wall=wall.replace("09:00", "10:30"), zone="America/Chicago")
    assert moves.fresh(post).slot_wall.endswith("10:30")
    act(sam, "unschedule", post.pk)
    assert moves.fresh(post).state == State.APPROVED
    act(sam, "schedule", post.pk, now="1")
    assert moves.fresh(post).state == State.SCHEDULED


@pytest.mark.parametrize(
    ("wall", "zone", "words"),
    [
        ("2027-03-14T02:30", "America/Chicago", "skip this time"),
        ("2027-11-07T01:30", "America/Chicago", "twice on that day"),
        ("2027-11-07T01:30", "Moon/Base", "time zone is not known"),
        ("soon", "America/Chicago", "Write the time as date and hour"),
    ],
)
def test_times_that_clocks_do_not_show_once_are_answered_at_the_field(
    cast: Cast, wall: str, zone: str, words: str
) -> None:
    post, sam = moves.approved(cast), client_of(cast.sam)
    shown = act(sam, "schedule", post.pk, status=422, wall=wall, zone=zone)
    assert words in shown
    assert ("The second time, an hour later" in shown) == ("twice" in words)


def test_officer_holds_releases_takes_down_and_proves(cast: Cast) -> None:
    rita, held = client_of(cast.rita), moves.approved(cast)
    assert "at least ten characters" in act(rita, "hold", held.pk, status=409, **{"hold-words": "short"})
    act(rita, "hold", held.pk, **{"hold-words": "Waiting for the county's answer."})
    assert "Waiting for the county&#x27;s answer." in page(rita, "detail", held.pk)
    act(rita, "release", held.pk)
    out = moves.published(cast, "Another clinic opens.")
    act(rita, "request_takedown", out.pk, **{"takedown-words": "The date in it is wrong."})
    assert "not proven to be down yet" in page(rita, "detail", out.pk)
    delivery = Delivery.objects.get(post=out)
    act(rita, "prove_removal", delivery.pk, **{f"{delivery.pk}-proof": "Looked at the page at nine: gone."})
    act(rita, "confirm_takedown", out.pk)
    act(rita, "archive", out.pk)
    assert moves.fresh(out).state == State.ARCHIVED
    assert "Looked at the page at nine: gone." in page(rita, "detail", out.pk)


def test_unknown_delivery_is_settled_by_what_a_person_saw(cast: Cast) -> None:
    practice = Channel.objects.create(
        group=cast.harbor.group, name="Practice", slug="practice", network="practice", practice_mode="no_answer"
    )
    post, rita = moves.approved(cast, channels=(cast.harbor.pk, practice.pk)), client_of(cast.rita)
    schedule(post.pk, by=cast.rita, publish_now=True)
    for row in Delivery.objects.filter(post=post):
        deliver(row.pk)
    row = Delivery.objects.get(post=post, channel=practice)
    shown = page(rita, "detail", post.pk)
    assert "Is the post on the channel?" in shown
    assert "Is the post on the channel?" not in page(client_of(cast.alice), "detail", post.pk)
    act(rita, "settle", post.pk, status=409)
    act(rita, "resolve_delivery", row.pk, status=422, **{f"{row.pk}-proof": "Looked, it is not there."})
    data = {f"{row.pk}-arrived": "no", f"{row.pk}-proof": "Looked at the page: it is not there."}
    act(rita, "resolve_delivery", row.pk, **data)
    act(rita, "settle", post.pk)
    assert moves.fresh(post).state == State.PUBLISHED


def test_correction_is_linked_both_ways(cast: Cast, alice: Client) -> None:
    post = moves.published(cast)
    draft = act(alice, "correct", post.pk)
    assert "Correction: Flu clinic" in alice.get(draft).content.decode()
    assert "Corrected by" in page(alice, "detail", post.pk)
    new = Post.objects.get(corrects=post)
    assert "Corrects" in page(alice, "detail", new.pk)


def test_buttons_only_answer_to_post(cast: Cast, alice: Client) -> None:
    post = moves.draft(cast)
    for name in ("submit", "pull_back", "discard", "copy", "correct", "schedule", "hold", "archive", "autosave"):
        args = [] if name == "autosave" else [post.pk]
        assert alice.get(reverse(f"posts:{name}", args=args)).status_code == 405


def test_anonymous_people_sign_in_first(cast: Cast) -> None:
    post = moves.draft(cast)
    answer = Client().get(reverse("posts:detail", args=[post.pk]))
    assert answer.status_code == 302
    assert "/account/login/" in answer["Location"]


def test_own_approval_is_refused_with_its_reason(cast: Cast) -> None:
    give(cast.alice, Role.COMPLIANCE_OFFICER, group=cast.harbor.group)
    post = moves.in_review(cast)
    shown = page(client_of(cast.alice), "detail", post.pk)
    assert "You began this post, so somebody else must approve it." in shown


def test_page_of_a_post_asks_as_often_for_many_findings_as_for_one(
    cast: Cast, alice: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    one = moves.in_review(cast, CURE)
    many = moves.in_review(cast, f"{CURE} " + "It cures asthma. It cures diabetes. We are the best hospital. " * 3)
    assert Finding.objects.filter(run__thread=many.pk).count() > 2 * Finding.objects.filter(run__thread=one.pk).count()
    page(alice, "detail", one.pk)
    for post in (one, many):
        with django_assert_num_queries(25):
            page(alice, "detail", post.pk)


def test_history_tells_what_was_refused_and_why(cast: Cast, alice: Client) -> None:
    post = moves.in_review(cast)
    act(alice, "submit", post.pk, status=409)
    shown = page(alice, "history", post.pk)
    assert "Refused: sent it to review" in shown
    assert "The post was in another state." in shown
