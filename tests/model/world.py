"""The place a model run happens in: people and channels, a frozen clock, a broker that keeps messages, and rollback.

Everything is written inside the test's transaction; a run begins at a savepoint and ends by going back to it. Actions have
their own savepoints, exactly as they have transactions outside.
"""

import copy
import logging
import os
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.conf import settings
from django.db import connection, transaction

from compliance.actions.register import add_authorization, add_subject
from healthsocial import clock
from healthsocial.audit.log import Refused
from healthsocial.audit.verify import verify_chain
from healthsocial.celery import app
from healthsocial.org.models import Channel, ChannelGroup, Organisation, User
from healthsocial.org.queries import organisation
from healthsocial.org.roles import Role
from posts import wake
from posts.networks.practice import accepted, log_path
from tests.chaos.clocks import database_follows_process
from tests.conftest import give
from tests.model import laws, laws_of_sending, snapshot
from tests.model.beliefs import Facts, Record
from tests.model.packs import Packs
from tests.model.tally import Tally

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
LONGEST = timedelta(days=250)
CAST = {
    "alice": ("author",), "arthur": ("author",), "edda": ("author", "compliance_officer"),
    "rita": ("compliance_officer",), "rob": ("compliance_officer",), "priya": ("privacy_officer",),
    "sam": ("scheduler",), "adam": ("administrator",), "olga": ("auditor",), "nobody": (),
}  # fmt: skip
MUST_STAY_SILENT = ("posts.rounds", "posts.actions.recheck", "posts.actions.deliver")
Result = Any


