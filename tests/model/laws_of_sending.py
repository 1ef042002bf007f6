"""The laws of approving and sending: what is signed, what may leave, and what the networks took."""

import hashlib
import json
from dataclasses import replace
from typing import Any
from uuid import UUID

from compliance.models import Answer, Finding
from tests.model.beliefs import Belief, words_of
from tests.model.laws import Step, late, law
from tests.model.snapshot import Row

DISPUTES = {"false_alarm", "not_identifiable", "substantiated", "accepted"}


def approvals_are_earned(step: Step) -> None:
    """A new approval: of checked words, answered findings, by somebody who did not write them."""
    for pk, row in step.after.of("Approval").items():
        if pk in step.before.of("Approval"):
            continue
        belief = step.facts.posts[row["post_id"]]
        law("own work", row["by_id"] not in belief.barred(), f"{row['by_name']} approved words of their own")
        version = step.after.of("PostVersion")[row["version_id"]]
        law("seal", row["seal"] == hashlib.sha256(version["canonical"].encode()).hexdigest(), "signed over other bytes")
        _checked(step, row)
        _answered(row["check_run"], row["post_id"], belief)
        _covered(step, belief, belief.content)
        belief.signed = belief.content
        belief.since_approval = set()


def _checked(step: Step, approval: Row) -> None:
    run = step.after.of("CheckRun").get(approval["check_run"])
    law(
        "checked",
        run is not None and run["state"] == "complete" and run["version"] == approval["version_id"],
        "not checked",
    )
    assert run is not None
    law("checked", run["packs_digest"] == step.digest, "checked with rules that no longer apply")


def _newest(post: UUID, side: str) -> dict[tuple[Any, ...], Answer]:
    found = {}
    for answer in Answer.objects.filter(thread=post, side=side).order_by("turn"):
        found[(answer.field, answer.rule_id, answer.rule_digest, answer.sentence_key, answer.occurrence)] = answer
    return found


def _answered(run: UUID, post: UUID, belief: Belief) -> None:
    officers = _newest(post, "officer")
    for finding in Finding.objects.filter(run_id=run).exclude(severity="note"):
        answer = officers.get(finding.answer_key)
        law("answered", not finding.hard, "a hard finding was approved")
        law("answered", answer is not None, f"{finding.rule_id} has no officer's answer")
        assert answer is not None
        law("answered", answer.by_id not in belief.barred(), "the officer's answer is by somebody who wrote the words")


def passed_checks(step: Step) -> None:
    """What reaches review: no hard finding, and every block disputed or waiting for an authorization."""
    for event in step.events:
        if event.verb != "post.pass_checks":
            continue
        data = json.loads(event.body)["data"]
        authors = _newest(UUID(event.target_id), "author")
        linked = bool(step.facts.posts[UUID(event.target_id)].content.persons)
        for finding in Finding.objects.filter(run_id=data["run"], severity="block"):
            answer = authors.get(finding.answer_key)
            disputed = answer is not None and answer.kind in DISPUTES
            waits = (
                linked or (answer is not None and answer.kind == "authorised")
            ) and "authorization" in finding.clears_with
            law("blocked", not finding.hard and (disputed or waits), f"{finding.rule_id} passed the checks")


def _covered(step: Step, belief: Belief, content: Any) -> None:
    if content.person_answer not in ("patients", "release"):
        law("covered", content.person_answer != "not_sure", "it is not settled who is shown")
        return
    for person in content.persons:
        records = [step.facts.records[UUID(pk)] for pk in content.authorizations]
        own = [r for r in records if str(r.subject) == person["subject"] and r.stands(step.now)]
        law("covered", bool(own), "nobody's authorization stands for a person in the post")


def intents_were_allowed(step: Step, intents: dict[str, str]) -> None:
    """Everything that may stop a post, at the moment its intent was committed. Fills key -> the words expected."""
    for data in step.told("delivery.sending"):
        row = step.after.deliveries[UUID(data["delivery"])]
        belief, channel = step.facts.posts[row["post_id"]], row["channel_id"]
        post = step.after.posts[row["post_id"]]
        signed = belief.signed
        law("intent", signed is not None, "sent without a standing approval")
        assert signed is not None
        law("intent", not belief.tampered, "the words on the desk are not those that were approved")
        law("intent", not step.facts.stopped(channel, emergency=bool(post["emergency"])), "sent during a crisis stop")
        law("intent", channel not in step.facts.off, "sent on a channel that is switched off")
        law("intent", channel in signed.channels, "sent to a channel nobody approved")
        law("intent", not late(row, step.now), "sent too late")
        law("intent", step.now >= row["due_at"], "sent too early")
        _covered(step, belief, signed)
        approval = step.after.of("Approval")[post["approval_id"]] if post["approval_id"] else None
        law("intent", approval is not None and data["seal"] == approval["seal"], "another seal")
        assert approval is not None
        _checked(step, approval)
        intents[row["idempotency_key"]] = signed.channel_texts.get(str(channel), signed.text)


def networks_took_each_once(step: Step, logged: list[str], intents: dict[str, str], seen: set[str]) -> None:
    """The outside witness: a key never twice, never without an intent, and with the approved words."""
    law("once", len(logged) == len(set(logged)), "a network accepted the same delivery twice")
    local = step.after.of("LocalPublication")
    for row in local.values():
        law("seal", row["text"] == intents.get(row["key"]), "published words are not the approved ones")
    for key in {*logged, *(row["key"] for row in local.values())} - seen:
        law("intent", key in intents, "accepted without a committed intent")
        seen.add(key)
        step.tally.accepted += 1


def outcomes_are_of_the_holder(step: Step) -> None:
    """Only the newest claim may say what became of a delivery."""
    for state in ("sent", "failed", "unconfirmed", "due"):
        for data in step.told(f"delivery.{state}"):
            row = step.before.deliveries.get(UUID(data["delivery"]))
            if row is not None and row["state"] == "sending":
                law("fence", data["attempt"] == row["attempt"], "an old claim recorded an outcome")


def words_on_the_desk(step: Step) -> None:
    """The working copy says what its last editor wrote: a same-words check of the model itself."""
    for pk, belief in step.facts.posts.items():
        copy = step.after.of("WorkingCopy")[pk]
        if belief.tampered and step.after.posts[pk]["state"] in ("draft", "changes_requested"):
            belief.content, belief.tampered = (
                replace(belief.content, text=copy["text"]),
                False,
            )  # the author reads it and goes on
        law("desk", belief.tampered or copy["text"] == belief.content.text, "the working copy says something else")
        voided = step.after.posts[pk]["approval_id"] is None
        if voided and step.after.posts[pk]["state"] != "archived":
            belief.signed = None
        law(
            "desk",
            belief.signed is None or belief.tampered or words_of(belief.signed) == belief.words,
            "signed words left the desk",
        )
