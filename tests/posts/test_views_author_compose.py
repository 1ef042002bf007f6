"""Writing: nothing is lost, nothing is stored by the live check, and a change of approved words is announced first."""

import json
import logging
from datetime import date, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from compliance import checking
from compliance.actions.register import add_authorization, add_subject
from compliance.models import CheckRun, Subject
from healthsocial import clock
from healthsocial.audit.models import Event
from posts.enums import State
from posts.models import Post
from tests.conftest import Cast
from tests.posts import moves
from tests.posts.test_views_author import act, client_of, page

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(cast: Cast) -> Client:
    return client_of(cast.alice)


def filled(cast: Cast, **values: object) -> dict[str, object]:
    return {
        "title": "Flu clinic",
        "kind": "original",
        "channels": [str(cast.harbor.pk)],
        "text": moves.CLEAN,
        "zone": "America/New_York",
        **values,
    }


def autosave(client: Client, data: dict[str, object]) -> tuple[int, dict[str, Any]]:
    answer = client.post(reverse("posts:autosave"), data, headers={"X-Autosave": "1"})
    return answer.status_code, json.loads(answer.content)


def test_new_post_is_saved_with_everything(cast: Cast, alice: Client) -> None:
    data = filled(
        cast,
        channels=[str(cast.harbor.pk), str(cast.heart.pk)],
        first_comment="See you there.",
        links="https://example.org/flu\r\nhttps://example.org/map",
        notes="Ask Sam.",
        tags="flu, autumn, flu",
        emergency="on",
        wall="2027-03-04T09:00",
        **{f"text-{cast.heart.pk}": "Shorter."},
    )
    act(alice, "create", **data)
    post = Post.objects.select_related("working_copy").get()
    copy = post.working_copy
    assert (copy.text, copy.channel_texts) == (moves.CLEAN, {str(cast.heart.pk): "Shorter."})
    assert copy.links == ["https://example.org/flu", "https://example.org/map"]
    assert (post.notes, post.tags, post.emergency) == ("Ask Sam.", ["flu", "autumn"], True)
    assert (post.proposed_wall, post.proposed_zone) == ("2027-03-04T09:00", "America/New_York")
    assert (copy.person_answer, copy.person_answer_explicit) == ("nobody", False)
    shown = page(alice, "edit", post.pk)
    assert "Shorter." in shown
    assert "https://example.org/map" in shown


def test_sending_saves_first(cast: Cast, alice: Client) -> None:
    act(alice, "create", **filled(cast, act="submit"))
    assert Post.objects.get().state == State.CHECKING
    shown = act(alice, "create", status=409, **filled(cast, act="submit", channels=[]))
    assert "It was saved, but not sent." in shown
    assert "Choose at least one channel." in shown
    assert Post.objects.count() == 2


def test_invalid_form_comes_back_with_its_words(cast: Cast, alice: Client) -> None:
    shown = act(alice, "create", status=422, **filled(cast, links="example.org", wall="2027-03-14T02:30"))
    assert "Write each link in full" in shown
    assert "skip this time" in shown
    assert moves.CLEAN in shown
    assert not Post.objects.exists()


def test_zone_stands_beside_the_time_always(cast: Cast, alice: Client) -> None:
    assert 'name="zone"' in page(alice, "create")
    shown = act(alice, "create", status=422, **filled(cast, wall="2027-11-07T01:30", zone="America/Chicago"))
    assert "The second time, an hour later" in shown
    act(alice, "create", **filled(cast, wall="2027-11-07T01:30", zone="America/Chicago", second="second"))
    post = Post.objects.get()
    assert post.proposed_at is not None
    assert post.proposed_at.isoformat() == "2027-11-07T07:30:00+00:00"
    assert 'value="second"' in page(alice, "edit", post.pk)


def test_only_channels_one_writes_on_are_offered(cast: Cast, alice: Client) -> None:
    assert "West clinic" not in page(alice, "create")
    act(alice, "create", status=422, **filled(cast, channels=[str(cast.other.pk)]))
    assert client_of(cast.sam).get(reverse("posts:create")).status_code == 403


# --- saving while writing ----------------------------------------------------------------------------------------
def test_first_pause_begins_the_post_and_the_next_ones_save_it(cast: Cast, alice: Client) -> None:
    status, answer = autosave(alice, filled(cast, title=""))
    assert (status, answer["edit_no"]) == (200, 1)
    again = filled(cast, post=answer["post"], edit_no=answer["edit_no"], text="Longer text.")
    status, second = autosave(alice, again)
    assert (status, second["edit_no"], second["post"]) == (200, 2, answer["post"])
    assert Post.objects.get().working_copy.text == "Longer text."
    assert autosave(alice, again | {"edit_no": 2})[1]["edit_no"] == 2  # nothing changed


