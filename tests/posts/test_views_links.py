"""A finding in a link is shown where people decide: on the review page, beside the live check, in a comparison."""

import pytest
from django.test import Client
from django.urls import reverse

from posts import reviewing
from posts.actions.answer import answer
from posts.actions.copy import content_of
from posts.actions.edit import Content, save_post
from posts.actions.submit import submit
from posts.models import Post, PostVersion
from tests.conftest import Cast
from tests.posts import moves

pytestmark = pytest.mark.django_db
PLAIN = "https://harborpoint.example/appointments"
TELLING = "https://example.org/a?patient=Maria+Gonzalez"


def signed_in(person: object) -> Client:
    client = Client()
    client.force_login(person)  # type: ignore[arg-type]
    return client


def with_links(post: Post, cast: Cast, *links: str) -> Post:
    now = moves.fresh(post)
    content = Content(**{**content_of(now).__dict__, "links": links})
    save_post(post.pk, by=cast.alice, edit_no=now.edit_no, content=content)
    submit(post.pk, by=cast.alice)
    return moves.checks_done(post)


def test_the_review_page_marks_the_words_in_the_link(cast: Cast) -> None:
    post = moves.in_review(cast, links=(PLAIN, TELLING))
    got = signed_in(cast.rita).get(reverse("posts:review", args=[post.pk]))
    assert [block.title for block in got.context["blocks"]] == ["Text", "Link 2"]
    assert {card.where for card, _form in got.context["cards"]} == {"Link 2"}
    marked = "".join(piece.text for piece in got.context["blocks"][1].segments)
    assert marked == "https://example.org/a?patient=Maria Gonzalez"
    page = got.content.decode()
    assert "Link 2" in page
    assert PLAIN in page
    assert TELLING in page  # as it will be published, in the list of links


def test_a_post_with_plain_links_shows_no_further_text(cast: Cast) -> None:
    post = moves.in_review(cast, links=(PLAIN,))
    got = signed_in(cast.rita).get(reverse("posts:review", args=[post.pk]))
    assert [block.title for block in got.context["blocks"]] == ["Text"]
    assert got.context["cards"] == []


def test_the_authors_page_names_the_link(cast: Cast) -> None:
    post = moves.in_review(cast, links=(TELLING,))
    page = signed_in(cast.alice).get(reverse("posts:detail", args=[post.pk])).content.decode()
    assert "Link 1" in page


def test_the_live_check_names_the_link(cast: Cast) -> None:
    data = {"text": "Come on Saturday.", "title": "Flu", "channels": [str(cast.harbor.pk)], "kind": "original"}
    rest = {"person_answer": "nobody", "links": f"{PLAIN}\n{TELLING}", "edit_no": "0"}
    client = signed_in(cast.alice)
    got = client.post(reverse("posts:check_now"), data | rest, headers={"HX-Request": "true"}).content.decode()
    assert "Link 2" in got
    assert "Link 1" not in got


def test_a_comparison_shows_what_a_link_became(cast: Cast) -> None:
    post = with_links(moves.in_review(cast, links=(PLAIN,)), cast, PLAIN + "?day=sat")
    new, old = PostVersion.objects.filter(post=post).order_by("-number")
    texts, others = reviewing.changes(old, new, [cast.harbor])
    assert ([label for label, _changes in texts], others) == (["Link 1"], [])
    # Spelt differently, it reads the same; the change is named all the same.
    spelt = with_links(post, cast, PLAIN + "?day%3Dsat")
    assert spelt.current_version is not None
    assert reviewing.changes(new, spelt.current_version, [cast.harbor]) == ([], ["Links"])


def test_a_finding_in_a_link_can_be_answered(cast: Cast) -> None:
    post = moves.in_review(cast, links=(TELLING,))
    got = signed_in(cast.rita).get(reverse("posts:review", args=[post.pk]))
    finding = next(card.finding for card, _form in got.context["cards"] if card.open)
    given = answer(
        post.pk, finding.pk, by=cast.rita, side="officer", kind="false_alarm", words="She is our own doctor."
    )
    assert (given.field, given.sentence_key) == ("link:1", finding.sentence_key)
