"""Do the events explain the grants and people as they are? Registered with the audit room's `unexplained`."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from healthsocial.audit import unexplained
from healthsocial.audit.models import Event
from healthsocial.audit.unexplained import Change
from healthsocial.org.actions.grant_role import grant_facts
from healthsocial.org.models import Grant, User

ACTIVE = {"person.deactivated": False, "person.reactivated": True}


def grants() -> Iterator[Change]:
    """Every grant is as its last event tells it: whose, role, where, from when, until when."""
    rows = {str(grant.pk): grant for grant in Grant.objects.all()}  # first: a grant made meanwhile has its event then
    told: dict[str, tuple[str, dict[str, Any]]] = {}
    for target, body in _events("grant.given", "grant.ended"):
        told[str(body["data"].get("grant"))] = target, body["data"]
    for pk, grant in rows.items():
        person, facts = told.get(pk, ("", {}))
        if not facts:
            yield Change("grant", pk, "it was never given")
            continue
        same = person == str(grant.user_id) and _plain(facts) == _plain(grant_facts(grant))
        if not same and Grant.objects.filter(pk=pk, ends_at=grant.ends_at).exists():  # not ended meanwhile
            yield Change("grant", pk, "it differs from its last event")


def people() -> Iterator[Change]:
    rows = dict(User.objects.values_list("pk", "is_active"))
    told = {target: ACTIVE[body["verb"]] for target, body in _events(*ACTIVE)}
    for pk, active in rows.items():
        if active != told.get(str(pk), True):
            yield Change("person", str(pk), "it was switched on or off")


def _events(*verbs: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for target, body in (
        Event.objects.filter(verb__in=verbs).order_by("seq").values_list("target_id", "body").iterator()
    ):
        yield target, json.loads(body)


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    """Equal instants are equal, however they are written."""
    return {
        name: datetime.fromisoformat(value) if name in {"starts_at", "ends_at"} and value else value
        for name, value in facts.items()
    }


unexplained.register("grants", grants)
unexplained.register("people", people)
