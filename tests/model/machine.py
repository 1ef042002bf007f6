"""The state machine that Hypothesis drives: sensible next steps, wild ones, and whatever happens around them."""

from typing import ClassVar
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.model.design import TRANSITIONS
from tests.model.surroundings import Surroundings
from tests.model.world import World

DATA = st.data()
MOST_POSTS = 4
# What people and processes would do next with a post in this state; repeated names come more often.
NEXT: dict[str, tuple[str, ...]] = {
    "draft": ("submit",) * 6 + ("edit", "discard"),
    "checking": ("check_now",) * 6 + ("check_begins", "check_begins", "check_ends", "check_fails", "edit", "pull_back"),
    "changes_requested": ("dispute", "dispute", "submit", "submit", "edit", "edit", "edit", "discard"),
    "in_review": ("clear",) * 3 + ("approve",) * 7 + ("request_changes", "reject", "recheck", "edit", "pull_back"),
    "approved": ("schedule_now",) * 4 + ("schedule_later", "schedule_later", "hold", "edit", "pull_back"),
    "scheduled": ("claim",) * 5 + ("deliver",) * 3 + ("reslot", "unschedule", "hold", "edit", "pull_back", "work", "work"),
    "publishing": ("work",) * 4 + ("claim",) * 3 + ("deliver", "deliver"),
    "missed": ("schedule_now",) * 4 + ("schedule_later", "hold", "edit", "pull_back"),
    "held": ("release",) * 3 + ("edit", "pull_back"),
    "published": ("request_takedown", "archive", "copy"),
    "incomplete": ("resolve",) * 4 + ("retry",) * 3 + ("settle",) * 3 + ("request_takedown",),
    "takedown_requested": ("remove",) * 3 + ("confirm_takedown",) * 3 + ("cancel_takedown", "resolve", "prove_removal"),
    "withdrawn": ("archive", "copy"),
    "rejected": ("archive", "copy", "redact"),
    "archived": ("request_takedown", "copy", "redact"),
}
# Roles for moves that are no transition of their own name.
ROLES = {
    "edit": "author", "dispute": "author", "copy": "author", "clear": "compliance_officer",
    "schedule_now": "scheduler compliance_officer", "schedule_later": "scheduler", "redact": "privacy_officer",
    "resolve": "compliance_officer", "prove_removal": "compliance_officer",
}  # fmt: skip
OF_A_PERSON = tuple(sorted({*ROLES, *TRANSITIONS} - {"pass_checks", "block", "start_publishing", "miss", "finish", "fall_short", "schedule"}))
AROUND = (
    "tick", "tick", "tick", "tick", "tick", "round", "round", "round", "message", "message", "message", "crash", "crash", "rules_change",
    "housekeeping", "grant", "end_role", "deactivate", "reactivate", "add_record", "revoke", "stop", "release_stop",
    "release_stop", "switch", "switch", "network_mood", "network_mood", "check_ends", "tamper",
)  # fmt: skip


class PostMachine(RuleBasedStateMachine, Surroundings):
    """`world` is set by whoever runs it; one instance is one run."""

    world: ClassVar[World]

    def __init__(self) -> None:
        RuleBasedStateMachine.__init__(self)
        Surroundings.__init__(self)
        self.w = self.world
        self.w.begin()

    def teardown(self) -> None:
        try:
            if self.w.whole:
                self.hands.clear()
                self.w.wind_down()
        finally:
            self.w.end()

    # --- choosing --------------------------------------------------------------------------------------------
    def _post(self, data: st.DataObject) -> UUID:
        posts = list(self.w.facts.posts)
        return posts[data.draw(st.integers(0, len(posts) - 1), label="post")]

    def _somebody(self, data: st.DataObject, move: str, pk: UUID) -> str:
        """Mostly somebody who may; sometimes anybody."""
        if data.draw(st.integers(0, 11), label="anybody") == 11:
            return data.draw(st.sampled_from(sorted(self.w.people)), label="who")
        roles = frozenset(ROLES.get(move, TRANSITIONS.get(move, ("", "", ""))[2]).split())
        channels = frozenset(self.w.facts.posts[pk].content.channels)
        fit = [name for name, user in self.w.people.items() if self.w.facts.holds(user.pk, roles, channels)]
        return data.draw(st.sampled_from(fit), label="who") if fit else "nobody"

    def _next(self, data: st.DataObject) -> None:
        self.w.tally.steps += 1
        self.w.pass_time(1)
        pk = self._post(data)
        state = self.w.now.posts[pk]["state"]
        move = data.draw(st.sampled_from(NEXT[state]), label=state)
        if move == "work":
            mine = [hand for hand in self.hands if hand.claim.post == pk]
            if mine:
                self.go_on_with(data, mine[data.draw(st.integers(0, len(mine) - 1), label="worker")])
        else:
            getattr(self, move)(data, pk, self._somebody(data, move, pk))

    # --- rules -----------------------------------------------------------------------------------------------
    @initialize(data=DATA, people=st.lists(st.sampled_from(("alice", "arthur", "edda")), min_size=2, max_size=3))
    def begin(self, data: st.DataObject, people: list[str]) -> None:
        for who in people:
            pk = self.create(data, who)
            if pk is not None:
                self.submit(data, pk, who)
                self.check_now(data, pk, who)

    @rule(data=DATA)
    def goes_on(self, data: st.DataObject) -> None:
        self._next(data)

    @rule(data=DATA)
    def goes_on_too(self, data: st.DataObject) -> None:
        self._next(data)

    @rule(data=DATA)
    def goes_on_as_well(self, data: st.DataObject) -> None:
        self._next(data)

    @rule(data=DATA)
    def a_worker_works(self, data: st.DataObject) -> None:
        self.w.tally.steps += 1
        self.w.pass_time(1)
        if self.hands:
            self.go_on_with(data, self.hands[data.draw(st.integers(0, len(self.hands) - 1), label="worker")])
        else:
            self.message(data)

    @rule(data=DATA)
    def somebody_tries_anything(self, data: st.DataObject) -> None:
        self.w.tally.steps += 1
        move = data.draw(st.sampled_from(OF_A_PERSON), label="move")
        getattr(self, move)(data, self._post(data), data.draw(st.sampled_from(sorted(self.w.people)), label="who"))

    @rule(data=DATA)
    def something_happens(self, data: st.DataObject) -> None:
        self.w.tally.steps += 1
        getattr(self, data.draw(st.sampled_from(AROUND + self.w.favoured * 10), label="around"))(data)

    @rule(data=DATA)
    def a_new_post(self, data: st.DataObject) -> None:
        self.w.tally.steps += 1
        if len(self.w.facts.posts) < MOST_POSTS:
            who = data.draw(st.sampled_from(("alice", "arthur", "edda", "mallory")), label="who")
            self.create(data, who)
        else:
            self._next(data)