class Complaints(logging.Handler):
    """Errors that the product swallows and logs: in the model nothing may fail silently."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


class World:
    def __init__(self, folder: Path, hashed_password: str, patch: pytest.MonkeyPatch) -> None:
        self.tally = Tally()
        self.packs = Packs(folder)
        self.patch = patch
        self.hashed = hashed_password
        self.complaints = Complaints()
        for name in MUST_STAY_SILENT:
            logging.getLogger(name).addHandler(self.complaints)
        patch.setattr(settings, "DATA_DIR", folder)
        patch.setattr(settings, "BROKER_CONFIGURED", True)
        patch.setattr(app, "send_task", self._send_task)
        self.traveller = time_machine.travel(START, tick=False)
        self.clock = self.traveller.start()
        self.database_clock = database_follows_process()
        self.database_clock.__enter__()
        self._people_and_places()
        self.savepoint = ""
        self.favoured: tuple[str, ...] = ()  # what happens around posts more often than usual

    def close(self) -> None:
        for name in MUST_STAY_SILENT:
            logging.getLogger(name).removeHandler(self.complaints)
        self.database_clock.__exit__(None, None, None)
        self.traveller.stop()
        settings.RULEPACK_DIR = self.packs.before
        connection.run_on_commit = []

    def _people_and_places(self) -> None:
        self.packs.use(0)
        Organisation.objects.create(id=1, created_as_demo=True, zone="America/New_York")
        main, west = (ChannelGroup.objects.create(name=name) for name in ("Main campus", "West clinic"))
        self.main = main
        self.channels = [
            Channel.objects.create(group=main, name="Harbor news", slug="harbor-news"),
            Channel.objects.create(group=main, name="Heart", slug="heart", network="practice"),
            Channel.objects.create(group=main, name="Pier", slug="pier", network="practice"),
        ]
        west_news = Channel.objects.create(group=west, name="West", slug="west")
        inside = frozenset(channel.pk for channel in self.channels)
        self.everywhere = inside | {west_news.pk}
        self.base = Facts(groups={main.pk: inside, west.pk: frozenset({west_news.pk})})
        self.people: dict[str, User] = {}
        for name, roles in {**CAST, "mallory": ("author", "compliance_officer")}.items():
            user = User.objects.create(email=f"{name}@example.org", name=name.capitalize(), password=self.hashed)
            self.people[name] = user
            group = {"mallory": west, "adam": None, "olga": None}.get(name, main)
            where = self.everywhere if group is None else self.base.groups[group.pk]
            for role in roles:
                grant = give(user, Role(role), group=group)
                self.base.grants.setdefault(user.pk, {})[grant.pk] = (role, where)
        self._records()

    def _records(self) -> None:
        self.subjects = [add_subject(by=self.people["priya"], kind="patient", name="Quillfeather") for _n in range(2)]
        for days, subject in ((400, 0), (9, 0), (400, 1)):
            self.add_record(subject, days)

    def add_record(self, subject: int, days: int) -> UUID:
        """Register an authorization; the caller counts it as a move or not."""
        now = clock.now()
        record = add_authorization(
            by=self.people["priya"],
            subject=self.subjects[subject],
            kind="hipaa",
            information=["name", "story"],
            purposes=["social"],
            signed_on=now.date(),
            valid_from=now,
            valid_until=now + timedelta(days=days),
            all_channels=True,
        )
        facts = self.facts if hasattr(self, "facts") else self.base
        facts.records[record.pk] = Record(self.subjects[subject].pk, now, now + timedelta(days=days))
        return record.pk

    # --- one run ---------------------------------------------------------------------------------------------
    def begin(self) -> None:
        self.savepoint = transaction.savepoint()
        self.clock.move_to(START + timedelta(seconds=1))
        clock.set_offset(0)
        self.packs.use(0)
        # The same ids in every run, so that a failure can be repeated.
        bytes_of = random.Random(20)
        self.patch.setattr(os, "urandom", bytes_of.randbytes)
        connection.run_on_commit = []
        for channel in self.channels:
            log_path(channel.pk).unlink(missing_ok=True)
        self.facts = copy.deepcopy(self.base)
        self.messages: list[tuple[str, str]] = []
        self.broker_up = True
        self.intents: dict[str, str] = {}
        self.seen: set[str] = set()
        self.story: list[str] = []
        self.whole = True  # False as soon as a law is broken
        self.complaints.lines.clear()
        self.now = snapshot.take()
        self.tally.examples += 1

    def end(self) -> None:
        transaction.savepoint_rollback(self.savepoint)
        settings.BROKER_CONFIGURED = True
        clock.set_offset(0)

    def _send_task(self, name: str, *, kwargs: dict[str, str], **_options: object) -> None:
        if not self.broker_up:
            raise OSError("no broker")
        self.messages.append((name, kwargs["row_id"]))

    def pass_time(self, seconds: float) -> None:
        if clock.now() - START + timedelta(seconds=seconds) < LONGEST:
            self.clock.shift(timedelta(seconds=seconds))

    # --- one step --------------------------------------------------------------------------------------------
    def attempt(
        self, name: str, step: Callable[[], Result], then: Callable[[Result], None] | None = None, *, told: str = ""
    ) -> Result:
        """Do one move and check every law. None when the product refused."""
        self.whole = False
        wake.ask_again()  # real seconds of rest would make a run depend on the machine's speed
        result, refusal = None, None
        try:
            result = step()
        except Refused as refused:
            refusal = refused
        codes = ", ".join(r.code for r in refusal.reasons) if refusal else ""
        self.story.append(
            f"{clock.now():%d %b %H:%M:%S} {name} {told}" + (f" REFUSED {codes}" if refusal else f" -> {result}")
        )
        if refusal is None and then is not None:
            then(result)
        self._commit()
        self._check(refused=refusal is not None)
        if refusal is None:
            self.tally.done[name] += 1
        else:
            self.tally.refused[name] += 1
            self.tally.reasons.update(r.code for r in refusal.reasons)
        self.whole = True
        return result

    def _commit(self) -> None:
        """What waits for the commit happens now: messages reach the broker, or are lost with it."""
        waiting, connection.run_on_commit = connection.run_on_commit, []
        for entry in waiting:
            entry[1]()

    def _check(self, *, refused: bool) -> None:
        before, self.now = self.now, snapshot.take(self.now)
        step = laws.Step(
            before, self.now, snapshot.events_after(before.seq), refused, self.facts, clock.now(), self.packs.digest, self.tally,
        )  # fmt: skip
        logged = [line["key"] for channel in self.channels[1:] for line in accepted(channel.pk)]
        laws_of_sending.approvals_are_earned(step)
        laws_of_sending.passed_checks(step)
        laws_of_sending.intents_were_allowed(step, self.intents)
        laws_of_sending.networks_took_each_once(step, logged, self.intents, self.seen)
        laws_of_sending.outcomes_are_of_the_holder(step)
        laws_of_sending.words_on_the_desk(step)
        laws.check(step)
        laws.law("silence", not self.complaints.lines, self.complaints.lines)

    # --- the end ---------------------------------------------------------------------------------------------
    def wind_down(self) -> None:
        """Every worker is gone, the broker too; time passes and rounds run until nothing waits any more."""
        from posts import rounds
        from posts.actions.recheck import recheck_everything_outdated

        settings.BROKER_CONFIGURED = False
        settings.RULEPACK_DIR = self.packs.folders[self.packs.active]
        organisation()
        for _n in range(60):
            self.pass_time(max(400.0, self._until_next()))
            self.attempt("recheck_all", recheck_everything_outdated)
            self.attempt("round", rounds.run_round)
            if not self._waiting():
                break
        laws.law("quiet", not self._waiting(), self._waiting())
        # A control may have taken a trigger away; whether they are there is asked elsewhere.
        problems = [problem for problem in verify_chain().problems if not problem.code.startswith("trigger:")]
        laws.law("chain", not problems, problems)

    def _until_next(self) -> float:
        """Seconds to the next slot or delivery, when nothing comes before."""
        times = [d["next_attempt_at"] for d in self.now.deliveries.values() if d["state"] == "due"]
        times += [p["slot_at"] for p in self.now.posts.values() if p["state"] == "scheduled"]
        return min(((moment - clock.now()).total_seconds() + 1 for moment in times), default=0.0)

    def _waiting(self) -> list[str]:
        """What has not come to rest."""
        found = [
            f"post {p['state']}"
            for p in self.now.posts.values()
            if p["state"] in ("checking", "scheduled", "publishing")
        ]
        found += [
            f"delivery {d['state']}"
            for d in self.now.deliveries.values()
            if d["state"] in ("due", "claimed", "sending")
        ]
        found += [
            f"check {r['state']}"
            for r in self.now.of("CheckRun").values()
            if r["state"] in ("queued", "running", "error")
        ]
        for d in self.now.deliveries.values():
            if (
                d["state"] == "sent"
                and d["removal_wanted_at"]
                and self.now.posts[d["post_id"]]["state"] == "takedown_requested"
            ):
                found.append("removal")
        return found
