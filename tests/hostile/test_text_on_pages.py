"""Fault 37: hostile words through every field, onto every page. They stay words, and every one of them is there."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import pytest_django
from django.db import transaction
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse

from compliance.models import Finding
from healthsocial.audit.models import Event
from healthsocial.org.models import Channel, ChannelGroup, Organisation, User
from healthsocial.org.queries import organisation
from posts.actions.answer import answer
from posts.actions.approve import approve
from posts.actions.crisis_stop import start_stop
from posts.actions.decide import request_changes
from posts.actions.deliver import deliver
from posts.actions.edit import Content, create_post, save_post
from posts.actions.schedule import schedule
from posts.actions.submit import submit
from posts.marking import Mark, segments
from posts.models import Delivery, Post
from tests.conftest import PASSWORD, Cast, build_cast
from tests.hostile.corpus import EVERYTHING, LINKS, NAMES, PAYLOADS, TEXTS
from tests.hostile.reading import Page
from tests.posts import moves, people

pytestmark = pytest.mark.django_db
WORDS = "Please look at this: " + " ".join(PAYLOADS)
SHORT = "Storm: " + PAYLOADS[0] + PAYLOADS[4] + PAYLOADS[16]


@dataclass
class Evil:
    """An organisation in which every name is an attack, and posts made of nothing else."""

    cast: Cast
    reviewed: Post
    public: Post
    draft: Post

    def page(self, who: str, path: str) -> Page:
        client = Client(headers={"User-Agent": PAYLOADS[0], "Referer": f"http://testserver/{PAYLOADS[2]}"})
        client.force_login(getattr(self.cast, who))
        got = client.get(path)
        assert got.status_code == 200, f"{path} as {who}: {got.status_code}"
        return Page(got.content.decode())


def content(cast: Cast, text: str = EVERYTHING, title: str = NAMES["title"]) -> Content:
    harbor = str(cast.harbor.pk)
    return Content(
        text=text, channels=(cast.harbor.pk, cast.heart.pk), channel_texts={harbor: "Harbor: " + text},
        first_comment="Comment: " + text, links=LINKS, title=title, notes="Notes: " + text,
        tags=(PAYLOADS[0], PAYLOADS[4]),
    )  # fmt: skip


@pytest.fixture(scope="module")
def evil(
    django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker, hashed_password: str
) -> Iterator[Evil]:
    with django_db_blocker.unblock(), transaction.atomic():
        yield _build(build_cast(hashed_password))
        transaction.set_rollback(True)


def _build(cast: Cast) -> Evil:
    organisation()
    Organisation.objects.update(name=NAMES["organisation"])
    User.objects.filter(pk=cast.alice.pk).update(name=NAMES["person"], job_title=NAMES["job"])
    User.objects.filter(pk=cast.rita.pk).update(name=NAMES["officer"])
    Channel.objects.filter(pk=cast.harbor.pk).update(name=NAMES["channel"], character_limit=200_000)
    Channel.objects.filter(pk=cast.heart.pk).update(character_limit=200_000)
    ChannelGroup.objects.filter(pk=cast.harbor.group_id).update(name=NAMES["group"])
    for name in ("alice", "rita"):
        getattr(cast, name).refresh_from_db()
    people.authorization(cast, document_reference=SHORT[:120])
    found = Evil(cast, _reviewed(cast), _published(cast), create_post(by=cast.alice, content=content(cast)))
    start_stop(by=cast.rita, scope="channel", channel=cast.heart, reason=SHORT)
    return found


def _reviewed(cast: Cast) -> Post:
    """Sent back with hostile words, changed, and in review again."""
    post = _sent(cast, create_post(by=cast.alice, content=content(cast, title=NAMES["title"] + " 2")))
    assert post.current_version_id
    request_changes(post.pk, by=cast.rita, version_id=post.current_version_id, reason="wording", words=WORDS)
    save_post(post.pk, by=cast.alice, edit_no=1, content=content(cast, EVERYTHING + "\nNew: " + PAYLOADS[1]))
    return _sent(cast, post)


def _sent(cast: Cast, post: Post) -> Post:
    submit(post.pk, by=cast.alice)
    post = moves.checks_done(post)
    if post.state != "in_review":
        for finding in Finding.objects.filter(run__version=post.current_version_id, severity="block"):
            answer(post.pk, finding.pk, by=cast.alice, side="author", kind="false_alarm", words=WORDS[:1900])
        submit(post.pk, by=cast.alice)
        post = moves.checks_done(post)
    assert post.state == "in_review", post.reason_code
    return post


def _published(cast: Cast) -> Post:
    post = _sent(cast, create_post(by=cast.alice, content=content(cast, title=NAMES["title"] + " 3")))
    assert post.current_version_id
    for finding in Finding.objects.filter(run__version=post.current_version_id, severity__in=("warn", "block")):
        answer(
            post.pk, finding.pk, by=cast.rita, side="officer", kind="substantiated", words=WORDS[:1900],
            source_url="https://example.org/?%22%3E<canary>",
        )  # fmt: skip
    approve(post.pk, by=cast.rita, version_id=post.current_version_id, password=PASSWORD)
    schedule(post.pk, by=cast.rita, publish_now=True)
    for row in Delivery.objects.filter(post=post):
        deliver(row.pk)
    return moves.fresh(post)


def shown_everywhere(evil: Evil) -> list[tuple[str, str]]:
    """Who looks at which page."""
    r, p, d = evil.reviewed.pk, evil.public.pk, evil.draft.pk
    last = Event.objects.order_by("-seq")[0].seq
    return [
        ("alice", "/"), ("rita", "/"), ("adam", "/"), ("alice", "/posts/"), ("rita", "/review/"), ("rita", f"/review/{r}/"),
        ("alice", f"/posts/{r}/"), ("rita", f"/posts/{r}/"), ("adam", f"/posts/{r}/"), ("alice", f"/posts/{d}/edit/"),
        ("alice", f"/posts/{r}/diff/"), ("olga", f"/posts/{r}/versions/"), ("olga", f"/posts/{p}/history/"),
        ("rita", f"/posts/{p}/"), ("sam", "/calendar/"), ("olga", "/audit/"), ("olga", f"/audit/{last}/"),
        ("adam", "/people/"), ("adam", f"/people/{evil.cast.alice.pk}/"), ("adam", "/channels/"),
        ("adam", f"/channels/{evil.cast.harbor.pk}/"), ("adam", f"/groups/{evil.cast.harbor.group_id}/"),
        ("adam", "/channels/new/"), ("rita", "/stops/"), ("priya", "/authorizations/"), ("priya", "/authorizations/new/"),
        ("adam", "/settings/"), ("alice", "/me/"), ("alice", "/posts/new/"), ("alice", "/account/password/change/"),
        ("priya", "/c/harbor-news/"),
    ]  # fmt: skip


def test_no_page_gets_an_element_or_attribute_from_what_people_typed(evil: Evil) -> None:
    faults = {}
    for who, path in shown_everywhere(evil):
        page = evil.page(who, path)
        if page.faults:
            faults[f"{path} as {who}"] = page.faults
        assert page.elements.count("main") == 1
        assert page.shows(NAMES["organisation"]) or path.startswith("/c/")
    assert faults == {}


def test_the_reader_of_pages_notices_what_comes_to_life() -> None:
    """The control: unescaped, every payload is a fault or plain text that makes nothing."""
    inert = {PAYLOADS[5], PAYLOADS[6], PAYLOADS[7], PAYLOADS[14], PAYLOADS[16]}
    for payload in PAYLOADS:
        assert bool(Page(f"<p>{payload}</p>").faults) == (payload not in inert), payload
    for payload in (PAYLOADS[5], PAYLOADS[6]):
        quote = payload[0]
        assert Page(f"<p title={quote}{payload}{quote}>x</p>").faults, payload


def test_every_word_stands_on_the_pages_as_it_was_typed(evil: Evil) -> None:
    """What the officer reads, what the public reads and what was typed are the same characters."""
    review = evil.page("rita", f"/review/{evil.reviewed.pk}/")
    for text in (*TEXTS, *LINKS, NAMES["title"], NAMES["person"], NAMES["channel"]):
        assert review.shows(text), text
    detail, public = evil.page("alice", f"/posts/{evil.public.pk}/"), evil.page("rita", "/c/harbor-news/")
    assert "Harbor: " + EVERYTHING in public.words
    assert "Comment: " + EVERYTHING in public.words
    for text in (*TEXTS, *LINKS, "Notes: ", PAYLOADS[4]):
        assert detail.shows(text), text
    edit = evil.page("alice", f"/posts/{evil.draft.pk}/edit/")
    for text in ("Harbor: " + EVERYTHING, "Comment: " + EVERYTHING, "Notes: " + EVERYTHING, "\n".join(LINKS)):
        assert edit.shows(text), text[:20]
    assert evil.page("rita", f"/posts/{evil.reviewed.pk}/").shows(WORDS)
    assert evil.page("rita", "/stops/").shows(SHORT)


def test_the_difference_between_two_versions_is_words_too(evil: Evil) -> None:
    """XSS in the comparison of revisions: Wagtail CVE-2026-28222 and kin."""
    page = evil.page("alice", f"/posts/{evil.reviewed.pk}/diff/")
    assert page.faults == []
    assert {"ins"} <= set(page.elements)
    assert page.shows("New: ")
    assert "[added: " not in page.words  # said to screen readers only


def test_highlights_stand_at_the_right_words_among_strange_ones(evil: Evil) -> None:
    """Every finding of the engine covers in the page what it covers in the text."""
    client = Client()
    client.force_login(evil.cast.rita)
    got = client.get(f"/review/{evil.reviewed.pk}/")
    by_id = {str(row.pk): row for row in Finding.objects.filter(run__version=evil.reviewed.current_version_id)}
    marked: dict[str, str] = {}
    for block in got.context["blocks"]:
        for piece in block.segments:
            for key in piece.findings:
                marked[key] = marked.get(key, "") + piece.text
    texts = {"base": EVERYTHING + "\nNew: " + PAYLOADS[1]}
    guarantees = [row for row in by_id.values() if row.field == "base" and row.rule_id == "us_claims/guarantee.result"]
    assert len(guarantees) == 1
    for key, row in by_id.items():
        if row.field == "base" and key in marked:
            assert marked[key] == texts["base"][row.start : row.end]
    assert marked[str(guarantees[0].pk)].startswith("We guarantee")


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_marks_in_the_middle_of_an_attack_leave_it_whole(text: str) -> None:
    marks = [Mark(at, at + 3, f"m{at}", "warn") for at in range(0, len(text), 7)] + [
        Mark(2, len(text) - 1, "x", "hard")
    ]
    page = Page(render_to_string("components/post_text.html", {"segments": segments(text, marks)}).rstrip("\n"))
    assert page.words == text
    assert page.faults == []


def test_the_public_feed_stays_well_formed_and_says_the_same(evil: Evil) -> None:
    got = Client().get(reverse("posts:public_feed", args=["harbor-news"]))
    root = ET.fromstring(got.content)
    items = root.findall("channel/item")
    assert len(items) == 1
    assert {child.tag for child in items[0]} == {"title", "link", "description", "pubDate", "guid"}
    inner = Page(items[0].findtext("description") or "")
    assert set(inner.elements) <= {"p", "br"}
    assert inner.faults == []
    for payload in PAYLOADS:
        assert payload.replace("\t", " ") in inner.words.replace("\t", " ")
    assert Page(root.findtext("channel/title") or "").words == NAMES["channel"]
