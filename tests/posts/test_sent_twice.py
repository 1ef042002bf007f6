"""A form for something new that is sent twice (double click, browser back) makes one post."""

from uuid import uuid4

import pytest
from django.test import Client

from compliance.actions.register import add_subject
from compliance.models import Authorization, Subject
from healthsocial.audit.log import Refused
from healthsocial.audit.models import Event
from healthsocial.org.roles import Role
from posts.actions.edit import Content, create_post
from posts.models import Post
from tests.conftest import Cast, give
from tests.posts import moves, people

FIELDS = {"title": "Flu clinic", "text": "Our flu clinic opens on Saturday.", "kind": "original", "act": "save"}


@pytest.fixture
def alice(client: Client, cast: Cast) -> Client:
    client.force_login(cast.alice)
    return client


def form(cast: Cast, **changes: object) -> dict[str, object]:
    return {**FIELDS, "channels": [str(cast.harbor.pk)], "new": str(uuid4()), **changes}


def test_a_new_post_saved_twice_is_one(alice: Client, cast: Cast) -> None:
    sent = form(cast)
    first, second = alice.post("/posts/new/", sent), alice.post("/posts/new/", sent)
    post = Post.objects.get()
    assert str(post.pk) == sent["new"]
    assert [answer["Location"] for answer in (first, second)] == [f"/posts/{post.pk}/"] * 2
    assert (post.edit_no, Event.objects.filter(verb="post.created").count()) == (1, 1)


def test_control_without_the_id_two_clicks_make_two_posts(alice: Client, cast: Cast) -> None:
    sent = form(cast, new="")
    alice.post("/posts/new/", sent)
    alice.post("/posts/new/", sent)
    assert Post.objects.count() == 2


def test_going_back_and_changing_the_words_changes_the_same_post(alice: Client, cast: Cast) -> None:
    sent = form(cast)
    alice.post("/posts/new/", sent)
    alice.post("/posts/new/", {**sent, "text": "Our flu clinic opens on Sunday."})
    post = Post.objects.select_related("working_copy").get()
    assert (post.working_copy.text, post.edit_no) == ("Our flu clinic opens on Sunday.", 2)
    # A third look back is older than what is stored: shown side by side, nothing lost.
    answer = alice.post("/posts/new/", {**sent, "text": "Our flu clinic opens on Monday."})
    assert answer.status_code == 409
    assert "Our flu clinic opens on Monday." in answer.content.decode()


def test_the_id_of_another_persons_post_opens_nothing(alice: Client, cast: Cast) -> None:
    hidden = moves.draft(cast, by=cast.mallory, channels=(cast.other.pk,))
    assert alice.post("/posts/new/", form(cast, new=str(hidden.pk))).status_code == 404
    assert moves.fresh(hidden).working_copy.text == moves.CLEAN
    with pytest.raises(Refused) as refused:
        create_post(by=cast.alice, content=Content(text="x"), new=hidden.pk)
    assert refused.value.reasons[0].code == "already_saved"


def test_copy_pressed_twice_is_one_copy(alice: Client, cast: Cast) -> None:
    post = moves.draft(cast)
    new = str(uuid4())
    answers = [alice.post(f"/posts/{post.pk}/copy/", {"new": new}) for _press in range(2)]
    assert [answer["Location"] for answer in answers] == [f"/posts/{new}/edit/"] * 2
    assert Post.objects.count() == 2


def test_the_pages_carry_the_id(alice: Client, cast: Cast) -> None:
    post = moves.draft(cast)
    for page in ("/posts/new/", f"/posts/{post.pk}/"):
        assert alice.get(page).content.decode().count('name="new" value="') >= 1


def test_the_back_button_after_saving_leads_to_what_was_saved(alice: Client, cast: Cast) -> None:
    sent = form(cast)
    address = f"/posts/new/?new={sent['new']}"
    assert f'name="new" value="{sent["new"]}"' in alice.get(address).content.decode()
    alice.post("/posts/new/", sent)
    assert alice.get(address)["Location"] == f"/posts/{sent['new']}/edit/"
    assert alice.get("/posts/new/?new=nonsense").status_code == 200


def test_a_person_and_an_authorization_sent_twice_are_one(client: Client, cast: Cast) -> None:
    client.force_login(cast.priya)
    new = str(uuid4())
    for _press in range(2):
        client.post("/authorizations/people/new/", {"kind": "patient", "name": "Wilma Testperson", "new": new})
    subject = Subject.objects.get()
    assert str(subject.pk) == new
    record = people.authorization(cast, subject)
    assert people.authorization(cast, subject, new=record.pk).number == record.number
    assert Authorization.objects.count() == 1
    people.authorization(cast, subject)  # the control: another form is another record
    assert Authorization.objects.count() == 2
    assert Event.objects.filter(verb="authorization.added").count() == 2


def test_the_id_of_another_officers_record_makes_no_second_one(cast: Cast) -> None:
    """Nor an error: whoever registers may see the whole register."""
    give(cast.rob, Role.PRIVACY_OFFICER, group=cast.harbor.group)
    subject = add_subject(by=cast.priya, kind="patient")
    assert add_subject(by=cast.rob, kind="visitor", new=subject.pk) == subject
    assert Subject.objects.count() == 1
