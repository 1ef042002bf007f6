"""Case 13: somebody stops the post exactly between claim and send, while the worker stands at a barrier.

Before the intent is committed the stop wins and nothing leaves. After it the post leaves, the stop is refused or
answered with a takedown, and the audit trail says which came first.
"""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from compliance.actions.register import revoke_authorization
from compliance.models import Authorization, Finding
from healthsocial.audit.log import Refused
from healthsocial.audit.models import Event
from healthsocial.audit.verify import verify_chain
from healthsocial.org.models import Channel
from posts import guards
from posts.actions import deliver as steps
from posts.actions.answer import answer
from posts.actions.approve import approve
from posts.actions.channels import disable_channel
from posts.actions.crisis_stop import start_stop
from posts.actions.edit import Content, save_post
from posts.actions.hold import hold
from posts.actions.pull_back import pull_back
from posts.actions.schedule import schedule, unschedule
from posts.enums import DeliveryState, State
from posts.models import Post
from posts.networks import practice
from posts.networks.practice import accepted
from tests.chaos import world
from tests.conftest import PASSWORD, Cast
from tests.posts import moves, people

pytestmark = pytest.mark.usefixtures("real_connections")
D = DeliveryState
Stop = Callable[[Cast, Post, Channel], object]

# The stop, and what it meets when the post is already leaving: a refusal, or a takedown once it has left.
STOPS: dict[str, tuple[Stop, str]] = {
    "hold": (lambda cast, post, _c: hold(post.pk, by=cast.priya, words="A family asked us to wait."), "refused"),
    "pull back": (lambda cast, post, _c: pull_back(post.pk, by=cast.alice), "refused"),
    "unschedule": (lambda cast, post, _c: unschedule(post.pk, by=cast.sam), "refused"),
    "edit": (
        lambda cast, post, channel: save_post(
            post.pk,
            by=cast.alice,
            edit_no=post.edit_no,
            content=Content(text="Other words.", channels=(channel.pk,), title="Flu clinic"),
        ),
        "refused",
    ),
    "disable": (lambda cast, _p, channel: disable_channel(channel.pk, by=cast.adam), "takedown"),
    "crisis stop": (
        lambda cast, _p, channel: start_stop(by=cast.rita, scope="channel", channel=channel, reason="Incident on site"),
        "takedown",
    ),
    "revoke": (
        lambda cast, _p, _c: revoke_authorization(
            Authorization.objects.get().pk, by=cast.priya, words="withdrawn by phone"
        ),
        "takedown",
    ),
}


OFF = {"disable": "channel.disabled", "crisis stop": "crisis_stop.started"}


def _due(cast: Cast, channel: Channel, name: str) -> Post:
    if name != "revoke":
        return world.due_now(cast, [channel])
    record = people.authorization(cast)
    post = people.story(cast, record, channels=(channel.pk,))
    assert post.current_version_id is not None
    for finding in Finding.objects.filter(run__thread=post.pk, severity__in=("warn", "block")):
        answer(post.pk, finding.pk, by=cast.rita, side="officer", kind="authorised", authorization_id=record.pk)
    approve(post.pk, by=cast.rita, version_id=post.current_version_id, password=PASSWORD)
    schedule(post.pk, by=cast.rita, publish_now=True)
    return moves.fresh(post)


class Barrier:
    """The worker, in a thread of its own, stops when it comes to `name`, before or after doing it."""

    def __init__(self, patch: pytest.MonkeyPatch, module: Any, name: str, *, after: bool = False) -> None:
        self.there, self.go = threading.Event(), threading.Event()
        real = getattr(module, name)

        def wrapped(*args: object, **kwargs: object) -> object:
            if not after:
                self._wait()
            result = real(*args, **kwargs)
            if after:
                self._wait()
            return result

        patch.setattr(module, name, wrapped)

    def _wait(self) -> None:
        self.there.set()
        assert self.go.wait(60)

    def send(self, post: Post) -> threading.Thread:
        thread = threading.Thread(target=_deliver, args=(post,))
        thread.start()
        assert self.there.wait(60)
        return thread


