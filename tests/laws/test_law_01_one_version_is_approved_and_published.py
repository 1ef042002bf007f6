"""Law 1: one version is approved, that version is published."""

from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction
from pytest_django import Settings

from healthsocial.audit.log import Refused
from healthsocial.audit.models import Event
from posts import canonical, guards
from posts.actions.copy import content_of
from posts.actions.deliver import deliver
from posts.actions.edit import Content, save_post
from posts.actions.recheck import recheck_everything_outdated
from posts.actions.schedule import schedule
from posts.enums import DeliveryState, State
from posts.models import Approval, Delivery, LocalPublication, Post, PostVersion, WorkingCopy
from tests.conftest import Cast
from tests.laws.packs import with_rule_on
from tests.posts import moves

pytestmark = pytest.mark.django_db


def _save(cast: Cast, post: Post, **changes: object) -> Post:
    content = Content(**{**content_of(post).__dict__, **changes})  # type: ignore[arg-type]
    return save_post(post.pk, by=cast.alice, edit_no=post.edit_no, content=content)


def test_the_approval_stores_the_seal_of_the_canonical_bytes(cast: Cast) -> None:
    post = moves.approved(cast)
    assert post.approval is not None
    assert post.current_version is not None
    assert post.approval.seal == canonical.seal_of(post.current_version.canonical)


def test_schedule_refuses_a_difference_and_names_the_field(cast: Cast) -> None:
    post = moves.approved(cast)
    WorkingCopy.objects.filter(post=post).update(first_comment="slipped in behind the actions")
    with pytest.raises(Refused) as refused:
        schedule(post.pk, by=cast.rita, slot=moves.tomorrow())
    assert [reason.code for reason in refused.value.reasons] == ["seal_broken"]
    assert "first_comment" in refused.value.reasons[0].message


def test_publishing_refuses_a_difference_and_nothing_leaves(cast: Cast) -> None:
    post = moves.approved(cast)
    schedule(post.pk, by=cast.rita, publish_now=True)
    WorkingCopy.objects.filter(post=post).update(text="not what was approved")
    assert deliver(Delivery.objects.get(post=post).pk) == "stopped"
    assert moves.fresh(post).state == State.HELD
    assert moves.fresh(post).reason_code == "seal_broken"
    assert not LocalPublication.objects.exists()


