"""Holes that a review of the core found, each with the law it broke. Every test failed before its repair."""

from datetime import timedelta

import pytest
import time_machine
from pytest_django import Settings

from compliance.actions.register import revoke_authorization
from compliance.models import Finding
from healthsocial import clock
from healthsocial.audit.log import Refused
from healthsocial.audit.models import Event
from healthsocial.org.models import Alert, Channel
from healthsocial.org.roles import Role
from posts import rounds
from posts.actions import decide, leases, settle, takedown
from posts.actions import deliver as steps
from posts.actions.answer import answer
from posts.actions.approve import approve, blockers
from posts.actions.copy import content_of
from posts.actions.crisis_stop import release_stop, start_stop
from posts.actions.edit import Content, save_post
from posts.actions.recheck import recheck_everything_outdated
from posts.actions.schedule import schedule
from posts.actions.submit import submit
from posts.enums import DeliveryState, State
from posts.models import Delivery, LocalPublication, Post
from posts.networks.base import Permanent, Retryable, Unknown
from tests.conftest import PASSWORD, Cast, give
from tests.laws.packs import with_rule_on
from tests.posts import moves, people

pytestmark = pytest.mark.django_db
D = DeliveryState
WORDS = "withdrawn by phone"


@pytest.fixture(autouse=True)
def _no_broker(settings: Settings) -> None:
    settings.BROKER_CONFIGURED = False


def _sending(post: Post) -> steps.Claim:
    claim = steps.claim_delivery(Delivery.objects.get(post=post).pk)
    assert claim is not None
    assert steps.begin_sending(claim) is not None
    return claim


def _save(post: Post, cast: Cast, by: str = "alice", **changes: object) -> Post:
    post = moves.fresh(post)
    content = Content(**{**content_of(post).__dict__, **changes})  # type: ignore[arg-type]
    return save_post(post.pk, by=getattr(cast, by), edit_no=post.edit_no, content=content)


def _refusal(call: object) -> list[str]:
    with pytest.raises(Refused) as refused:
        call()  # type: ignore[operator]
    return [reason.code for reason in refused.value.reasons]


def test_law_7_a_revocation_while_leaving_is_not_lost_when_the_network_does_not_answer(cast: Cast) -> None:
    record = people.authorization(cast)
    post = people.approved_story(cast, record)
    schedule(post.pk, by=cast.rita, publish_now=True)
    claim = _sending(post)
    revoke_authorization(record.pk, by=cast.priya, words=WORDS)
    steps.record_outcome(claim, Unknown("no_answer"))
    assert moves.fresh(post).state == State.TAKEDOWN_REQUESTED
    settle.resolve_unconfirmed(claim.delivery, by=cast.rita, arrived=True, proof="It stands on the page.")
    assert Delivery.objects.get(pk=claim.delivery).removal_wanted_at is not None


def test_law_7_a_takedown_cannot_be_cancelled_when_the_authorization_ended(cast: Cast) -> None:
    record = people.authorization(cast)
    post = people.approved_story(cast, record)
    schedule(post.pk, by=cast.rita, publish_now=True)
    steps.deliver(Delivery.objects.get(post=post).pk)
    takedown.request_takedown(post.pk, by=cast.rita, words="There is a typing error in it.")
    revoke_authorization(record.pk, by=cast.priya, words=WORDS)
    assert _refusal(lambda: takedown.cancel_takedown(post.pk, by=cast.rita)) == ["uncovered_revoked"]
    assert Event.objects.filter(target_id=str(post.pk), verb="post.authorization_ended").count() == 1


def test_law_8_an_author_does_not_let_an_approved_post_pass_a_stop(cast: Cast) -> None:
    post = moves.approved(cast)
    _save(post, cast, emergency=True)
    assert (moves.fresh(post).state, moves.fresh(post).approval_id) == (State.DRAFT, None)