def _deliver(post: Post) -> None:
    try:
        steps.deliver(world.only(post).pk)
    finally:
        connection.close()


def _stop(stop: Stop, cast: Cast, post: Post, channel: Channel) -> str:
    try:
        stop(cast, post, channel)
    except Refused as refused:
        return f"refused: {refused.reasons[0].code}"
    return "done"


def _first(verb: str, **where: object) -> int:
    return Event.objects.filter(verb=verb, **where).order_by("seq").values_list("seq", flat=True)[0]


def test_between_claim_and_intent_the_stop_wins(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    for (name, (stop, _late)), channel in zip(STOPS.items(), world.practice(cast, len(STOPS)), strict=True):
        post = _due(cast, channel, name)
        with monkeypatch.context() as patch:
            barrier = Barrier(patch, steps, "begin_sending")
            thread = barrier.send(post)
            assert world.only(post).state == D.CLAIMED
            assert _stop(stop, cast, post, channel) == "done", name
            barrier.go.set()
            thread.join(60)
        assert accepted(channel.pk) == [], name
        assert world.only(post).state == D.CANCELLED, name
        assert not Event.objects.filter(verb="delivery.sending", target_id=str(post.pk)).exists()
    assert verify_chain().ok


@pytest.mark.parametrize("where", ["guards read", "intent committed"])
def test_from_the_intent_on_the_post_leaves_and_the_order_is_on_record(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    for (name, (stop, late)), channel in zip(STOPS.items(), world.practice(cast, len(STOPS)), strict=True):
        post = _due(cast, channel, name)
        with monkeypatch.context() as patch:
            if where == "guards read":  # under the post's lock: the stop waits for it
                barrier = Barrier(patch, guards, "may_leave", after=True)
            else:
                barrier = Barrier(patch, practice.PracticeNetwork, "send")
            worker = barrier.send(post)
            said: list[str] = []
            other = threading.Thread(target=_in_thread, args=(said, stop, cast, post, channel))
            other.start()
            other.join(0.15 if where == "guards read" else 60)
            barrier.go.set()
            worker.join(60)
            other.join(60)
        assert [len(accepted(channel.pk))] == [1], name
        assert world.only(post).state == D.SENT, name
        if late == "refused":
            assert said[0].startswith("refused: "), (name, said)
            assert moves.fresh(post).state == State.PUBLISHED, name
        else:
            assert said == ["done"], name
            _left_first(post, name, where)
    assert verify_chain().ok


def _left_first(post: Post, name: str, where: str) -> None:
    """It was leaving when the stop came, so it comes down; or had left already, which switching off does not undo."""
    state = moves.fresh(post).state
    sending = _first("delivery.sending", target_id=str(post.pk))
    if state == State.TAKEDOWN_REQUESTED:
        assert sending < _first("post.request_takedown", target_id=str(post.pk))
        return
    assert (state, where, name in OFF) == (State.PUBLISHED, "guards read", True)
    assert _first("delivery.sent", target_id=str(post.pk)) < _first(OFF[name])


def _in_thread(said: list[str], stop: Stop, cast: Cast, post: Post, channel: Channel) -> None:
    try:
        said.append(_stop(stop, cast, post, channel))
    finally:
        connection.close()


def test_control_a_worker_that_does_not_look_again_would_send_what_was_stopped(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = world.practice(cast)[0]
    post = _due(cast, channel, "hold")
    claim = steps.claim_delivery(world.only(post).pk)
    assert claim is not None
    order = steps._order(post, world.only(post))
    assert _stop(STOPS["hold"][0], cast, post, channel) == "done"
    practice.PracticeNetwork().send(order)  # without begin_sending
    assert len(accepted(channel.pk)) == 1
    assert steps.begin_sending(claim) is None
