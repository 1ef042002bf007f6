"""Law 11: findings answer to words: keyed by sentence and rule, reopened when either changes."""

import pytest

from compliance.enums import Severity
from compliance.models import Answer, Finding
from compliance.queries import newest_complete_run, with_answers
from healthsocial.audit.log import Denied, Refused
from posts.actions.answer import answer
from posts.actions.approve import approve
from posts.actions.copy import content_of
from posts.actions.edit import Content, save_post
from posts.actions.submit import submit
from posts.enums import State
from posts.models import Post
from tests.conftest import PASSWORD, Cast
from tests.posts import moves, people

pytestmark = pytest.mark.django_db

CLAIM = "Our herbal tea cures arthritis."
WARNED = "Results guaranteed in three weeks."
TAIL = " Come and see us on Saturday."


def _findings(post: Post) -> list[Finding]:
    run = newest_complete_run(post.current_version_id) if post.current_version_id else None
    assert run is not None
    return list(run.findings.exclude(severity=Severity.NOTE))


def _edit(post: Post, cast: Cast, text: str) -> Post:
    post = moves.fresh(post)
    save_post(
        post.pk, by=cast.alice, edit_no=post.edit_no, content=Content(**{**content_of(post).__dict__, "text": text})
    )
    submit(post.pk, by=cast.alice)
    return moves.checks_done(post)


def test_a_blocking_finding_sends_the_post_back_until_the_author_disputes(cast: Cast) -> None:
    post = moves.in_review(cast, CLAIM)
    assert (post.state, post.reason_code) == (State.CHANGES_REQUESTED, "blocking_finding")
    for finding in _findings(post):
        if finding.severity == Severity.BLOCK:
            answer(
                post.pk,
                finding.pk,
                by=cast.alice,
                side="author",
                kind="false_alarm",
                words="We quote a myth to rebut it.",
            )
    submit(post.pk, by=cast.alice)
    assert moves.checks_done(post).state == State.IN_REVIEW


def test_an_authors_answer_never_clears_anything_at_approval(cast: Cast) -> None:
    post = moves.in_review(cast, WARNED)
    for finding in _findings(post):
        answer(
            post.pk,
            finding.pk,
            by=cast.alice,
            side="author",
            kind="false_alarm",
            words="This is about a course of study.",
        )
    assert post.current_version_id is not None
    with pytest.raises(Refused) as refused:
        approve(post.pk, by=cast.rita, version_id=post.current_version_id, password=PASSWORD)
    assert {reason.code for reason in refused.value.reasons} == {"finding_unanswered"}


def test_the_officers_answer_does(cast: Cast) -> None:
    post = moves.in_review(cast, WARNED)
    for finding in _findings(post):
        answer(
            post.pk,
            finding.pk,
            by=cast.rita,
            side="officer",
            kind="accepted",
            words="About a course of study, not care.",
        )
    assert post.current_version_id is not None
    approve(post.pk, by=cast.rita, version_id=post.current_version_id, password=PASSWORD)
    assert moves.fresh(post).state == State.APPROVED


def test_an_answer_survives_an_edit_elsewhere_and_reopens_when_its_sentence_changes(cast: Cast) -> None:
    post = moves.in_review(cast, WARNED)
    for finding in _findings(post):
        answer(
            post.pk,
            finding.pk,
            by=cast.rita,
            side="officer",
            kind="accepted",
            words="About a course of study, not care.",
        )
    post = _edit(post, cast, WARNED + TAIL)
    run = newest_complete_run(post.current_version_id) if post.current_version_id else None
    assert run is not None
    kept = [item.officer is not None for item in with_answers(run) if item.finding.severity == Severity.WARN]
    assert kept
    assert all(kept)
    post = _edit(post, cast, "Results guaranteed in four weeks." + TAIL)
    run = newest_complete_run(post.current_version_id) if post.current_version_id else None
    assert run is not None
    assert not any(item.officer for item in with_answers(run))


def test_a_hard_number_cannot_be_answered_only_removed(cast: Cast) -> None:
    post = moves.in_review(cast, "Chart ready for pickup, SSN 536-22-8726.")
    hard = next(finding for finding in _findings(post) if finding.hard)
    assert (post.state, post.reason_code) == (State.CHANGES_REQUESTED, "hard_finding")
    with pytest.raises(Refused) as refused:
        answer(post.pk, hard.pk, by=cast.alice, side="author", kind="false_alarm", words="It is an invented number.")
    assert "hard_finding" in [reason.code for reason in refused.value.reasons]
    assert _edit(post, cast, "Chart ready for pickup.").state == State.IN_REVIEW