def test_law_8_what_was_refused_during_a_stop_does_not_fire_after_it(cast: Cast) -> None:
    post = moves.approved(cast)
    schedule(post.pk, by=cast.rita, publish_now=True)
    claim = _sending(post)
    stop = start_stop(by=cast.rita, scope="group", group=cast.harbor.group, reason="Incident on site")
    steps.record_outcome(claim, Retryable("429", after_seconds=1))
    release_stop(stop.pk, by=cast.rita)
    rounds.run_round()
    assert Delivery.objects.get(pk=claim.delivery).state == D.FAILED
    assert moves.fresh(post).state == State.MISSED
    assert not LocalPublication.objects.exists()


def test_law_8_a_retry_after_the_stop_is_not_taken_down_again(cast: Cast) -> None:
    practice = Channel.objects.create(group=cast.harbor.group, name="Practice", slug="practice", network="practice")
    post = moves.approved(cast, channels=(cast.harbor.pk, practice.pk))
    schedule(post.pk, by=cast.rita, publish_now=True)
    steps.deliver(Delivery.objects.get(post=post, channel=cast.harbor).pk)
    claim = steps.claim_delivery(Delivery.objects.get(post=post, channel=practice).pk)
    assert claim is not None
    assert steps.begin_sending(claim) is not None
    stop = start_stop(by=cast.rita, scope="channel", channel=practice, reason="Incident on site")
    steps.record_outcome(claim, Permanent("refused"))
    release_stop(stop.pk, by=cast.rita)
    settle.retry(post.pk, by=cast.rita)
    rounds.run_round()
    assert moves.fresh(post).state == State.PUBLISHED


def test_a_takedown_of_something_unconfirmed_cannot_end_as_published(cast: Cast) -> None:
    post = moves.approved(cast)
    schedule(post.pk, by=cast.rita, publish_now=True)
    steps.record_outcome(_sending(post), Unknown("no_answer"))
    takedown.request_takedown(post.pk, by=cast.rita, words="There is a typing error in it.")
    assert _refusal(lambda: takedown.cancel_takedown(post.pk, by=cast.rita)) == ["nothing_sent", "unconfirmed"]


def test_law_1_what_is_going_out_is_rechecked_and_can_be_retried(
    cast: Cast, settings: Settings, tmp_path: object
) -> None:
    practice = Channel.objects.create(
        group=cast.harbor.group, name="Practice", slug="practice", network="practice", practice_mode="refuse"
    )
    post = moves.approved(cast, channels=(cast.harbor.pk, practice.pk))
    schedule(post.pk, by=cast.rita, publish_now=True)
    rounds.run_round()
    Channel.objects.filter(pk=practice.pk).update(practice_mode="accept")
    settings.RULEPACK_DIR = with_rule_on("zeppelin", tmp_path)  # type: ignore[arg-type]
    assert _refusal(lambda: settle.retry(post.pk, by=cast.rita)) == ["check_outdated"]
    assert recheck_everything_outdated() == 1
    moves.checks_done(post)
    settle.retry(post.pk, by=cast.rita)
    rounds.run_round()
    assert moves.fresh(post).state == State.PUBLISHED


def test_law_5_a_retry_that_the_rules_forbid_says_so(cast: Cast, settings: Settings, tmp_path: object) -> None:
    practice = Channel.objects.create(
        group=cast.harbor.group, name="Practice", slug="practice", network="practice", practice_mode="refuse"
    )
    post = moves.approved(cast, channels=(cast.harbor.pk, practice.pk))
    schedule(post.pk, by=cast.rita, publish_now=True)
    rounds.run_round()
    settings.RULEPACK_DIR = with_rule_on("saturday", tmp_path)  # type: ignore[arg-type]
    recheck_everything_outdated()
    moves.checks_done(post)
    assert _refusal(lambda: settle.retry(post.pk, by=cast.rita)) == ["recheck_found_something"]
    settle.settle(post.pk, by=cast.rita)
    assert moves.fresh(post).state == State.PUBLISHED


