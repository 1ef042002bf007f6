"""Bringing a post to where the run begins: by the real actions, with every law checked on the way."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings

from healthsocial.org.actions.update_channel import update_channel
from healthsocial.org.enums import PracticeMode
from posts import rounds
from posts.actions import approve as approving
from posts.actions import check, close, decide, hold, schedule, takedown
from posts.actions import deliver as steps
from posts.actions.edit import Content, create_post
from posts.actions.submit import submit
from posts.models import Post
from tests.conftest import PASSWORD
from tests.model.beliefs import Belief
from tests.model.moves import TEXTS, WORDS
from tests.model.surroundings import Surroundings
from tests.model.workers import Hand

# How often a run begins with a post there.
GOALS = (
    *(
        "draft",
        "changes_requested",
        "in_review",
        "in_review",
        "approved",
        "approved",
        "scheduled",
        "scheduled",
        "scheduled",
    ),
    *("publishing", "publishing", "published", "archived", "incomplete", "incomplete", "unsure", "missed", "missed"),
    *("held", "takedown_requested", "rejected"),
)


class Leads(Surroundings):
    def lead(self, goal: str, number: int) -> None:
        """A plain post on all channels, written by alice, approved by rita, up to `goal`."""
        pk = self._written(number)
        if goal == "draft":
            return
        self._as("submit", lambda: submit(pk, by=self.w.people["alice"]), lambda _p: self.w.facts.posts[pk].submitted())
        run = self._open_runs(pk)[-1]["id"]
        self._as("check_now", lambda: check.run_check(run))
        version = self.w.now.posts[pk]["current_version_id"]
        rita, rob = self.w.people["rita"], self.w.people["rob"]
        if goal == "changes_requested":
            self._as(
                "request_changes",
                lambda: decide.request_changes(pk, by=rita, version_id=version, reason="wording", words=WORDS),
            )
        elif goal == "rejected":
            self._as("reject", lambda: decide.reject(pk, by=rita, version_id=version, reason="other", words=WORDS))
        elif goal != "in_review":
            self._as("approve", lambda: approving.approve(pk, by=rita, version_id=version, password=PASSWORD))
            if goal == "held":
                self._as("hold", lambda: hold.hold(pk, by=rob, words=WORDS))
            elif goal != "approved":
                self._as("schedule_now", lambda: schedule.schedule(pk, by=rita, publish_now=True))
                self._out(goal, pk)

    def _out(self, goal: str, pk: UUID) -> None:
        """From the slot on."""
        rita = self.w.people["rita"]
        if goal == "missed":
            self.w.pass_time(3 * 3600)
            settings.BROKER_CONFIGURED = False  # dispatch does it itself, at once
            self._as("round", rounds.run_round)
            settings.BROKER_CONFIGURED = True
        if goal == "publishing":
            claim = self._as("claim", lambda: steps.claim_delivery(self._of(pk, "due")[0]))
            hand = Hand(claim)
            hand.order = self._as("begin_sending", lambda: steps.begin_sending(claim))
            self.hands.append(hand)
        if goal in ("incomplete", "unsure"):
            self._mood("refuse" if goal == "incomplete" else "no_answer")
        if goal in ("published", "archived", "takedown_requested", "incomplete", "unsure"):
            for delivery in self._of(pk, "due"):
                self._as("deliver", lambda delivery=delivery: steps.deliver(delivery))  # type: ignore[misc]
            self._mood("accept")
        if goal == "archived":
            self._as("archive", lambda: close.archive(pk, by=rita))
        if goal == "takedown_requested":
            self._as("request_takedown", lambda: takedown.request_takedown(pk, by=rita, words=WORDS))

    def _mood(self, mode: str) -> None:
        heart, by = self.w.channels[1], self.w.people["adam"]
        self._as(
            "network_mood",
            lambda: update_channel(
                heart, character_limit=2000, max_lateness_minutes=None, practice_mode=PracticeMode(mode), by=by
            ),
        )

    def _written(self, number: int) -> UUID:
        content = Content(
            text=TEXTS[1].format(n=number),
            channels=tuple(channel.pk for channel in self.w.channels[: 2 + number % 2]),
            title="Quillfeather",
        )
        alice = self.w.people["alice"]

        def learn(post: Post) -> None:
            self.w.facts.posts[post.pk] = Belief(post.pk, alice.pk, content, {alice.pk})

        post: Post = self._as("create", lambda: create_post(by=alice, content=content), learn)
        return post.pk

    def _as(self, name: str, step: Callable[[], object], learn: Callable[..., None] | None = None) -> Any:
        return self.w.attempt(name, step, learn, told="to begin with")
