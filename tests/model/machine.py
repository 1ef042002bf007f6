"""The state machine that Hypothesis drives: sensible next steps, wild ones, and whatever happens around them."""

from typing import ClassVar
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.model.design import TRANSITIONS
from tests.model.leads import GOALS, Leads
from tests.model.world import World

DATA = st.data()
MOST_POSTS = 4
KINDS = ("next",) * 12 + ("work",) * 4 + ("around",) * 5 + ("anything", "new")
# What people and processes would do next with a post in this state; repeated names come more often.
NEXT: dict[str, tuple[str, ...]] = {
    "draft": ("submit",) * 6 + ("submit", "edit", "edit", "discard"),
    "checking": ("check_now",) * 6 + ("check_begins", "check_begins", "check_ends", "check_fails", "edit", "pull_back"),
    "changes_requested": ("dispute", "dispute", "submit", "submit", "edit", "edit", "edit", "discard"),
    "in_review": ("clear",) * 3 + ("approve",) * 7 + ("request_changes", "reject", "recheck", "edit", "pull_back"),
    "approved": ("schedule_now",) * 4 + ("schedule_later", "schedule_later", "hold", "edit", "pull_back"),
    "scheduled": ("claim",) * 5
    + ("deliver",) * 3
    + ("reslot", "unschedule", "hold", "edit", "pull_back", "work", "work"),
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
OF_A_PERSON = tuple(
    sorted(
        {*ROLES, *TRANSITIONS}
        - {"pass_checks", "block", "start_publishing", "miss", "finish", "fall_short", "schedule"}
    )
)
AROUND = (
    "tick", "tick", "tick", "tick", "tick", "round", "round", "round", "message", "message", "message", "crash", "crash", "rules_change",
    "housekeeping", "grant", "end_role", "deactivate", "reactivate", "add_record", "revoke", "stop", "release_stop",
    "release_stop", "switch", "switch", "network_mood", "network_mood", "check_ends", "tamper",
)  # fmt: skip


class PostMachine(RuleBasedStateMachine, Leads):
    """`world` is set by whoever runs it; one instance is one run."""

    world: ClassVar[World]

    def __init__(self) -> None:
        RuleBasedStateMachine.__init__(self)
        Leads.__init__(self)
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
        """Mostly one that is not at its end."""
        posts = list(self.w.facts.posts)
        open_ones = [pk for pk in posts if self.w.now.posts[pk]["state"] not in ("archived", "rejected", "withdrawn")]
        return data.draw(st.sampled_from(open_ones * 3 + posts), label="post")

    def _somebody(self, data: st.DataObject, move: str, pk: UUID) -> str:
        """Mostly somebody who may; sometimes anybody."""
        roles = frozenset(ROLES.get(move, TRANSITIONS.get(move, ("", "", ""))[2]).split())
        channels = frozenset(self.w.facts.posts[pk].content.channels)
        fit = [name for name, user in self.w.people.items() if self.w.facts.holds(user.pk, roles, channels)]
        return data.draw(st.sampled_from(fit * 6 + sorted(self.w.people)), label="who")

    def _next(self, data: st.DataObject) -> None:
        pk = self._post(data)
        state = self.w.now.posts[pk]["state"]
        move = data.draw(st.sampled_from(NEXT[state]), label=state)
        if move == "work":
            self._work(data)
        else:
            getattr(self, move)(data, pk, self._somebody(data, move, pk))

    def _work(self, data: st.DataObject) -> None:
        """A worker takes its next step; without one, somebody claims what is due."""
        if self.hands:
            self.go_on_with(data, data.draw(st.sampled_from(self.hands), label="worker"))
            return
        due = sorted({row["post_id"] for row in self.w.now.deliveries.values() if row["state"] == "due"}, key=str)
        if due:
            self.claim(data, data.draw(st.sampled_from(due), label="due"))
        else:
            self.message(data)

    def _around(self, data: st.DataObject) -> None:
        likely = AROUND + ("switch",) * 8 * bool(self.w.facts.off) + ("release_stop",) * 6 * bool(self.w.facts.stops)
        getattr(self, data.draw(st.sampled_from(likely + self.w.favoured * 12), label="around"))(data)

    # --- rules -----------------------------------------------------------------------------------------------
    @initialize(goals=st.lists(st.sampled_from(GOALS), min_size=2, max_size=2))
    def begin(self, goals: list[str]) -> None:
        for number, goal in enumerate(goals, start=1):
            self.lead(goal, number)

    @rule(data=DATA, kind=st.sampled_from(KINDS))
    def step(self, data: st.DataObject, kind: str) -> None:
        """One rule, so that Hypothesis chooses evenly: it would leave whole rules out of a run."""
        self.w.tally.steps += 1
        self.w.pass_time(1)
        if kind == "new" and len(self.w.facts.posts) < MOST_POSTS:
            self.create(data, data.draw(st.sampled_from(("alice", "arthur", "edda", "mallory")), label="who"))
        elif kind == "anything":
            move = data.draw(st.sampled_from(OF_A_PERSON), label="move")
            getattr(self, move)(data, self._post(data), data.draw(st.sampled_from(sorted(self.w.people)), label="who"))
        elif kind == "work":
            self._work(data)
        elif kind == "around":
            self._around(data)
        else:
            self._next(data)