def test_incomplete_with_nothing_sent_becomes_missed(cast: Cast) -> None:
    post = moves.approved(cast)
    schedule(post.pk, by=cast.rita, publish_now=True)
    claim = _sending(post)
    steps.record_outcome(claim, Unknown("no_answer"))
    settle.resolve_unconfirmed(claim.delivery, by=cast.rita, arrived=False, proof="It is not on the page.")
    assert moves.fresh(post).state == State.MISSED
    schedule(post.pk, by=cast.rita, publish_now=True)
    rounds.run_round()
    assert moves.fresh(post).state == State.PUBLISHED
    assert not Alert.objects.filter(resolved_at__isnull=True).exists()


def test_a_removal_that_has_begun_cannot_be_called_off(cast: Cast) -> None:
    post = moves.published(cast)
    takedown.request_takedown(post.pk, by=cast.rita, words="There is a typing error in it.")
    row = Delivery.objects.get(post=post)
    assert leases._begin_removal(row)
    assert _refusal(lambda: takedown.cancel_takedown(post.pk, by=cast.rita)) == ["already_removed"]
    assert leases.remove_delivery(row.pk)


def test_a_post_that_a_person_found_on_the_page_can_be_taken_down(cast: Cast) -> None:
    post = moves.approved(cast)
    schedule(post.pk, by=cast.rita, publish_now=True)
    claim = steps.claim_delivery(Delivery.objects.get(post=post).pk)
    assert claim is not None
    order = steps.begin_sending(claim)
    assert order is not None
    from posts.networks.local import LocalNetwork

    LocalNetwork().send(order)
    steps.record_outcome(claim, Unknown("no_answer"))
    settle.resolve_unconfirmed(claim.delivery, by=cast.rita, arrived=True, proof="It stands on the page.")
    takedown.request_takedown(post.pk, by=cast.rita, words="There is a typing error in it.")
    rounds.run_round()
    assert LocalPublication.objects.get().removed_at is not None
    takedown.confirm_takedown(post.pk, by=cast.rita)


def test_law_2_words_of_ones_own_stay_ones_own_in_a_later_epoch(cast: Cast) -> None:
    give(cast.rob, Role.AUTHOR, group=cast.harbor.group)
    post = moves.draft(cast)
    _save(post, cast, by="rob", text="Words by Rob about Saturday.")
    submit(post.pk, by=cast.alice)
    moves.checks_done(post)
    _save(post, cast, text="Words by Alice about Saturday.")
    submit(post.pk, by=cast.alice)
    post = moves.checks_done(post)
    assert post.current_version_id is not None
    approve(post.pk, by=cast.rita, version_id=post.current_version_id, password=PASSWORD)
    _save(post, cast, text="Words by Rob about Saturday.")
    submit(post.pk, by=cast.alice)
    post = moves.checks_done(post)
    version = post.current_version_id
    assert version is not None
    assert _refusal(lambda: approve(post.pk, by=cast.rob, version_id=version, password=PASSWORD)) == ["own_edit"]


def test_law_2_the_word_of_an_officer_who_edits_afterwards_does_not_count(cast: Cast) -> None:
    give(cast.rita, Role.AUTHOR, group=cast.harbor.group)
    warned = "Results guaranteed in three weeks."
    post = moves.in_review(cast, warned)
    for finding in Finding.objects.filter(run__thread=post.pk, severity="warn"):
        answer(post.pk, finding.pk, by=cast.rita, side="officer", kind="accepted", words="About a course, not care.")
    _save(post, cast, by="rita", text=warned + " Come on Saturday.")
    submit(post.pk, by=cast.alice)
    post = moves.checks_done(post)
    assert "finding_unanswered" in [reason.code for reason in blockers(post, clock.now())]


