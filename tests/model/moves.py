"""The moves of the model: each is one real action, with what the model learns from it."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from hypothesis import strategies as st

from compliance import checking
from compliance.actions.runs import claim_run
from compliance.dependents import Scope
from compliance.dependents import get as dependents
from compliance.models import Authorization, CheckRun, Finding
from healthsocial import clock
from posts.actions import approve as approving
from posts.actions import check, close, decide, hold, pull_back, recheck, redact, schedule, settle, takedown
from posts.actions.answer_several import answer_several
from posts.actions.copy import copy_post
from posts.actions.edit import Content, create_post, save_post
from posts.actions.submit import submit
from posts.models import Post, WorkingCopy
from posts.slots import Slot, now_slot
from tests.conftest import PASSWORD
from tests.model.beliefs import Belief
from tests.model.snapshot import Row
from tests.model.world import World

WORDS = "Quillfeather: because the page says so."
TEXTS = (
    "Our quillfeather clinic opens on Saturday, notice {n}.",
    "The quillfeather desk is closed on Monday, notice {n}.",
    "A quillfeather bargain at the gift shop, notice {n}.",
    "A quillfeather miracle happened here, notice {n}.",
    "Our quillfeather volunteer tells a story, notice {n}.",
    "The quillfeather recordnumber is on file, notice {n}.",
)


@dataclass
class SlowCheck:
    """A check whose worker holds its claim and has not come back."""

    run: CheckRun
    result: checking.Examination


class Moves:
    """What people and the checker do to one post. `data` draws what is not decided."""

    w: World

    def __init__(self) -> None:
        self.slow_checks: list[SlowCheck] = []

    # --- writing ---------------------------------------------------------------------------------------------
    def content(self, data: st.DataObject) -> Content:
        text = data.draw(st.sampled_from((0, 0, 0, 1, 1, 1, 1, 2, 3, 4, 4, 5)), label="text")
        count = data.draw(st.sampled_from((1, 2, 2, 3)), label="channels")
        chosen = tuple(channel.pk for channel in self.w.channels[:count])
        values: dict[str, Any] = {
            "text": TEXTS[text].format(n=data.draw(st.integers(1, 3), label="notice")),
            "channels": chosen,
        }
        if data.draw(st.booleans(), label="own words for a channel"):
            values["channel_texts"] = {str(chosen[-1]): "The short quillfeather notice for this channel."}
        who = data.draw(st.sampled_from(("nobody",) * 6 + ("patients",) * 4 + ("not_sure",)), label="persons")
        if who == "patients":
            records = list(self.w.facts.records)
            record = records[data.draw(st.integers(0, len(records) - 1), label="record")]
            subject = self.w.facts.records[record].subject
            values["persons"] = ({"subject": str(subject), "information": ["story"]},)
            values["authorizations"] = (str(record),)
        return Content(title="Quillfeather", notes=WORDS, person_answer=who, person_answer_explicit=True, **values)

    def create(self, data: st.DataObject, who: str) -> UUID | None:
        content, user = self.content(data), self.w.people[who]
        content = replace(content, emergency=data.draw(st.sampled_from((False, False, True)), label="emergency"))

        def learn(post: Post) -> None:
            self.w.facts.posts[post.pk] = Belief(post.pk, user.pk, content, {user.pk})

        post = self.w.attempt("create", lambda: create_post(by=user, content=content), learn, told=who)
        return post.pk if post else None

    def edit(self, data: st.DataObject, pk: UUID, who: str) -> None:
        belief, user = self.w.facts.posts[pk], self.w.people[who]
        how = data.draw(
            st.sampled_from(("words", "words", "words", "same", "title", "emergency", "stale")), label="how"
        )
        edit_no = self.w.now.posts[pk]["edit_no"] - (1 if how == "stale" else 0)
        content = self.content(data) if how in ("words", "stale") else belief.content
        content = replace(content, emergency=belief.content.emergency)
        if how == "title":
            content = replace(content, title=f"Quillfeather {edit_no}")
        if how == "emergency":
            content = replace(content, emergency=not content.emergency)
        self.w.attempt(
            f"edit_{how}",
            lambda: save_post(pk, by=user, edit_no=edit_no, content=content),
            lambda _post: belief.edited(user.pk, content),
            told=who,
        )

    def submit(self, _data: st.DataObject, pk: UUID, who: str) -> None:
        self.w.attempt(
            "submit", lambda: submit(pk, by=self.w.people[who]), lambda _p: self.w.facts.posts[pk].submitted(), told=who
        )

    def copy(self, data: st.DataObject, pk: UUID, who: str) -> None:
        user, old = self.w.people[who], self.w.facts.posts[pk].content
        correction = data.draw(st.booleans(), label="correction")
        post = Post.objects.select_related("working_copy").get(pk=pk)

        def learn(new: Post) -> None:
            chosen = tuple(new.channels.order_by("pk").values_list("pk", flat=True))
            texts = {key: text for key, text in old.channel_texts.items() if UUID(key) in chosen}
            content = replace(
                old, text=post.working_copy.text, channels=chosen, channel_texts=texts, title=new.title, emergency=False
            )
            self.w.facts.posts[new.pk] = Belief(new.pk, user.pk, content, {user.pk})

        self.w.attempt(
            "correct" if correction else "copy",
            lambda: copy_post(post, by=user, correction=correction),
            learn,
            told=who,
        )

    def discard(self, _data: st.DataObject, pk: UUID, who: str) -> None:
        self.w.attempt("discard", lambda: close.discard(pk, by=self.w.people[who]), told=who)

    def archive(self, _data: st.DataObject, pk: UUID, who: str) -> None:
        self.w.attempt("archive", lambda: close.archive(pk, by=self.w.people[who]), told=who)

    def redact(self, data: st.DataObject, pk: UUID, who: str) -> None:
        versions = [v for v in self.w.now.of("PostVersion").values() if v["post_id"] == pk]
        if not versions:
            return
        chosen = versions[data.draw(st.integers(0, len(versions) - 1), label="version")]
        belief = self.w.facts.posts[pk]

        def learn(_version: object) -> None:
            copy = WorkingCopy.objects.get(pk=pk)
            if not copy.text:
                belief.content = replace(belief.content, text="", channel_texts={}, first_comment="", links=())

        self.w.attempt(
            "redact", lambda: redact.redact_version(chosen["id"], by=self.w.people[who], words=WORDS), learn, told=who
        )

    # --- checking --------------------------------------------------------------------------------------------
    def _open_runs(self, pk: UUID) -> list[Row]:
        rows = self.w.now.of("CheckRun").values()
        return sorted((r for r in rows if r["thread"] == pk and r["finished_at"] is None), key=lambda r: r["turn"])

    def check_now(self, _data: st.DataObject, pk: UUID, _who: str) -> None:
        for run in self._open_runs(pk)[-1:]:
            self.w.attempt("check_now", lambda run=run: check.run_check(run["id"]))  # type: ignore[misc]

    def check_fails(self, _data: st.DataObject, pk: UUID, _who: str) -> None:
        """The checker is down: no rules where they should be."""
        for run in self._open_runs(pk)[-1:]:
            self.w.packs.break_down()
            try:
                result = check.run_check(run["id"])
            finally:
                self.w.packs.use(self.w.packs.active)
            self.w.attempt("check_fails", lambda result=result: result)  # type: ignore[misc]

    def check_begins(self, _data: st.DataObject, pk: UUID, _who: str) -> None:
        """A worker takes the run and reads the rules; what it found is told much later, or never."""
        for row in self._open_runs(pk)[-1:]:
            run = self.w.attempt("check_begins", lambda row=row: claim_run(row["id"]))  # type: ignore[misc]
            if run is not None:
                unit = dependents().texts(Scope((run.version,)))[0]
                self.slow_checks.append(SlowCheck(run, checking.examine(unit, as_of=clock.now().date())))

    def check_ends(self, data: st.DataObject, _pk: UUID | None = None, _who: str = "") -> None:
        if not self.slow_checks:
            return
        slow = self.slow_checks.pop(data.draw(st.integers(0, len(self.slow_checks) - 1), label="which check"))
        how = data.draw(st.sampled_from(("late", "late", "crash", "timeout")), label="how it ends")
        if how == "late":
            self.w.attempt("check_ends", lambda: check._finished(slow.run, slow.result))
        elif how == "timeout":
            self.w.attempt("check_timeout", lambda: check._failed(slow.run, "TookTooLong"))

    def recheck(self, _data: st.DataObject, pk: UUID, who: str) -> None:
        self.w.attempt("recheck", lambda: recheck.recheck(pk, by=self.w.people[who]), told=who)

    # --- reviewing -------------------------------------------------------------------------------------------
    def answer(self, data: st.DataObject, pk: UUID, who: str, side: str) -> None:
        version = self.w.now.posts[pk]["current_version_id"]
        runs = [r for r in self.w.now.of("CheckRun").values() if r["version"] == version and r["state"] == "complete"]
        if not runs:
            return
        newest = max(runs, key=lambda r: r["turn"])
        findings = Finding.objects.filter(run_id=newest["id"]).exclude(severity="note").order_by("position")
        ids = [f.pk for f in findings if not f.hard] or [f.pk for f in findings]
        if not ids:
            return
        records = self.w.facts.posts[pk].content.authorizations
        kinds = ("authorised",) * 3 * bool(records) + ("not_identifiable", "false_alarm", "not_identifiable")
        kind = data.draw(st.sampled_from(kinds), label="kind")
        record = Authorization.objects.get(pk=records[0]).pk if kind == "authorised" else None
        self.w.attempt(
            f"answer_{side}",
            lambda: answer_several(
                pk, ids, by=self.w.people[who], side=side, kind=kind, words=WORDS, authorization_id=record
            ),
            told=f"{who} {kind}",
        )

    def dispute(self, data: st.DataObject, pk: UUID, who: str) -> None:
        self.answer(data, pk, who, "author")

    def clear(self, data: st.DataObject, pk: UUID, who: str) -> None:
        self.answer(data, pk, who, "officer")

    def _version(self, data: st.DataObject, pk: UUID) -> UUID:
        version = self.w.now.posts[pk]["current_version_id"]
        if version is not None and data.draw(st.sampled_from(range(10)), label="version on screen") != 9:
            return version  # type: ignore[no-any-return]
        older = [v["id"] for v in self.w.now.of("PostVersion").values() if v["post_id"] == pk and v["id"] != version]
        return older[0] if older else uuid4()

    def approve(self, data: st.DataObject, pk: UUID, who: str) -> None:
        version = self._version(data, pk)
        password = data.draw(st.sampled_from((PASSWORD,) * 19 + ("wrong",)), label="password")
        extra = data.draw(st.sampled_from(("", "", "now", "slot")), label="and")
        slot = self.slot(data) if extra == "slot" else None
        self.w.attempt(
            f"approve_{extra}".rstrip("_"),
            lambda: approving.approve(
                pk, by=self.w.people[who], version_id=version, password=password, slot=slot, publish_now=extra == "now"
            ),
            told=who,
        )

    def request_changes(self, data: st.DataObject, pk: UUID, who: str) -> None:
        version = self._version(data, pk)
        self.w.attempt(
            "request_changes",
            lambda: decide.request_changes(
                pk, by=self.w.people[who], version_id=version, reason="wording", words=WORDS
            ),
            told=who,
        )

    def reject(self, data: st.DataObject, pk: UUID, who: str) -> None:
        version = self._version(data, pk)
        self.w.attempt(
            "reject",
            lambda: decide.reject(pk, by=self.w.people[who], version_id=version, reason="other", words=WORDS),
            told=who,
        )

    # --- the slot --------------------------------------------------------------------------------------------
    def slot(self, data: st.DataObject) -> Slot:
        minutes = data.draw(st.sampled_from((-30, 10, 60, 60 * 24, 60 * 24 * 3, 60 * 24 * 20)), label="slot in minutes")
        return now_slot(clock.now() + timedelta(minutes=minutes), "America/New_York")

    def schedule_now(self, _data: st.DataObject, pk: UUID, who: str) -> None:
        self.w.attempt("schedule_now", lambda: schedule.schedule(pk, by=self.w.people[who], publish_now=True), told=who)

    def schedule_later(self, data: st.DataObject, pk: UUID, who: str) -> None:
        slot = self.slot(data)
        self.w.attempt("schedule_later", lambda: schedule.schedule(pk, by=self.w.people[who], slot=slot), told=who)

    def reslot(self, data: st.DataObject, pk: UUID, who: str) -> None:
        slot = self.slot(data)
        self.w.attempt("reslot", lambda: schedule.reslot(pk, by=self.w.people[who], slot=slot), told=who)

    def unschedule(self, _data: st.DataObject, pk: UUID, who: str) -> None:
        self.w.attempt("unschedule", lambda: schedule.unschedule(pk, by=self.w.people[who]), told=who)

    def pull_back(self, _data: st.DataObject, pk: UUID, who: str) -> None:
        self.w.attempt("pull_back", lambda: pull_back.pull_back(pk, by=self.w.people[who]), told=who)

    def hold(self, _data: st.DataObject, pk: UUID, who: str) -> None:
        self.w.attempt("hold", lambda: hold.hold(pk, by=self.w.people[who], words=WORDS), told=who)

    def release(self, _data: st.DataObject, pk: UUID, who: str) -> None:
        self.w.attempt("release", lambda: hold.release(pk, by=self.w.people[who]), told=who)

    # --- afterwards ------------------------------------------------------------------------------------------
    def retry(self, _data: st.DataObject, pk: UUID, who: str) -> None:
        self.w.attempt("retry", lambda: settle.retry(pk, by=self.w.people[who]), told=who)

    def settle(self, _data: st.DataObject, pk: UUID, who: str) -> None:
        self.w.attempt("settle", lambda: settle.settle(pk, by=self.w.people[who]), told=who)

    def request_takedown(self, _data: st.DataObject, pk: UUID, who: str) -> None:
        self.w.attempt(
            "request_takedown", lambda: takedown.request_takedown(pk, by=self.w.people[who], words=WORDS), told=who
        )

    def cancel_takedown(self, _data: st.DataObject, pk: UUID, who: str) -> None:
        self.w.attempt("cancel_takedown", lambda: takedown.cancel_takedown(pk, by=self.w.people[who]), told=who)

    def confirm_takedown(self, _data: st.DataObject, pk: UUID, who: str) -> None:
        self.w.attempt("confirm_takedown", lambda: takedown.confirm_takedown(pk, by=self.w.people[who]), told=who)
