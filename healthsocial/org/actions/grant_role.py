"""Give a person a role on everything, a group of channels, or one channel."""

from datetime import datetime

from django.utils.translation import gettext as _

from healthsocial import clock
from healthsocial.audit.log import Denied, Reason, Refused, action
from healthsocial.org import guards
from healthsocial.org.enums import Scope
from healthsocial.org.models import Channel, ChannelGroup, Grant, User
from healthsocial.org.roles import Role


def grant_role(
    person: User,
    *,
    role: Role,
    group: ChannelGroup | None = None,
    channel: Channel | None = None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    by: User,
) -> Grant:
    """Neither `group` nor `channel` means everything. Times are aware instants; no start means now, no end means until ended.

    Raises Denied (no right, or to oneself) or Refused (deactivated, there already, end before start).
    """
    if group is not None and channel is not None:
        raise ValueError("a grant is on a group or on a channel, not on both")
    scope = Scope.CHANNEL if channel else Scope.GROUP if group else Scope.EVERYTHING
    with action("grant.given", actor=guards.acting(by, "org.people"), target=("person", str(person.pk))) as act:
        guards.lock_people()
        by = guards.require(by, "org.people")
        person = User.objects.select_for_update(no_key=True).get(pk=person.pk)
        if self_grant := guards.self_grant_reasons(person, by):
            raise Denied(*self_grant)
        moment = clock.now()
        starts_at = max(starts_at or moment, moment)
        reasons = guards.grant_reasons(person, by)
        if ends_at is not None and ends_at <= starts_at:
            reasons.append(Reason("ends_before_start", _("The role would end before it starts.")))
        current = Grant.objects.in_force(starts_at).filter(
            user=person, role=role, scope=scope, group=group, channel=channel
        )
        if current.exists():
            reasons.append(
                Reason("already_granted", _("This person already holds this role there. End it first to change it."))
            )
        if reasons:
            raise Refused(*reasons)
        grant = Grant.objects.create(
            user=person,
            role=role,
            scope=scope,
            group=group,
            channel=channel,
            starts_at=starts_at,
            ends_at=ends_at,
            granted_by=by,
        )
        act.record("grant.given", data=grant_facts(grant))
    return grant


def grant_facts(grant: Grant) -> dict[str, object]:
    """A grant as the audit record holds it: codes and ids."""
    where = grant.group_id or grant.channel_id
    return {
        "grant": str(grant.pk),
        "role": str(grant.role),
        "scope": str(grant.scope),
        "on": str(where) if where else None,
        "starts_at": grant.starts_at.isoformat(),
        "ends_at": grant.ends_at.isoformat() if grant.ends_at else None,
    }