def test_stale_save_is_refused_and_loses_nothing(cast: Cast, alice: Client) -> None:
    post = moves.draft(cast, "The clinic opens at nine.")
    stale = filled(cast, post=post.pk, edit_no=1, text="The clinic opens at ten.")
    autosave(alice, stale | {"text": "The clinic opens at noon."})
    status, answer = autosave(alice, stale)
    assert status == 409
    assert "noon" in answer["html"]
    assert "ten" in answer["html"]
    shown = act(alice, "edit", post.pk, status=409, **stale)
    assert "The clinic opens at ten.</textarea>" in shown
    assert "data-autosave=" not in shown
    assert Post.objects.get().working_copy.text == "The clinic opens at noon."
    act(alice, "edit", post.pk, **(stale | {"overwrite": "2"}))
    assert Post.objects.get().working_copy.text == "The clinic opens at ten."


class Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)


def test_markup_in_a_conflict_stays_text(cast: Cast, alice: Client) -> None:
    post = moves.draft(cast, "<script>one</script>")
    autosave(alice, filled(cast, post=post.pk, edit_no=1, text="<script>two</script>"))
    _status, answer = autosave(alice, filled(cast, post=post.pk, edit_no=1, text="<img src=x onerror=y>"))
    reader = Text()
    reader.feed(answer["html"])
    assert not reader.tags & {"script", "img"}
    assert "&lt;" in answer["html"]


def test_the_enter_key_never_saves_over_somebody(cast: Cast, alice: Client) -> None:
    post = moves.draft(cast)
    html = page(alice, "edit", post.pk)
    first_button = html.index('form="post-form" name="act" value="save"')
    assert first_button < html.index('data-autosave-conflict="post-form"')


def test_a_long_paste_is_refused_whole_and_never_cut(cast: Cast, alice: Client) -> None:
    assert "maxlength" not in page(alice, "create").partition('name="text"')[2].partition(">")[0]
    long = "a" * 25_000
    status, _answer = autosave(alice, filled(cast, text=long))
    answer = alice.post(reverse("posts:create"), filled(cast, text=long, act="save"))
    assert (status, answer.status_code) == (422, 422)
    assert long in answer.content.decode()


def test_half_typed_form_says_why_it_is_not_saved(cast: Cast, alice: Client) -> None:
    status, answer = autosave(alice, filled(cast, links="htt"))
    assert (status, answer["message"]) == (422, "Write each link in full (https://…), at most twenty.")


def test_people_without_the_role_save_nothing(cast: Cast, alice: Client) -> None:
    post = moves.draft(cast)
    data = filled(cast, post=post.pk, edit_no=1, text="Mine now.")
    assert client_of(cast.mallory).post(reverse("posts:autosave"), data).status_code == 404
    assert client_of(cast.rita).post(reverse("posts:autosave"), data).status_code == 403
    assert Post.objects.get().working_copy.text == moves.CLEAN


def test_change_of_approved_words_is_announced_and_never_made_by_a_pause(cast: Cast, alice: Client) -> None:
    post = moves.approved(cast)
    shown = page(alice, "edit", post.pk)
    assert "A change pulls this post back to draft" in shown
    assert "data-autosave=" not in shown
    changed = filled(cast, post=post.pk, edit_no=post.edit_no, text="New words.")
    assert autosave(alice, changed)[0] == 422
    assert moves.fresh(post).state == State.APPROVED
    act(alice, "edit", post.pk, **filled(cast, edit_no=post.edit_no, post=post.pk, notes="Only a note."))
    assert moves.fresh(post).state == State.APPROVED
    act(alice, "edit", post.pk, **(changed | {"edit_no": post.edit_no + 1}))
    assert moves.fresh(post).state == State.DRAFT


