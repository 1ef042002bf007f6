"""Fault 37: what is approved is what is published, so a character nobody can see is shown to the officer."""

import pytest
from django.template import Context, Template
from django.test import Client

from healthsocial.org import hidden
from healthsocial.org.models import Channel, User
from posts.models import Post
from tests.conftest import Cast
from tests.hostile.corpus import EMOJI, RTL, ZALGO
from tests.hostile.reading import Page
from tests.posts import moves

RLO, ZWSP, TAG = "\u202e", "\u200b", "\U000e0041"
HEBREW = "\u05e9\u05e8\u05d4 \u05db\u05d4\u05df"


def client_of(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("pay\u200bment", ["U+200B"]),
        ("a\u202eb\u202c", ["U+202E", "U+202C"]),
        ("so\u00adft", ["U+00AD"]),
        ("\ufeffx\u2060", ["U+FEFF", "U+2060"]),
        ("x\U000e0041\U000e0042", ["U+E0041", "U+E0042"]),
        ("v\ufe01", ["U+FE01"]),
        ("v\U000e0100", ["U+E0100"]),
        ("\u3164\u2800\u115f", ["U+3164", "U+2800", "U+115F"]),
        ("a\x01\x7f", ["U+0001", "U+007F"]),
        ("line\u2028line", ["U+2028"]),
        ("no\u200dreason", ["U+200D"]),
        ("flag \U0001f3f4\U000e0067\U000e0020\U000e0067\U000e0067\U000e0067\U000e0067\U000e0067\U000e0067\U000e0067", ["U+E0067"]),
        (EMOJI, []),
        (RTL + ZALGO, []),
        ("Plain words,\n\tin two lines\u2026 caf\u00e9\u00a0!", []),
        ("", []),
    ],
)  # fmt: skip
def test_hidden_characters_are_found_and_those_of_an_emoji_are_not(text: str, codes: list[str]) -> None:
    assert [piece.code for piece in hidden.pieces(text) if piece.code] == codes
    assert "".join(piece.text for piece in hidden.pieces(text)) == text


def test_each_is_marked_where_it_stands_with_its_code_and_its_name() -> None:
    shown = Template("{% load ui %}{{ text|show_hidden }}").render(Context({"text": f"pay{ZWSP}ment <b>{RLO}"}))
    assert shown == (
        f'pay<bdi class="hidden-char" title="zero-width space">{ZWSP}<span class="hidden-char-code" aria-hidden="true">'
        'U+200B</span><span class="visually-hidden"> [zero-width space] </span></bdi>ment &lt;b&gt;'
        f'<bdi class="hidden-char" title="right-to-left override">{RLO}<span class="hidden-char-code" '
        'aria-hidden="true">U+202E</span><span class="visually-hidden"> [right-to-left override] </span></bdi>'
    )


def test_a_text_without_them_is_printed_as_before() -> None:
    shown = Template("{% load ui %}{{ text|show_hidden }}").render(Context({"text": "5 < 6 & caf\u00e9 " + EMOJI}))
    assert shown == "5 &lt; 6 &amp; caf\u00e9 " + EMOJI


@pytest.mark.django_db
def test_the_officer_sees_them_named_counted_and_in_their_place(cast: Cast) -> None:
    text = f"Our flu clinic opens{ZWSP} on Sat{ZWSP}urday. {RLO}Walk in."
    link = f"https://example.org/{ZWSP}free"
    post = moves.in_review(cast, text, links=(link,))
    got = client_of(cast.rita).get(f"/review/{post.pk}/")
    page = Page(got.content.decode())
    assert [(item.code, item.name, item.number) for item in got.context["hidden"]] == [
        ("U+200B", "zero-width space", 3),
        ("U+202E", "right-to-left override", 1),
    ]
    assert "It holds characters that cannot be seen" in page.words
    assert text in page.words  # every character of it is there
    assert link in page.words
    assert page.elements.count("bdi") >= 4
    for who, path in (("alice", f"/posts/{post.pk}/"), ("olga", f"/posts/{post.pk}/")):
        assert b"hidden-char-code" in client_of(getattr(cast, who)).get(path).content


@pytest.mark.django_db
def test_a_post_without_them_says_nothing_of_it(cast: Cast) -> None:
    """The control."""
    post = moves.in_review(cast, moves.CLEAN + " " + EMOJI)
    got = client_of(cast.rita).get(f"/review/{post.pk}/")
    assert got.context["hidden"] == []
    assert b"hidden-char" not in got.content
    assert b"cannot be seen" not in got.content


@pytest.mark.django_db
def test_a_change_of_hidden_characters_only_is_a_change_one_can_see(cast: Cast) -> None:
    post = moves.in_review(cast)
    from posts.actions.copy import content_of
    from posts.actions.edit import Content, save_post
    from posts.actions.submit import submit

    changed = Content(**{**content_of(post).__dict__, "text": moves.CLEAN.replace("flu", f"f{ZWSP}lu")})
    save_post(post.pk, by=cast.alice, edit_no=1, content=changed)
    submit(post.pk, by=cast.alice)
    moves.checks_done(post)
    page = client_of(cast.rita).get(f"/posts/{post.pk}/diff/").content.decode()
    assert "<ins>" in page
    assert "zero-width space" in page


@pytest.mark.django_db
def test_words_that_run_the_other_way_do_not_turn_the_page(cast: Cast) -> None:
    """Names and titles stand in <bdi>, texts and fields choose their own direction."""
    User.objects.filter(pk=cast.alice.pk).update(name=HEBREW)
    Channel.objects.filter(pk=cast.harbor.pk).update(name=HEBREW + " 2")
    cast.alice.refresh_from_db()
    post = moves.in_review(cast)
    Post.objects.filter(pk=post.pk).update(title=HEBREW + " 3")
    for who, path, words in (
        ("alice", "/posts/", (HEBREW, HEBREW + " 2", HEBREW + " 3")),
        ("rita", "/review/", (HEBREW, HEBREW + " 2", HEBREW + " 3")),
        ("rita", f"/review/{post.pk}/", (HEBREW, HEBREW + " 3")),
        ("alice", f"/posts/{post.pk}/", (HEBREW, HEBREW + " 2", HEBREW + " 3")),
        ("olga", f"/posts/{post.pk}/history/", (HEBREW,)),
        ("olga", "/audit/", (HEBREW,)),
        ("adam", "/people/", (HEBREW,)),
        ("rita", "/c/harbor-news/", (HEBREW + " 2",)),
    ):
        page = Page(client_of(getattr(cast, who)).get(path).content.decode())
        for word in words:
            assert word in page.isolated, (path, word)
    compose = client_of(cast.alice).get(f"/posts/{post.pk}/edit/").content.decode()
    for field in ("id_title", "id_text", "id_first_comment", "id_notes"):
        start = compose.index(f'id="{field}"')
        tag = compose[compose.rindex("<", 0, start) : compose.index(">", start)]
        assert 'dir="auto"' in tag, field
