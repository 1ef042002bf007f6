"""The laws of the design as checks of one step: what was, what is, and the events between."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from healthsocial.audit.models import Event
from tests.model.beliefs import Facts, words_of, words_of_form
from tests.model.design import (
    DELIVERIES_OF,
    DELIVERY_EDGES,
    EDGES,
    ONLY_OVER,
    STANDING,
    TRANSITIONS,
    WHO,
    reachable,
)
from tests.model.snapshot import Row, Snapshot
from tests.model.tally import Tally

CANARY = "quillfeather"
REACHABLE = reachable()
NEVER_LEFT = {"due", "claimed", "cancelled", "failed"}
# The system's own acts carry the name of the person who set them off.
BY_ITSELF = {"authorization_ended", "left_while_stopped", "recheck_found_something"}


class LawBroken(AssertionError):
    """A law does not hold; the first word names it."""


def law(name: str, holds: bool, detail: object = "") -> None:
    if not holds:
        raise LawBroken(f"{name}: {detail}")


@dataclass
class Step:
    """One step of the model, as the laws see it."""

    before: Snapshot
    after: Snapshot
    events: list[Event]
    refused: bool
    facts: Facts
    now: datetime
    digest: str
    tally: Tally

    def told(self, verb: str) -> Iterator[dict[str, Any]]:
        for event in self.events:
            if event.verb == verb:
                yield json.loads(event.body)["data"]


def check(step: Step) -> None:
    """Everything that must hold after any step."""
    the_chain_grows(step)
    a_refusal_changes_nothing(step)
    states_move_along_edges(step)
    deliveries_move_along_edges(step)
    versions_stay(step)
    for post in step.after.posts.values():
        a_post_is_whole(step, post)
        its_deliveries_fit(step, post)
    for row in step.after.deliveries.values():
        a_delivery_is_whole(step, row)


def the_chain_grows(step: Step) -> None:
    previous = None
    for number, event in enumerate(step.events, start=step.before.seq + 1):
        law("chain", event.seq == number, f"event {event.seq} stands at {number}")
        digest = hashlib.sha256(f"{event.previous}\n{event.body}".encode()).hexdigest()
        law("chain", event.digest == digest and previous in (None, event.previous), event.seq)
        law("privacy", CANARY not in event.body.lower(), f"{event.verb} holds words of a post")
        previous = event.digest
    law("chain", step.after.seq == step.before.seq + len(step.events), "head")


def a_refusal_changes_nothing(step: Step) -> None:
    verbs = [event.verb for event in step.events]
    refusals = [verb for verb in verbs if verb.endswith(".refused")]
    if step.refused:
        law("refusal", len(verbs) == 1 and len(refusals) == 1, verbs)
        changed = [name for name, rows in step.after.raw.items() if rows != step.before.raw[name]]
        law("refusal", not changed, f"a refused attempt changed {changed}")
    else:
        law("refusal", not refusals, verbs)


def states_move_along_edges(step: Step) -> None:
    """Every change of state has exactly one event of its post, in order, by somebody who may."""
    path = {pk: row["state"] for pk, row in step.before.posts.items()}
    for event in step.events:
        kind, _dot, name = event.verb.partition(".")
        if kind != "post" or name not in TRANSITIONS:
            if event.verb == "post.created":
                path[UUID(event.target_id)] = "draft"
            continue
        pk, data = UUID(event.target_id), json.loads(event.body)["data"]
        edge = (name, path[pk], data["state"])
        law("edges", edge in EDGES, edge)
        step.tally.edges[edge] += 1
        path[pk] = data["state"]
        _by_somebody_who_may(step, event, name, pk, data.get("why", ""))
    law(
        "events",
        path == {pk: row["state"] for pk, row in step.after.posts.items()},
        "a state changed without its event",
    )


def _by_somebody_who_may(step: Step, event: Event, name: str, pk: UUID, why: str) -> None:
    if event.actor_kind != "person" or WHO[name] == {"system"} or why in BY_ITSELF:
        law("roles", event.actor_kind == "person" or "system" in WHO[name], f"{name} by the system")
        return
    channels = frozenset(UUID(str(c)) for p, c in step.before.raw["channels"] if UUID(str(p)) == pk)
    law("roles", step.facts.holds(UUID(event.actor_id), WHO[name], channels), f"{event.actor_name} did {name}")


def deliveries_move_along_edges(step: Step) -> None:
    for pk, row in step.after.deliveries.items():
        old = step.before.deliveries.get(pk)
        if old is None:
            law(
                "delivery edges",
                row["state"] in ("due", *(to for start, to in REACHABLE if start == "due")),
                row["state"],
            )
            continue
        pair = (old["state"], row["state"])
        law("delivery edges", pair[0] == pair[1] or pair in REACHABLE, pair)
        law("fence", row["attempt"] >= old["attempt"], "an attempt was taken back")
        same = ("post_id", "version_id", "channel_id", "idempotency_key")
        law("delivery edges", all(row[name] == old[name] for name in same), "a delivery became another")
        if pair in DELIVERY_EDGES:
            step.tally.delivery_edges[pair] += 1
    law("history", set(step.before.deliveries) <= set(step.after.deliveries), "a delivery vanished")


def versions_stay(step: Step) -> None:
    approved = {row["version_id"] for row in step.before.of("Approval").values()}
    for pk, row in step.before.of("PostVersion").items():
        now = step.after.of("PostVersion").get(pk)
        law("history", now is not None, "a version vanished")
        assert now is not None
        redacted = now["redacted_at"] is not None and now["canonical"] == "" and pk not in approved
        law(
            "history",
            now["seal"] == row["seal"] and (now["canonical"] == row["canonical"] or redacted),
            "a version changed",
        )


def a_post_is_whole(step: Step, post: Row) -> None:
    state, belief = post["state"], step.facts.posts[post["id"]]
    law("slot", state not in ("scheduled", "publishing") or post["slot_at"] is not None, state)
    version = step.after.of("PostVersion").get(post["current_version_id"])
    standing = [a for a in step.after.of("Approval").values() if a["post_id"] == post["id"] and a["voided_at"] is None]
    law("approval", len(standing) <= 1, "two approvals stand")
    if state in STANDING:
        law("approval", [a["id"] for a in standing] == [post["approval_id"]], f"{state} without its approval")
        assert version is not None
        approval = standing[0]
        law("seal", approval["version_id"] == version["id"], "another version")
        law("seal", hashlib.sha256(version["canonical"].encode()).hexdigest() == approval["seal"], "bytes differ")
        assert belief.signed is not None
        law(
            "seal",
            words_of_form(json.loads(version["canonical"])) == words_of(belief.signed),
            "not the words that were approved",
        )
    elif state != "archived":
        law("approval", not standing and post["approval_id"] is None, f"an approval stands in {state}")
    runs = [r for r in step.after.of("CheckRun").values() if version is not None and r["version"] == version["id"]]
    if state == "checking":
        law("stuck", any(r["state"] in ("queued", "running", "error") for r in runs), "no check is on its way")
    if state in STANDING or state == "in_review":
        law("checked", any(r["state"] == "complete" for r in runs), f"{state} without a complete check")
    open_alerts = {
        a["kind"]
        for a in step.after.of("Alert").values()
        if a["target_id"] == str(post["id"]) and a["resolved_at"] is None
    }
    law("alerts", ("missed" in open_alerts) == (state == "missed"), f"{state}: {sorted(open_alerts)}")
    # One that left during a stop is told at once, while the round still runs.
    wanted = {"takedown"} if state == "takedown_requested" else set()
    law(
        "alerts",
        (open_alerts & {"takedown"}) - ({"takedown"} if state == "publishing" else set()) == wanted,
        f"{state}: {sorted(open_alerts)}",
    )


def its_deliveries_fit(step: Step, post: Row) -> None:
    state = post["state"]
    allowed = DELIVERIES_OF.get(state, ONLY_OVER)
    current = [row["state"] for row in step.after.deliveries_of(post)]
    law("deliveries", set(current) <= allowed, f"{state} with {sorted(current)}")
    others = {
        row["state"]
        for row in step.after.deliveries.values()
        if row["post_id"] == post["id"] and row["version_id"] != post["current_version_id"]
    }
    law("deliveries", others <= ONLY_OVER, f"an older version is {sorted(others)}")
    if state in ("published",):
        law("deliveries", "sent" in current, "published, and no channel has it")
    if state == "incomplete":
        law("deliveries", bool({"sent", "unconfirmed"} & set(current)), "incomplete, and nothing went out")
    if state in ("published", "incomplete", "archived"):
        wanted = [
            row for row in step.after.deliveries_of(post)
            if row["removal_wanted_at"] is not None and row["state"] in ("sent", "unconfirmed")
        ]  # fmt: skip
        law("takedown", not wanted, f"{state}, though what left during a stop should come down")


def a_delivery_is_whole(step: Step, row: Row) -> None:
    held = row["state"] in ("claimed", "sending")
    law("lease", (row["lease_until"] is not None) == held, f"{row['state']} and lease {row['lease_until']}")
    alerts = {
        a["kind"]
        for a in step.after.of("Alert").values()
        if a["target_id"] == str(row["id"]) and a["resolved_at"] is None
    }
    law("alerts", ("unconfirmed" in alerts) == (row["state"] == "unconfirmed"), f"{row['state']}: {sorted(alerts)}")


def late(row: Row, now: datetime) -> bool:
    return bool(now > row["due_at"] + timedelta(minutes=120))
