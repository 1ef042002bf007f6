"""Law 2: nobody approves what they edited: no superuser, no administrator, no shortcut."""

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from healthsocial import clock
from healthsocial.audit.log import Refused
from healthsocial.org.models import Channel, Grant, User
from healthsocial.org.roles import Role
from posts import permissions
from posts.actions import hold
from posts.actions.approve import approve
from posts.actions.copy import content_of
from posts.actions.edit import Content, save_post
from posts.actions.pull_back import pull_back
from posts.actions.submit import submit
from posts.enums import State
from posts.models import Approval, Post, PostEditor
from tests.conftest import PASSWORD, Cast, give
from tests.posts import moves

pytestmark = pytest.mark.django_db


def _approve(post: Post, by: User) -> str:
    """The outcome: a state, or the code of the refusal."""
    post = moves.fresh(post)
    assert post.current_version_id is not None
    try:
        approve(post.pk, by=by, version_id=post.current_version_id, password=PASSWORD)
    except Refused as refused:
        return refused.reasons[0].code
    return str(moves.fresh(post).state)


def _edit(post: Post, by: User, text: str) -> None:
    post = moves.fresh(post)
    save_post(post.pk, by=by, edit_no=post.edit_no, content=Content(**{**content_of(post).__dict__, "text": text}))


def test_the_creator_does_not_approve_even_with_the_role(cast: Cast) -> None:
    give(cast.alice, Role.COMPLIANCE_OFFICER, group=cast.harbor.group)
    assert _approve(moves.in_review(cast), cast.alice) == "own_post"


def test_an_editor_does_not_approve(cast: Cast) -> None:
    give(cast.rob, Role.AUTHOR, group=cast.harbor.group)
    post = moves.draft(cast)
    _edit(post, cast.rob, "Flu shots on Saturday.")
    submit(post.pk, by=cast.alice)
    moves.checks_done(post)
    assert _approve(post, cast.rob) == "own_edit"
    assert _approve(post, cast.rita) == State.APPROVED


def test_without_the_guard_the_database_still_refuses(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    give(cast.alice, Role.COMPLIANCE_OFFICER, group=cast.harbor.group)
    post = moves.in_review(cast)
    monkeypatch.setattr(permissions, "own_work", lambda *_: None)
    with pytest.raises(DatabaseError, match="nobody approves what they edited"), transaction.atomic():
        _approve(post, cast.alice)


def test_an_editor_of_an_earlier_approved_version_may_approve_a_later_one(cast: Cast) -> None:
    give(cast.rob, Role.AUTHOR, group=cast.harbor.group)
    post = moves.draft(cast)
    _edit(post, cast.rob, "Flu shots on Saturday.")
    submit(post.pk, by=cast.alice)
    moves.checks_done(post)
    assert _approve(post, cast.rita) == State.APPROVED
    _edit(post, cast.alice, "Flu shots on Sunday.")
    submit(post.pk, by=cast.alice)
    moves.checks_done(post)
    assert _approve(post, cast.rob) == State.APPROVED


def test_a_voided_approval_of_the_same_words_does_not_wash_the_editor_clean(cast: Cast) -> None:
    give(cast.rob, Role.AUTHOR, group=cast.harbor.group)
    post = moves.draft(cast)
    _edit(post, cast.rob, "Flu shots on Saturday.")
    submit(post.pk, by=cast.alice)
    moves.checks_done(post)
    assert _approve(post, cast.rita) == State.APPROVED
    hold.hold(post.pk, by=cast.rita, words="Wait for the pharmacy.")
    hold.release(post.pk, by=cast.rita)
    moves.checks_done(post)
    assert _approve(post, cast.rob) == "own_edit"


def test_pulling_back_and_answering_are_not_editing(cast: Cast) -> None:
    post = moves.in_review(cast)
    pull_back(post.pk, by=cast.rita)
    submit(post.pk, by=cast.alice)
    moves.checks_done(post)
    assert _approve(post, cast.rita) == State.APPROVED


def test_an_administrator_cannot_approve_nor_give_themselves_the_role(cast: Cast) -> None:
    assert _approve(moves.in_review(cast), cast.adam) == "role_missing"
    with pytest.raises(IntegrityError), transaction.atomic():
        Grant.objects.create(
            user=cast.adam,
            role=Role.COMPLIANCE_OFFICER,
            scope="everything",
            starts_at=clock.now(),
            granted_by=cast.adam,
        )


def test_the_role_is_needed_on_every_channel(cast: Cast) -> None:
    give(cast.alice, Role.AUTHOR, channel=cast.other)
    post = moves.in_review(cast, channels=(cast.harbor.pk, cast.other.pk))
    assert _approve(post, cast.rita) == "role_missing"
    give(cast.rita, Role.COMPLIANCE_OFFICER, channel=cast.other)
    assert _approve(post, cast.rita) == State.APPROVED


def test_has_perm_has_no_superuser_and_no_vacuous_truth(cast: Cast) -> None:
    assert cast.rita.has_perm("posts.approve", cast.harbor)
    assert not cast.rita.has_perm("posts.approve", [])
    assert not cast.rita.has_perm("posts.approve")
    assert not cast.adam.has_perm("posts.approve", Channel.objects.all())
    assert cast.adam.is_superuser is False


def test_the_list_of_editors_cannot_be_changed(cast: Cast) -> None:
    post = moves.in_review(cast)
    with pytest.raises(DatabaseError), transaction.atomic():
        PostEditor.objects.filter(post=post).delete()
    with pytest.raises(DatabaseError), transaction.atomic():
        PostEditor.objects.filter(post=post).update(epoch=9)


def test_an_unchecked_version_cannot_be_approved_in_the_database(cast: Cast) -> None:
    post = moves.approved(cast)
    assert post.approval is not None
    values = {f.attname: getattr(post.approval, f.attname) for f in Approval._meta.concrete_fields if f.attname != "id"}
    pull_back(post.pk, by=cast.alice)
    with pytest.raises(DatabaseError, match="only a checked version"), transaction.atomic():
        Approval.objects.create(**{**values, "check_run": post.pk, "voided_at": None})
