"""Law 9: history cannot vanish."""

import pytest
from django.core import checks
from django.db import DatabaseError, connection, transaction
from django.db.models import ProtectedError

from healthsocial.audit import triggers
from healthsocial.audit.log import Refused
from healthsocial.audit.models import Event, Head
from healthsocial.org.models import User
from posts.actions.copy import content_of
from posts.actions.edit import Content, save_post
from posts.actions.pull_back import pull_back
from posts.actions.redact import redact_version
from posts.actions.submit import submit
from posts.models import Approval, Post, PostVersion
from tests.conftest import Cast
from tests.posts import moves

pytestmark = pytest.mark.django_db

PROTECTED = [
    "audit_event", "posts_post", "posts_postversion", "posts_approval", "posts_delivery", "posts_posteditor", "posts_reviewdecision",
    "compliance_finding", "compliance_answer", "compliance_checkrun", "org_user", "org_grant",
]  # fmt: skip


@pytest.mark.parametrize("table", PROTECTED)
def test_rows_of_history_cannot_be_deleted(cast: Cast, table: str) -> None:
    moves.published(cast)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        if not cursor.fetchone()[0]:
            return  # the path above leaves no row here; the trigger's presence is checked below
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table}")


def test_events_cannot_be_changed(cast: Cast) -> None:
    moves.draft(cast)
    with pytest.raises(DatabaseError, match="audit events cannot be changed"), transaction.atomic():
        Event.objects.update(actor_name="Somebody else")


def test_without_its_trigger_an_event_could_be_changed_and_the_check_says_so(cast: Cast) -> None:
    moves.draft(cast)
    statement = "DROP TRIGGER audit_event_no_update" + (" ON audit_event" if connection.vendor == "postgresql" else "")
    with connection.cursor() as cursor:
        cursor.execute(statement)
    assert Event.objects.update(actor_name="Somebody else") == 1
    assert triggers.missing() == ["audit_event_no_update"]
    assert [error.id for error in checks.run_checks(databases=["default"], tags=[checks.Tags.database])] == [
        "audit.E001"
    ]
    triggers.install()
    assert triggers.missing() == []


def test_people_are_protected_by_their_acts(cast: Cast) -> None:
    moves.draft(cast)
    with pytest.raises((ProtectedError, DatabaseError)), transaction.atomic():
        User.objects.get(pk=cast.alice.pk).delete()


def test_events_keep_the_name_of_then(cast: Cast) -> None:
    post = moves.draft(cast)
    User.objects.filter(pk=cast.alice.pk).update(name="Alice Newname")
    assert Event.objects.get(target_id=str(post.pk), verb="post.created").actor_name == "Alice Example"


def test_a_privacy_officer_redacts_a_version_that_was_never_approved(cast: Cast) -> None:
    post = moves.in_review(cast)
    pull_back(post.pk, by=cast.alice)
    version = PostVersion.objects.get(post=post)
    redact_version(version.pk, by=cast.priya, words="It named a patient by mistake.")
    version.refresh_from_db()
    assert (version.canonical, version.seal) == ("", post.current_version.seal if post.current_version else "")
    assert moves.fresh(post).working_copy.text == ""
    assert Event.objects.filter(verb="version.redacted", target_id=str(post.pk)).count() == 1


def test_an_approved_version_is_never_redacted(cast: Cast) -> None:
    post = moves.approved(cast)
    pull_back(post.pk, by=cast.alice)
    version = PostVersion.objects.get(post=post)
    with pytest.raises(Refused) as refused:
        redact_version(version.pk, by=cast.priya, words="It named a patient by mistake.")
    assert refused.value.reasons[0].code == "was_approved"
    with pytest.raises(DatabaseError), transaction.atomic():
        PostVersion.objects.filter(pk=version.pk).update(canonical="", redacted_at=post.created_at)


def test_a_redacted_text_submitted_again_is_a_new_version(cast: Cast) -> None:
    post = moves.in_review(cast)
    pull_back(post.pk, by=cast.alice)
    redact_version(PostVersion.objects.get(post=post).pk, by=cast.priya, words="It named a patient by mistake.")
    now = moves.fresh(post)
    content = Content(text="A new text without a name.", channels=(cast.harbor.pk,), title="Flu clinic")
    save_post(post.pk, by=cast.alice, edit_no=now.edit_no, content=content)
    submit(post.pk, by=cast.alice)
    assert list(PostVersion.objects.filter(post=post).values_list("number", flat=True)) == [2, 1]


def _says(post: Post, by: Cast, text: str, **changes: object) -> None:
    now = moves.fresh(post)
    content = Content(**{**content_of(now).__dict__, "text": text, **changes})
    save_post(post.pk, by=by.alice, edit_no=now.edit_no, content=content)


def test_redacting_leaves_what_the_author_wrote_since(cast: Cast) -> None:
    post = moves.in_review(cast)
    assert post.current_version_id is not None
    _says(post, cast, "An entirely new text, an hour of work.")
    edit_no = moves.fresh(post).edit_no
    redact_version(post.current_version_id, by=cast.priya, words="It named a patient by mistake.")
    after = moves.fresh(post)
    assert (after.working_copy.text, after.edit_no) == ("An entirely new text, an hour of work.", edit_no)


def test_redacting_empties_a_draft_with_the_same_words_for_other_channels(cast: Cast) -> None:
    post = moves.in_review(cast, notes="Ask the desk first.")
    assert post.current_version_id is not None
    _says(post, cast, moves.CLEAN, channels=(cast.heart.pk,))
    redact_version(post.current_version_id, by=cast.priya, words="It named a patient by mistake.")
    after = moves.fresh(post)
    assert (after.working_copy.text, after.notes, after.title) == ("", "Ask the desk first.", "Flu clinic")


def test_redacted_words_submitted_again_are_refused_with_a_reason(cast: Cast) -> None:
    post = moves.in_review(cast)
    assert post.current_version_id is not None
    pull_back(post.pk, by=cast.alice)
    redact_version(post.current_version_id, by=cast.priya, words="It named a patient by mistake.")
    _says(post, cast, moves.CLEAN)
    with pytest.raises(Refused) as refused:
        submit(post.pk, by=cast.alice)
    assert [reason.code for reason in refused.value.reasons] == ["redacted_words"]
    _says(post, cast, moves.CLEAN + " Bring a friend.")
    submit(post.pk, by=cast.alice)
    assert PostVersion.objects.filter(post=post).count() == 2


@pytest.mark.parametrize("state", ["approved", "scheduled", "published"])
def test_no_state_is_reached_around_the_machine(cast: Cast, state: str) -> None:
    post = moves.draft(cast)
    with pytest.raises(DatabaseError), transaction.atomic():
        Post.objects.filter(pk=post.pk).update(state=state)
    with pytest.raises(AttributeError):
        post.state = state


def test_a_signature_cannot_be_moved_or_changed(cast: Cast) -> None:
    post = moves.approved(cast)
    other = moves.in_review(cast, "Another text.")
    with pytest.raises(DatabaseError, match="a signature cannot be changed"), transaction.atomic():
        Approval.objects.filter(pk=post.approval_id).update(version=other.current_version)
    with pytest.raises(DatabaseError, match="a signature cannot be changed"), transaction.atomic():
        Approval.objects.filter(pk=post.approval_id).update(by_name="Somebody else")


def test_the_chain_has_no_gap(cast: Cast) -> None:
    moves.published(cast)
    seqs = list(Event.objects.order_by("seq").values_list("seq", flat=True))
    assert seqs == list(range(1, Head.objects.get().seq + 1))