def test_law_11_a_rule_with_new_words_ends_the_approval(cast: Cast, settings: Settings, tmp_path: object) -> None:
    settings.RULEPACK_DIR = with_rule_on("saturday", tmp_path)  # type: ignore[arg-type]
    post = moves.in_review(cast)
    finding = Finding.objects.get(run__thread=post.pk, rule_id="house_rules/wording.test")
    answer(post.pk, finding.pk, by=cast.rita, side="officer", kind="accepted", words="It is only a weekday.")
    assert post.current_version_id is not None
    approve(post.pk, by=cast.rita, version_id=post.current_version_id, password=PASSWORD)
    rules = settings.RULEPACK_DIR / "house_rules.yaml"
    folder = with_rule_on("saturday", rules.parent.parent / "second")
    other = folder / "house_rules.yaml"
    other.write_text(other.read_text().replace("Uses a word of the test.", "Names a medicine that was recalled."))
    settings.RULEPACK_DIR = folder
    recheck_everything_outdated()
    assert moves.checks_done(post).state == State.HELD


def test_an_old_form_is_refused_after_the_post_was_sent_back_and_came_again(cast: Cast) -> None:
    post = moves.in_review(cast)
    version, check = (
        post.current_version_id,
        Finding.objects.model.run.field.related_model.objects.get(thread=post.pk).pk,
    )
    assert version is not None
    decide.request_changes(
        post.pk, by=cast.rob, version_id=version, reason="wording", words="Please name the entrance."
    )
    submit(post.pk, by=cast.alice)
    moves.checks_done(post)
    call = lambda: approve(post.pk, by=cast.rita, version_id=version, check_id=check, password=PASSWORD)  # noqa: E731
    assert _refusal(call) == ["stale_version"]


def test_a_worker_whose_clock_runs_ahead_does_not_publish_early(cast: Cast) -> None:
    post = moves.scheduled(cast)
    with time_machine.travel(clock.now() + timedelta(days=2)):
        assert steps.deliver(Delivery.objects.get(post=post).pk) == "not_ours"


def test_law_1_a_delivery_to_a_channel_nobody_approved_does_not_leave(cast: Cast) -> None:
    post = moves.approved(cast)
    schedule(post.pk, by=cast.rita, publish_now=True)
    now = clock.now()
    slipped_in = Delivery.objects.create(
        post=post,
        version=post.current_version,
        channel=cast.heart,
        due_at=now,
        next_attempt_at=now,
        idempotency_key="x",
    )
    assert steps.deliver(slipped_in.pk) == "stopped"
    slipped_in.refresh_from_db()
    assert (slipped_in.state, slipped_in.error_code) == (D.CANCELLED, "channel_not_approved")


def test_waiting_uses_up_no_retries_and_is_said_once(cast: Cast, settings: Settings, tmp_path: object) -> None:
    post = moves.approved(cast)
    schedule(post.pk, by=cast.rita, publish_now=True)
    settings.RULEPACK_DIR = with_rule_on("zeppelin", tmp_path)  # type: ignore[arg-type]
    delivery = Delivery.objects.get(post=post)
    for _n in range(8):
        Delivery.objects.update(next_attempt_at=clock.now())
        assert steps.deliver(delivery.pk) == "stopped"
    delivery.refresh_from_db()
    assert (delivery.state, delivery.refusals) == (D.DUE, 0)
    assert Event.objects.filter(verb="delivery.waits", target_id=str(post.pk)).count() == 1


def test_posts_that_miss_their_slot_raise_an_alert_that_a_new_slot_closes(cast: Cast) -> None:
    post = moves.approved(cast)
    schedule(post.pk, by=cast.rita, publish_now=True)
    start_stop(by=cast.rita, scope="channel", channel=cast.harbor, reason="Incident on site")
    assert moves.fresh(post).state == State.MISSED
    assert list(Alert.objects.filter(resolved_at__isnull=True).values_list("kind", flat=True)) == ["missed"]


def test_a_check_queued_in_the_demos_future_runs_when_the_clock_goes_back(cast: Cast) -> None:
    clock.set_offset(7 * 24 * 3600)
    post = moves.draft(cast)
    submit(post.pk, by=cast.alice)
    clock.set_offset(0)
    rounds.run_round()
    assert moves.fresh(post).state == State.IN_REVIEW