# --- checking while writing --------------------------------------------------------------------------------------
def test_live_check_shows_findings_and_stores_nothing(
    cast: Cast, alice: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    page(alice, "create")  # the organisation's row is made by the first page
    before = Event.objects.count()
    data = filled(cast, text="Our plumbago tea cures cancer.")
    with CaptureQueriesContext(connection) as queries:
        answer = alice.post(reverse("posts:check_now"), data, headers={"HX-Request": "true"})
    shown = answer.content.decode()
    assert answer.status_code == 200
    assert "mark mark-block" in shown
    assert "Say instead:" in shown
    assert "What would clear it:" in shown
    assert (Event.objects.count(), CheckRun.objects.count(), Post.objects.count()) == (before, 0, 0)
    assert not [q for q in queries if "plumbago" in q["sql"] or q["sql"].startswith(("INSERT", "UPDATE"))]
    assert "plumbago" not in caplog.text
    assert "plumbago" in act(alice, "check_now", status=200, **data)  # without JavaScript: the whole page


def test_checker_that_is_down_is_not_a_clean_text(
    cast: Cast, alice: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_args: object, **_kwargs: object) -> None:
        raise ValueError("plumbago")

    monkeypatch.setattr(checking, "check_text", broken)
    data = filled(cast, text="Our plumbago tea cures cancer.")
    shown = alice.post(reverse("posts:check_now"), data, headers={"HX-Request": "true"}).content.decode()
    assert "Nothing is wrong with your text; the checker is down." in shown
    assert "found nothing" not in shown
    assert "plumbago" not in caplog.text


def test_harmless_text_is_said_to_be_without_findings(cast: Cast, alice: Client) -> None:
    assert "The checks found nothing" in act(alice, "check_now", status=200, **filled(cast))
    assert "There is no text to check yet." in act(alice, "check_now", status=200, **filled(cast, text=" "))


# --- persons -----------------------------------------------------------------------------------------------------
@pytest.fixture
def patient(cast: Cast) -> Subject:
    subject = add_subject(by=cast.priya, kind="patient", name="Maria Plumbago")
    add_authorization(
        by=cast.priya,
        subject=subject,
        kind="hipaa",
        information=["name"],
        purposes=["social"],
        signed_on=date(2026, 1, 2),
        valid_from=clock.now() - timedelta(days=1),
        valid_until=None,
        all_channels=True,
    )
    return subject


def test_person_is_linked_by_token_and_shown_with_what_covers_them(cast: Cast, alice: Client, patient: Subject) -> None:
    typed = patient.token.removeprefix("P-").lower()
    to = act(alice, "create", **filled(cast, person_answer="patients", act="add_person", token=typed))
    assert to.endswith("#persons")
    post = Post.objects.get()
    shown = page(alice, "edit", post.pk)
    assert patient.token in shown
    assert "HIPAA authorization – Name – all channels – no end" in shown
    assert "Plumbago" not in shown
    record = patient.authorizations.get()
    key = patient.pk
    data = filled(
        cast,
        post=post.pk,
        edit_no=1,
        person_answer="patients",
        persons=[str(key)],
        **{f"information-{key}": ["name", "photo"], f"authorization-{key}": [str(record.pk)]},
    )
    act(alice, "edit", post.pk, **data)
    copy = Post.objects.get().working_copy
    assert copy.persons == [{"subject": str(key), "information": ["name", "photo"]}]
    assert copy.authorizations == [str(record.pk)]
    shown = page(alice, "detail", post.pk)
    assert "The authorization does not cover: Photo." in shown
    assert "Plumbago" not in shown
    act(alice, "edit", post.pk, **(data | {"edit_no": 2, f"remove-{key}": "1"}))
    assert Post.objects.get().working_copy.persons == []


def test_unknown_token_and_foreign_authorization(cast: Cast, alice: Client, patient: Subject) -> None:
    shown = act(alice, "create", status=422, **filled(cast, act="add_person", token="P-NOBODY"))
    assert "No person in the register has this token." in shown
    other = add_subject(by=cast.priya, kind="patient")
    foreign = patient.authorizations.get()
    data = filled(
        cast,
        person_answer="patients",
        persons=[str(other.pk), "rubbish"],
        **{f"authorization-{other.pk}": [str(foreign.pk), "rubbish"], f"information-{other.pk}": ["name", "rubbish"]},
    )
    act(alice, "create", **data)
    copy = Post.objects.get().working_copy
    assert copy.persons == [{"subject": str(other.pk), "information": ["name"]}]
    assert copy.authorizations == []


@pytest.mark.parametrize("button", ["save", "submit"])
def test_a_token_that_was_typed_and_not_added_is_not_lost(cast: Cast, alice: Client, button: str) -> None:
    shown = act(alice, "create", status=422, **filled(cast, act=button, token="P-NOBODY"))
    assert "No person in the register has this token." in shown
    assert not Post.objects.exists()
    subject = add_subject(by=cast.priya, kind="patient", name="Dora Testperson")
    alice.post(reverse("posts:create"), filled(cast, person_answer="patients", act=button, token=subject.token))
    assert Post.objects.get().working_copy.persons[0]["subject"] == str(subject.pk)