def test_without_the_seal_guard_the_same_post_would_leave(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    post = moves.approved(cast)
    schedule(post.pk, by=cast.rita, publish_now=True)
    WorkingCopy.objects.filter(post=post).update(text="not what was approved")
    monkeypatch.setattr(guards, "seal_matches", lambda *_: [])
    assert deliver(Delivery.objects.get(post=post).pk) == DeliveryState.SENT


def test_what_is_published_is_the_version_not_the_working_copy(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    post = moves.approved(cast)
    schedule(post.pk, by=cast.rita, publish_now=True)
    WorkingCopy.objects.filter(post=post).update(text="not what was approved")
    monkeypatch.setattr(guards, "seal_matches", lambda *_: [])
    deliver(Delivery.objects.get(post=post).pk)
    assert LocalPublication.objects.get().text == moves.CLEAN


def test_a_save_that_changes_nothing_keeps_seal_state_and_slot(cast: Cast) -> None:
    post = moves.scheduled(cast)
    events = Event.objects.count()
    _save(cast, post)
    after = moves.fresh(post)
    assert (after.state, after.approval_id, after.slot_at, after.edit_no) == (
        State.SCHEDULED,
        post.approval_id,
        post.slot_at,
        post.edit_no,
    )
    assert Event.objects.count() == events


def test_a_save_of_notes_keeps_the_approval(cast: Cast) -> None:
    post = moves.scheduled(cast)
    _save(cast, post, notes="Ask the photographer.", tags=("flu",))
    after = moves.fresh(post)
    assert (after.state, after.approval_id, after.notes) == (State.SCHEDULED, post.approval_id, "Ask the photographer.")


def test_a_save_that_changes_the_text_pulls_the_post_back(cast: Cast) -> None:
    post = moves.scheduled(cast)
    _save(cast, post, text=moves.CLEAN + " Bring a friend.")
    after = moves.fresh(post)
    assert (after.state, after.approval_id, after.slot_at) == (State.DRAFT, None, None)
    assert list(Delivery.objects.filter(post=post).values_list("state", flat=True)) == [DeliveryState.CANCELLED]
    assert post.approval is not None
    post.approval.refresh_from_db()
    assert post.approval.voided_why == "edited"


def test_submitting_the_same_bytes_again_makes_no_new_version(cast: Cast) -> None:
    post = moves.in_review(cast)
    changed = _save(cast, post, text=moves.CLEAN + " Bring a friend.")
    back = _save(cast, moves.fresh(changed), text=moves.CLEAN)
    from posts.actions.submit import submit

    submit(back.pk, by=cast.alice)
    assert list(PostVersion.objects.filter(post=post).values_list("number", flat=True)) == [1]


def test_a_version_cannot_be_changed_in_the_database(cast: Cast) -> None:
    post = moves.in_review(cast)
    with pytest.raises(DatabaseError), transaction.atomic():
        PostVersion.objects.filter(post=post).update(canonical="{}")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM posts_postversion")


def test_changed_packs_that_find_nothing_new_move_the_check_pointer(
    cast: Cast, settings: Settings, tmp_path: Path
) -> None:
    post = moves.scheduled(cast)
    assert post.approval is not None
    settings.RULEPACK_DIR = with_rule_on("zeppelin", tmp_path)
    assert recheck_everything_outdated() == 1
    after = moves.checks_done(post)
    assert after.approval is not None
    assert (after.state, after.approval_id) == (State.SCHEDULED, post.approval_id)
    assert after.approval.check_run != post.approval.check_run
    assert after.approval.packs_digest != post.approval.packs_digest
    assert Event.objects.filter(target_id=str(post.pk), verb="approval.check_moved").count() == 1


def test_changed_packs_that_find_something_new_hold_the_post(cast: Cast, settings: Settings, tmp_path: Path) -> None:
    post = moves.scheduled(cast)
    settings.RULEPACK_DIR = with_rule_on("saturday", tmp_path)
    recheck_everything_outdated()
    after = moves.checks_done(post)
    assert (after.state, after.reason_code, after.approval_id) == (State.HELD, "recheck_found_something", None)
    assert list(Delivery.objects.filter(post=post).values_list("state", flat=True)) == [DeliveryState.CANCELLED]


def test_a_post_checked_with_old_packs_does_not_leave_before_the_recheck(
    cast: Cast, settings: Settings, tmp_path: Path
) -> None:
    post = moves.approved(cast)
    schedule(post.pk, by=cast.rita, publish_now=True)
    settings.RULEPACK_DIR = with_rule_on("zeppelin", tmp_path)
    delivery = Delivery.objects.get(post=post)
    assert deliver(delivery.pk) == "stopped"
    delivery.refresh_from_db()
    assert (delivery.state, delivery.error_code) == (DeliveryState.DUE, "check_outdated")


def test_a_signature_that_was_changed_behind_the_triggers_is_not_relied_on(cast: Cast) -> None:
    post = moves.approved(cast)
    statement = "DROP TRIGGER posts_approval_written_once"
    with connection.cursor() as cursor:
        cursor.execute(statement + (" ON posts_approval" if connection.vendor == "postgresql" else ""))
    Approval.objects.filter(pk=post.approval_id).update(by_name="Somebody else")
    with pytest.raises(Refused) as refused:
        schedule(post.pk, by=cast.rita, slot=moves.tomorrow())
    assert [reason.code for reason in refused.value.reasons] == ["signature_broken"]
