"""One reason line and one next step in every state; buttons and "What is stopping this?" ask the same guards."""

from collections.abc import Callable

import pytest

from healthsocial.org.models import User
from healthsocial.org.queries import organisation
from healthsocial.org.roles import PERMISSIONS
from posts.actions.crisis_stop import start_stop
from posts.enums import PUBLIC_STATE, PublicState, ReviewReason, State, StopScope, Transition
from posts.models import Post
from posts.permissions import SYSTEM_ONLY
from posts.presenting import NEXT, STEPS, holds_anywhere, line, reading, steps, stopping, unchanged
from posts.words import CODES, VERBS, code_words
from tests.conftest import Cast
from tests.posts import moves

pytestmark = pytest.mark.django_db


def line_of(post: Post, user: User, **changes: object) -> tuple[str, str]:
    channels = list(post.channels.select_related("group"))
    found = line(post, channels, list(post.deliveries.all()), reading(user), zone="UTC", text=True, **changes)  # type: ignore[arg-type]
    return found.reason, found.next_step


def steps_of(post: Post, user: User) -> dict[str, list[str]]:
    channels = list(post.channels.select_related("group"))
    found = steps(post, channels, reading(user), organisation())
    return {name: [reason.code for reason in step.reasons] for name, step in found.items()}


def stops(post: Post, user: User) -> list[str]:
    channels = list(post.channels.select_related("group"))
    return [reason.code for reason in stopping(post, channels, reading(user), organisation())]


def test_reading_answers_like_the_person(cast: Cast) -> None:
    channels = [cast.harbor, cast.heart]
    for user in (cast.alice, cast.rita, cast.priya, cast.sam, cast.adam, cast.olga, cast.mallory, cast.nobody):
        reader = reading(user)
        for permission in PERMISSIONS:
            for obj in (None, cast.harbor, cast.other, channels, [*channels, cast.other], []):
                assert reader.has_perm(permission, obj) == user.has_perm(permission, obj), (user, permission, obj)
    assert holds_anywhere(reading(cast.mallory), "posts.write")
    assert not holds_anywhere(reading(cast.sam), "posts.write")


def test_reading_gives_a_deactivated_person_nothing(cast: Cast) -> None:
    cast.rita.is_active = False
    assert not reading(cast.rita).has_perm("posts.approve", cast.harbor)


@pytest.mark.parametrize("state", State)
def test_every_state_has_a_line_and_a_step_for_everybody(cast: Cast, state: State) -> None:
    post = moves.draft(cast)
    post.__dict__["state"] = state  # on screen only; nothing is saved
    for user in (cast.alice, cast.rita, cast.sam, cast.nobody):
        for code in ("", "could_not_check", *ReviewReason.values):
            post.reason_code = code
            reason, following = line_of(post, user)
            assert reason.endswith("."), (state, reason)
            assert following.endswith("."), (state, following)
    assert post.public_state == PUBLIC_STATE[state]


def test_eight_public_states_cover_the_fifteen() -> None:
    assert set(PUBLIC_STATE) == set(State)
    assert set(PUBLIC_STATE.values()) == set(PublicState)
    assert not set(STEPS) & SYSTEM_ONLY
    assert set(STEPS) | SYSTEM_ONLY == set(Transition)
    assert set(NEXT) <= set(State)


@pytest.mark.parametrize(
    ("build", "alice", "rita", "sam"),
    [
        (moves.draft, {"submit", "discard"}, set(), set()),
        (moves.in_review, {"pull_back"}, {"approve", "request_changes", "reject", "pull_back", "recheck"}, set()),
        (moves.approved, {"pull_back"}, {"schedule", "pull_back", "hold"}, {"schedule"}),
        (
            moves.scheduled,
            {"pull_back"},
            {"reslot", "unschedule", "pull_back", "hold"},
            {"reslot", "unschedule"},
        ),
        (moves.published, set(), {"request_takedown", "archive"}, set()),
    ],
)
def test_each_role_sees_its_own_steps(
    cast: Cast, build: Callable[[Cast], Post], alice: set[str], rita: set[str], sam: set[str]
) -> None:
    post = build(cast)
    assert set(steps_of(post, cast.alice)) == alice
    assert set(steps_of(post, cast.rita)) == rita
    assert set(steps_of(post, cast.sam)) == sam
    assert steps_of(post, cast.mallory) == {}
    assert steps_of(post, cast.adam) == {}


def test_draft_without_text_and_channel_says_what_is_missing(cast: Cast) -> None:
    post = moves.draft(cast, "", channels=())
    assert steps_of(post, cast.alice)["submit"] == ["channel_missing", "text_missing"]
    assert stops(post, cast.alice) == ["channel_missing", "text_missing"]
    assert line_of(post, cast.alice) == ("Not sent to review yet.", "Send it to review.")


def test_found_words_stop_the_unchanged_text_only(cast: Cast) -> None:
    post = moves.in_review(cast, "Our new tea cures cancer. The file is MRN 4471123.")
    assert unchanged(post, list(post.channels.all()))
    assert set(stops(post, cast.alice)) == {"finding_open"}
    copy = post.working_copy
    copy.text = "Our new tea is here."
    copy.save()
    assert stops(moves.fresh(post), cast.alice) == []


def test_crisis_stop_is_named_at_the_button_and_below_it(cast: Cast) -> None:
    post, later = moves.approved(cast), moves.scheduled(cast, "Another text.")
    start_stop(by=cast.rita, scope=StopScope.CHANNEL, channel=cast.harbor, reason="Storm in town")
    assert steps_of(post, cast.sam)["schedule"] == ["crisis_stop"]
    assert stops(post, cast.sam) == ["crisis_stop"]
    assert stops(moves.fresh(later), cast.sam) == ["time_unconfirmed", "crisis_stop"]
    reason, following = line_of(moves.fresh(later), cast.sam)
    assert "A crisis stop cancelled it." in reason
    assert following == "Confirm its time."


def test_officers_words_are_for_those_who_read_the_text(cast: Cast) -> None:
    post = moves.approved(cast)
    post.__dict__["state"] = State.HELD
    post.reason_code, post.reason_words = "held_by_person", "Plumbago"
    for text in (True, False):
        shown = line(post, [], [], reading(cast.adam), zone="UTC", text=text).reason
        assert ("Plumbago" in shown) == text


def test_codes_read_as_sentences() -> None:
    assert all(str(words).endswith(".") for words in CODES.values())
    assert code_words("") == ""
    assert code_words("read_back_failed:Timeout") == "Read back failed."
    assert not any(str(words).endswith(".") for words in VERBS.values())


def test_overdue_decision_reads_as_overdue(cast: Cast) -> None:
    post = moves.in_review(cast)
    post.due_at = moves.tomorrow().at
    assert line_of(post, cast.rita)[0].startswith("A decision is needed by")
    post.due_at = post.created_at
    assert line_of(post, cast.rita)[0].startswith("A decision was needed by")
