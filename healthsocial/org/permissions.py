"""Grants answer "role on every channel"; nothing else does."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q

from healthsocial import clock
from healthsocial.org.enums import Scope
from healthsocial.org.models import Channel, Grant, User
from healthsocial.org.roles import roles_for


def grants_for(user: User, permission: str, at: datetime | None = None) -> list[Grant]:
    """Grants in force that carry a permission (none for a deactivated person)."""
    if not user.is_active:
        return []
    read: list[Grant] | None = user.__dict__.get("grants_read")
    if read is not None and at is None:
        return [grant for grant in read if grant.role in roles_for(permission)]
    return list(Grant.objects.in_force(at or clock.now()).filter(user_id=user.pk, role__in=roles_for(permission)))


def read_grants(user: User) -> User:
    """Read the person's grants once for the length of one act. Only for a person just re-read with `fresh`: their row's

    lock keeps the grants from ending meanwhile.
    """
    user.__dict__["grants_read"] = list(Grant.objects.in_force(clock.now()).filter(user_id=user.pk))
    return user


def may(
    user: User, permission: str, obj: Channel | Iterable[Channel] | None = None, *, at: datetime | None = None
) -> bool:
    """See `User.has_perm`."""
    grants = grants_for(user, permission, at)
    if obj is None:
        return any(grant.scope == Scope.EVERYTHING for grant in grants)
    channels = [obj] if isinstance(obj, Channel) else list(obj)
    return bool(channels) and all(any(covers(grant, channel) for grant in grants) for channel in channels)


def may_anywhere(user: User, permission: str, *, at: datetime | None = None) -> bool:
    """True when the person holds the permission on at least one channel, group, or everything."""
    return bool(grants_for(user, permission, at))


def covers(grant: Grant, channel: Channel) -> bool:
    if grant.scope == Scope.EVERYTHING:
        return True
    if grant.scope == Scope.GROUP:
        return grant.group_id == channel.group_id
    return grant.channel_id == channel.pk


def channels_where(user: User, permission: str, *, at: datetime | None = None) -> Q:
    """A filter on Channel: those on which the person holds the permission. Matches nothing without a grant."""
    condition = Q(pk__in=[])
    for grant in grants_for(user, permission, at):
        if grant.scope == Scope.EVERYTHING:
            return Q()
        condition |= Q(group_id=grant.group_id) if grant.scope == Scope.GROUP else Q(pk=grant.channel_id)
    return condition


def role_used(user: User, permission: str, channels: Iterable[Channel]) -> str:
    """The role, as text for the record, under which the person acts on these channels."""
    wanted = list(channels)
    for grant in grants_for(user, permission):
        if all(covers(grant, channel) for channel in wanted):
            return grant.role
    held = sorted({grant.role for grant in grants_for(user, permission)})
    return "+".join(held)