def test_an_officer_does_not_answer_findings_of_their_own_post(cast: Cast) -> None:
    from healthsocial.org.roles import Role
    from tests.conftest import give

    give(cast.alice, Role.COMPLIANCE_OFFICER, group=cast.harbor.group)
    post = moves.in_review(cast, WARNED)
    with pytest.raises(Denied):
        answer(
            post.pk,
            _findings(post)[0].pk,
            by=cast.alice,
            side="officer",
            kind="accepted",
            words="Looks fine to me, really.",
        )


def test_a_note_needs_no_answer_and_words_are_required(cast: Cast) -> None:
    post = moves.in_review(cast, WARNED)
    with pytest.raises(Refused) as refused:
        answer(post.pk, _findings(post)[0].pk, by=cast.rita, side="officer", kind="accepted", words="ok")
    assert [reason.code for reason in refused.value.reasons] == ["words_missing"]
    assert Answer.objects.count() == 0


STORY_OF_A_PATIENT = "Our patient Wilma Testperson went home last Tuesday after her knee replacement surgery."


def test_an_authorization_finding_is_cleared_by_cover_or_by_dispute_and_officer(cast: Cast) -> None:
    record = people.authorization(cast, information=["name", "quote", "story"])
    post = people.story(cast, record, text=STORY_OF_A_PATIENT)
    assert post.state == State.IN_REVIEW, post.reason_code
    for finding in _findings(post):
        answer(post.pk, finding.pk, by=cast.rita, side="officer", kind="authorised", authorization_id=record.pk)
    assert post.current_version_id is not None
    approve(post.pk, by=cast.rita, version_id=post.current_version_id, password=PASSWORD)
    assert moves.fresh(post).state == State.APPROVED


def test_without_the_authors_dispute_an_officer_cannot_wave_it_through(cast: Cast) -> None:
    record = people.authorization(cast)
    post = people.story(cast, record, text=STORY_OF_A_PATIENT)
    for finding in _findings(post):
        answer(
            post.pk,
            finding.pk,
            by=cast.rita,
            side="officer",
            kind="not_identifiable",
            words="I do not think anyone knows her.",
        )
    assert post.current_version_id is not None
    with pytest.raises(Refused) as refused:
        approve(post.pk, by=cast.rita, version_id=post.current_version_id, password=PASSWORD)
    assert "authorization_needed" in {reason.code for reason in refused.value.reasons}


def test_naming_a_record_that_the_version_does_not_rely_on_is_no_answer(cast: Cast) -> None:
    record = people.authorization(cast)
    post = moves.in_review(cast, "Our patient Mary Jones beat diabetes after treatment in our clinic on March 3.")
    assert (post.state, post.reason_code) == (State.CHANGES_REQUESTED, "blocking_finding")
    blocking = Finding.objects.filter(run__thread=post.pk, severity=Severity.BLOCK, hard=False)
    for finding in blocking:
        answer(post.pk, finding.pk, by=cast.alice, side="author", kind="authorised", authorization_id=record.pk)
    submit(post.pk, by=cast.alice)
    again = moves.checks_done(post)
    assert (again.state, again.reason_code) == (State.CHANGES_REQUESTED, "blocking_finding")
    # The twin: linked to the person and relied on by the version, the same record lets it go to the officer.
    now = moves.fresh(post)
    linked = {
        "person_answer": "patients",
        "persons": ({"subject": str(record.subject_id), "information": ["name", "story"]},),
        "authorizations": (str(record.pk),),
    }
    content = Content(**{**content_of(now).__dict__, **linked})
    save_post(post.pk, by=cast.alice, edit_no=now.edit_no, content=content)
    submit(post.pk, by=cast.alice)
    assert moves.checks_done(post).state == State.IN_REVIEW


def test_accepted_by_the_author_is_no_dispute(cast: Cast) -> None:
    post = moves.in_review(cast, CLAIM)
    for finding in Finding.objects.filter(run__thread=post.pk, severity=Severity.BLOCK):
        answer(post.pk, finding.pk, by=cast.alice, side="author", kind="accepted", words="We always say it so.")
    submit(post.pk, by=cast.alice)
    assert moves.checks_done(post).state == State.CHANGES_REQUESTED
