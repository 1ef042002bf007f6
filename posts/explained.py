"""Do the events explain the posts and approvals as they are? Registered with the audit room's `unexplained`."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max, QuerySet

from healthsocial.audit import unexplained
from healthsocial.audit.models import Event
from healthsocial.audit.unexplained import Change
from posts.enums import State
from posts.models import Approval, Post
from posts.signing import signature_holds


def states() -> Iterator[Change]:
    """Every post stands in the state that its last event tells."""
    now = dict(Post.objects.values_list("pk", "state"))
    last = dict(_state_events().order_by().values_list("target_id").annotate(newest=Max("seq")))
    told: dict[str, str] = {}
    for seqs in _chunks(list(last.values())):
        told.update(Event.objects.filter(seq__in=seqs).values_list("target_id", "body"))
    for pk, state in now.items():
        if state != _state(told.get(str(pk))) and _still_differs(pk):
            yield Change("post", str(pk), f"it is in the state {state}")


def approvals() -> Iterator[Change]:
    """Every approval was given and every end of one recorded, and each signature is the one that was made."""
    rows = list(Approval.objects.order_by("at"))
    given = _told("post.approve")
    ended = _told("approval.voided")
    for row in rows:
        pk, facts = str(row.pk), given.get(str(row.pk))
        if facts is None or facts["post"] != str(row.post_id) or facts["seal"] != row.seal:
            yield Change("approval", pk, "it was never given")
        elif facts["version"] != str(row.version_id) or not signature_holds(row):
            yield Change("approval", pk, "its signature was moved or changed")
        elif row.voided_at is not None and pk not in ended:
            yield Change("approval", pk, "it was ended")
        elif row.voided_at is None and pk in ended and Approval.objects.filter(pk=pk, voided_at=None).exists():
            yield Change("approval", pk, "its end was undone")


def _state_events() -> QuerySet[Event]:
    told = Event.objects.filter(target_type="post", verb__startswith="post.", body__contains='"state":"')
    return told.exclude(verb__endswith=".refused")


def _state(body: str | None) -> str:
    return str(json.loads(body)["data"]["state"]) if body else State.DRAFT.value


def _still_differs(pk: UUID) -> bool:
    """Look again under the post's lock: it may have moved between the two readings."""
    with transaction.atomic():
        post = Post.objects.select_for_update(no_key=True).get(pk=pk)
        newest = _state_events().filter(target_id=str(pk)).order_by("-seq").values_list("body", flat=True).first()
        return str(post.state) != _state(newest)


def _told(verb: str) -> dict[str, dict[str, Any]]:
    """approval id -> what the event of this verb says about it."""
    found = {}
    for post, body in Event.objects.filter(verb=verb).order_by("seq").values_list("target_id", "body").iterator():
        data = json.loads(body)["data"]
        found[str(data.get("approval"))] = {**data, "post": post}
    return found


def _chunks(items: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(items), 500):
        yield items[start : start + 500]


unexplained.register("states", states)
unexplained.register("approvals", approvals)
