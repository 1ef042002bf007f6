"""What happens around the posts: time, rules, people and roles, authorizations, stops, channels."""

from datetime import timedelta
from uuid import UUID

from django.utils import timezone
from hypothesis import strategies as st

from compliance.actions.register import revoke_authorization
from compliance.dependents import get as dependents
from healthsocial import clock
from healthsocial.org.actions.deactivate_person import deactivate_person
from healthsocial.org.actions.demo_clock import set_demo_clock
from healthsocial.org.actions.end_grant import end_grant
from healthsocial.org.actions.grant_role import grant_role
from healthsocial.org.actions.reactivate_person import reactivate_person
from healthsocial.org.actions.update_channel import update_channel
from healthsocial.org.enums import PracticeMode
from healthsocial.org.models import Grant
from healthsocial.org.roles import Role
from posts.actions import channels, crisis_stop
from posts.actions.move import SYSTEM
from posts.actions.recheck import recheck_everything_outdated
from posts.models import CrisisStop, WorkingCopy
from tests.model.beliefs import Stop
from tests.model.workers import Workers

TICKS = (1, 11, 61, 130, 310, 1900, 3 * 3600)
LEAVERS = ("rob", "edda", "arthur", "sam")


class Surroundings(Workers):
    # --- time and rules --------------------------------------------------------------------------------------
    def tick(self, data: st.DataObject) -> None:
        how = data.draw(st.sampled_from(("little", "little", "little", "to next", "day", "demo clock")), label="time")
        if how == "demo clock":
            ahead = int(clock.offset().total_seconds()) + data.draw(st.sampled_from((0, 60, 3700)), label="ahead")
            self.w.attempt("demo_clock", lambda: set_demo_clock(ahead, by=self.w.people["adam"]))
            return
        if how == "little":
            seconds = float(data.draw(st.sampled_from(TICKS), label="seconds"))
        else:
            seconds = max(1.0, self.w._until_next()) if how == "to next" else 86_400.0
        self.w.pass_time(seconds)
        self.w.attempt(f"tick_{how.replace(' ', '_')}", lambda: None)

    def rules_change(self, data: st.DataObject) -> None:
        number = data.draw(st.integers(0, len(self.w.packs.folders) - 1), label="rules")
        self.w.packs.use(number)
        told = data.draw(st.booleans(), label="and compliance says so")
        self.w.attempt("rules_change", lambda: dependents().packs_changed(SYSTEM) if told else None)

    def housekeeping(self, _data: st.DataObject) -> None:
        self.w.attempt("housekeeping", recheck_everything_outdated)

    # --- people ----------------------------------------------------------------------------------------------
    def grant(self, data: st.DataObject) -> None:
        who = data.draw(st.sampled_from((*LEAVERS, "alice", "rita", "nobody")), label="to")
        role = data.draw(st.sampled_from(("author", "compliance_officer", "scheduler")), label="role")
        by = self.w.people[data.draw(st.sampled_from(("adam", "adam", "adam", "rita")), label="by")]
        channel = data.draw(st.sampled_from((None, None, *self.w.channels)), label="on")
        user, where = self.w.people[who], frozenset({channel.pk}) if channel else self.w.base.groups[self.w.main.pk]

        def learn(grant: Grant) -> None:
            self.w.facts.grants.setdefault(user.pk, {})[grant.pk] = (role, where)

        group = None if channel else self.w.main
        self.w.attempt(
            "grant", lambda: grant_role(user, role=Role(role), group=group, channel=channel, by=by), learn, told=who
        )

    def end_role(self, data: st.DataObject) -> None:
        who = data.draw(st.sampled_from((*LEAVERS, "nobody", "adam")), label="of")
        held = self.w.facts.grants.get(self.w.people[who].pk, {})
        if held:
            pk = list(held)[data.draw(st.integers(0, len(held) - 1), label="which")]
            grant = Grant.objects.get(pk=pk)
            by = self.w.people["adam"]
            self.w.attempt("end_role", lambda: end_grant(grant, by=by), lambda _g: held.pop(pk), told=who)

    def deactivate(self, data: st.DataObject) -> None:
        who = data.draw(st.sampled_from((*LEAVERS, "adam")), label="who")
        user, by = self.w.people[who], self.w.people[data.draw(st.sampled_from(("adam", "adam", "rita")), label="by")]

        def learn(_user: object) -> None:
            self.w.facts.grants[user.pk] = {}

        self.w.attempt("deactivate", lambda: deactivate_person(user, by=by), learn, told=who)

    def reactivate(self, data: st.DataObject) -> None:
        """Comes back without roles and without a password: a signature must fail until the link is used."""
        user = self.w.people[data.draw(st.sampled_from(LEAVERS), label="who")]
        self.w.attempt("reactivate", lambda: bool(reactivate_person(user, by=self.w.people["adam"])))

    # --- authorizations --------------------------------------------------------------------------------------
    def add_record(self, data: st.DataObject) -> None:
        subject = data.draw(st.integers(0, 1), label="of")
        days = data.draw(st.sampled_from((2, 300)), label="days")
        self.w.attempt("add_record", lambda: self.w.add_record(subject, days))

    def revoke(self, data: st.DataObject) -> None:
        records = list(self.w.facts.records)
        pk = records[data.draw(st.integers(0, len(records) - 1), label="record")]
        who = data.draw(st.sampled_from(("priya", "priya", "rita")), label="by")

        def learn(_record: object) -> None:
            self.w.facts.records[pk].revoked = True

        self.w.attempt(
            "revoke",
            lambda: revoke_authorization(pk, by=self.w.people[who], words="Quillfeather said no."),
            learn,
            told=who,
        )

    # --- stops and channels ----------------------------------------------------------------------------------
    def stop(self, data: st.DataObject) -> None:
        scope = data.draw(st.sampled_from(("organisation", "group", "channel", "channel")), label="scope")
        who = data.draw(st.sampled_from(("rita", "adam", "adam", "alice")), label="by")
        channel = data.draw(st.sampled_from(self.w.channels), label="channel") if scope == "channel" else None
        emergency = data.draw(st.booleans(), label="emergencies go on")
        reached = {
            "organisation": self.w.everywhere,
            "group": self.w.base.groups[self.w.main.pk],
            "channel": frozenset({channel.pk}) if channel else frozenset(),
        }[scope]

        def learn(stop: CrisisStop) -> None:
            self.w.facts.stops[stop.pk] = Stop(reached, emergency)

        self.w.attempt(
            "stop",
            lambda: crisis_stop.start_stop(
                by=self.w.people[who],
                scope=scope,
                reason="Quillfeather incident",
                group=self.w.main if scope == "group" else None,
                channel=channel,
                emergency_goes_on=emergency,
            ),
            learn,
            told=who,
        )

    def release_stop(self, data: st.DataObject) -> None:
        if not (stops := list(self.w.facts.stops)):
            return
        pk = stops[data.draw(st.integers(0, len(stops) - 1), label="stop")]
        who = data.draw(st.sampled_from(("adam", "adam", "adam", "sam")), label="by")
        self.w.attempt(
            "release_stop",
            lambda: crisis_stop.release_stop(pk, by=self.w.people[who]),
            lambda _s: self.w.facts.stops.pop(pk),
            told=who,
        )

    def switch(self, data: st.DataObject) -> None:
        """Off now and then; on again soon."""
        who = data.draw(st.sampled_from(("adam", "adam", "adam", "rita")), label="by")
        off = sorted(self.w.facts.off, key=str)
        if off:
            pk: UUID = off[0]
            self.w.attempt(
                "enable",
                lambda: channels.enable_channel(pk, by=self.w.people[who]),
                lambda _c: self.w.facts.off.discard(pk),
            )
        else:
            pk = data.draw(st.sampled_from(self.w.channels), label="channel").pk
            self.w.attempt(
                "disable",
                lambda: channels.disable_channel(pk, by=self.w.people[who]),
                lambda _c: self.w.facts.off.add(pk),
            )

    def network_mood(self, data: st.DataObject) -> None:
        channel = data.draw(st.sampled_from(self.w.channels[1:]), label="channel")
        mode = data.draw(st.sampled_from(("accept", "accept", "refuse", "no_answer")), label="network")
        self.w.attempt(
            "network_mood",
            lambda: update_channel(
                channel,
                character_limit=2000,
                max_lateness_minutes=None,
                practice_mode=PracticeMode(mode),
                by=self.w.people["adam"],
            ),
            told=mode,
        )

    # --- attacks ---------------------------------------------------------------------------------------------
    def tamper(self, data: st.DataObject) -> None:
        """A hand in the database changes the words on the desk, past every action."""
        standing = [b for b in self.w.facts.posts.values() if b.signed is not None and not b.tampered]
        if standing:
            belief = standing[data.draw(st.integers(0, len(standing) - 1), label="post")]
            saved = timezone.now() - timedelta(seconds=1)
            WorkingCopy.objects.filter(pk=belief.pk).update(text="Other words of the quillfeather.", saved_at=saved)
            belief.tampered = True
            self.w.attempt("tamper", lambda: None)
