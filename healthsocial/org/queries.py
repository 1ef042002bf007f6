"""Reading the organisation's rows."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import connection
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404

from healthsocial import clock
from healthsocial.audit.log import Actor
from healthsocial.org.enums import Scope
from healthsocial.org.models import Channel, ChannelGroup, Grant, Heartbeat, OneTimeLink, Organisation, User
from healthsocial.org.permissions import channels_where
from healthsocial.org.roles import Role


def organisation() -> Organisation:
    """The organisation's row; as a side effect this process takes over its clock (demo databases only)."""
    row, _ = Organisation.objects.get_or_create(id=1)
    clock.set_offset(row.clock_offset_seconds)
    return row


def actor(user: User, role: str = "") -> Actor:
    """The person as the audit trail stores them."""
    return Actor("person", str(user.pk), user.name, role)


def fresh(user: User) -> User:
    """Re-read a person inside the transaction: a session may be older than a deactivation.

    On PostgreSQL the row is locked FOR SHARE, so that a deactivation or the end of a role waits for this act, or this
    act sees it; SQLite's writers wait for each other anyway. Django has no FOR SHARE of its own. One statement does
    both: after a wait PostgreSQL gives the locked row as it is then, and nothing else is read here.
    """
    if connection.vendor == "postgresql" and connection.in_atomic_block:
        locked = list(User.objects.raw("SELECT * FROM org_user WHERE id = %s FOR SHARE", [user.pk]))
        if locked:
            return locked[0]
    return User.objects.get(pk=user.pk)


def roles_held(user: User) -> list[Role]:
    """Distinct roles in force anywhere, in the order of the table."""
    if not user.is_active:
        return []
    held = set(Grant.objects.in_force(clock.now()).filter(user_id=user.pk).values_list("role", flat=True))
    return [role for role in Role if role.value in held]


def silent_processes() -> list[str]:
    """Of worker and dispatch, those not heard of for SILENT_AFTER_SECONDS of real time. Without a broker there is no worker."""
    names = ("worker", "dispatch") if settings.BROKER_CONFIGURED else ("dispatch",)
    limit = datetime.now(UTC) - timedelta(seconds=settings.SILENT_AFTER_SECONDS)
    alive = set(Heartbeat.objects.filter(at__gte=limit).values_list("name", flat=True))
    return [name for name in names if name not in alive]


def access_person(viewer: User, pk: UUID) -> User:
    """A person, for those who may see people; 404 for everybody else, so that ids tell nothing."""
    if not viewer.has_perm("org.see_people"):
        raise Http404
    return get_object_or_404(User, pk=pk)


def access_grant(viewer: User, pk: UUID) -> Grant:
    if not viewer.has_perm("org.see_people"):
        raise Http404
    return get_object_or_404(Grant.objects.select_related("user", "group", "channel"), pk=pk)


def access_group(viewer: User, pk: UUID) -> ChannelGroup:
    if not viewer.has_perm("org.channels"):
        raise Http404
    return get_object_or_404(ChannelGroup, pk=pk)


def access_channel(viewer: User, pk: UUID) -> Channel:
    """A channel on which the person holds any role; 404 for the others."""
    seen = Channel.objects.filter(channels_where(viewer, "posts.see_titles")).select_related("group")
    return get_object_or_404(seen, pk=pk)


def people(*, text: str = "", role: str = "", state: str = "") -> QuerySet[User]:
    """People by name, with their grants in force as `held`. `state`: active, invited, inactive, or all of them."""
    found = User.objects.order_by("name", "pk")
    if text:
        found = found.filter(Q(name__icontains=text) | Q(email__icontains=text) | Q(job_title__icontains=text))
    if role:
        held = Grant.objects.in_force(clock.now()).filter(user=OuterRef("pk"), role=role)
        found = found.filter(Exists(held), is_active=True)
    waiting = Q(password="") | Q(password__startswith=UNUSABLE_PASSWORD_PREFIX)
    if state == "active":
        found = found.filter(is_active=True).exclude(waiting)
    elif state == "invited":
        found = found.filter(waiting, is_active=True)
    elif state == "inactive":
        found = found.filter(is_active=False)
    grants = Grant.objects.in_force(clock.now()).select_related("group", "channel")
    return found.prefetch_related(Prefetch("grants", queryset=grants, to_attr="held"))


def grants_of(person: User) -> list[Grant]:
    """All grants of a person, newest start first, with what the page shows."""
    related = ("group", "channel", "granted_by", "ended_by")
    return list(Grant.objects.filter(user=person).select_related(*related).order_by("-starts_at", "role"))


def open_link(token_digest: str) -> OneTimeLink | None:
    """The link with this digest, if it can still be used."""
    return (
        OneTimeLink.objects.select_related("user")
        .filter(token_digest=token_digest, used_at__isnull=True, cancelled_at__isnull=True, expires_at__gt=clock.now())
        .filter(user__is_active=True)
        .first()
    )


def channels_by_group(viewer: User) -> list[ChannelGroup]:
    """Groups with the channels that the person may see as `shown`; empty groups for administrators of everything only."""
    seen = Channel.objects.filter(channels_where(viewer, "posts.see_titles")).order_by("name")
    groups: list[ChannelGroup] = list(
        ChannelGroup.objects.prefetch_related(Prefetch("channels", queryset=seen, to_attr="shown"))
    )
    if viewer.has_perm("org.channels"):
        return groups
    return [group for group in groups if getattr(group, "shown", None)]


def people_per_channel(channels: Iterable[Channel]) -> dict[UUID, int]:
    """How many active people hold a role on each channel, directly or through its group or everything."""
    fields = ("scope", "group_id", "channel_id", "user_id")
    rows = Grant.objects.in_force(clock.now()).filter(user__is_active=True).values_list(*fields)
    by_place: dict[UUID | None, set[UUID]] = {}
    for scope, group_id, channel_id, user_id in rows:
        by_place.setdefault({Scope.GROUP: group_id, Scope.CHANNEL: channel_id}.get(Scope(scope)), set()).add(user_id)
    nobody: set[UUID] = set()
    everywhere = by_place.get(None, nobody)
    return {
        channel.pk: len(everywhere | by_place.get(channel.group_id, nobody) | by_place.get(channel.pk, nobody))
        for channel in channels
    }
