"""Crisis stop (law 8): cancels unsent deliveries and makes schedule and start_publishing refuse. Changes no post's state."""

from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from healthsocial import clock
from healthsocial.audit.log import Act, Denied, Reason, Refused, action
from healthsocial.org import permissions as org_permissions
from healthsocial.org import queries as org
from healthsocial.org.models import Channel, ChannelGroup, User
from posts.actions import deliveries
from posts.actions.move import lock_post
from posts.actions.taking_turns import before_stopping
from posts.enums import DeliveryState, StopScope
from posts.models import CrisisStop, Delivery


def start_stop(
    *,
    by: User,
    scope: str,
    reason: str,
    group: ChannelGroup | None = None,
    channel: Channel | None = None,
    emergency_goes_on: bool = False,
) -> CrisisStop:
    """Stop the organisation, a group or a channel at once. Refused when the same stop is in force."""
    with action("crisis_stop.started", actor=org.actor(by), target=("stop", "")) as act:
        before_stopping()
        user = org.fresh(by)
        reached = _reached(scope, group, channel)
        _may_stop(act, user, scope, reached)
        if len(reason.strip()) < 5:
            raise Refused(Reason("words_missing", _("Say why, in a few words.")))
        if CrisisStop.objects.filter(released_at__isnull=True, scope=scope, group=group, channel=channel).exists():
            raise Refused(Reason("stopped_already", _("This stop is in force already.")))
        stop = CrisisStop.objects.create(
            scope=scope,
            group=group if scope == StopScope.GROUP else None,
            channel=channel if scope == StopScope.CHANNEL else None,
            emergency_goes_on=emergency_goes_on,
            reason=reason.strip()[:300],
            started_at=clock.now(),
            started_by=user,
        )
        cancelled = cancel_on_channels(act, [c.pk for c in reached], "crisis_stop", spare_emergency=emergency_goes_on)
        act.record(
            "crisis_stop.started",
            target=("stop", str(stop.pk)),
            data={
                "scope": scope,
                "group": str(group.pk) if group else "",
                "channel": str(channel.pk) if channel else "",
                "emergency_goes_on": emergency_goes_on,
                "cancelled": cancelled,
            },
        )
        return stop


def release_stop(stop_id: UUID, *, by: User) -> CrisisStop:
    """Nothing fires by itself afterwards: posts need their time confirmed, or are missed."""
    with action("crisis_stop.released", actor=org.actor(by), target=("stop", str(stop_id))) as act:
        stop = (
            CrisisStop.objects.select_for_update(of=("self",), no_key=True)
            .select_related("group", "channel")
            .get(pk=stop_id)
        )
        user = org.fresh(by)
        _may_stop(act, user, stop.scope, _reached(stop.scope, stop.group, stop.channel))
        if stop.released_at is not None:
            raise Refused(Reason("released_already", _("This stop was released already.")))
        stop.released_at, stop.released_by = clock.now(), user
        stop.save(update_fields=["released_at", "released_by"])
        act.record("crisis_stop.released")
        return stop


def cancel_on_channels(act: Act, channels: list[UUID], why: str, *, spare_emergency: bool = False) -> int:
    """Cancel unsent deliveries on channels, post by post in lock order; returns how many. Ends rounds that are over."""
    live = Delivery.objects.filter(
        channel_id__in=channels, state__in=(DeliveryState.DUE, DeliveryState.CLAIMED, DeliveryState.SENDING)
    )
    if spare_emergency:
        live = live.exclude(post__emergency=True)
    total = 0
    for post_id in sorted(set(live.values_list("post_id", flat=True)), key=str):
        post = lock_post(post_id)
        cancelled, _leaving = deliveries.cancel(act, post, why, channels)
        total += cancelled
        deliveries.conclude(act, post)
    return total


def _reached(scope: str, group: ChannelGroup | None, channel: Channel | None) -> list[Channel]:
    condition = {
        StopScope.ORGANISATION: Q(),
        StopScope.GROUP: Q(group=group),
        StopScope.CHANNEL: Q(pk=channel.pk if channel else None),
    }
    if (
        scope not in StopScope.values
        or (scope == StopScope.GROUP and group is None)
        or (scope == StopScope.CHANNEL and channel is None)
    ):
        raise Refused(Reason("choice_unknown", _("Choose what to stop.")))
    return list(Channel.objects.select_related("group").filter(condition[StopScope(scope)]).order_by("pk"))


def _may_stop(act: Act, user: User, scope: str, reached: list[Channel]) -> None:
    allowed = (
        user.has_perm("posts.crisis_stop")
        if scope == StopScope.ORGANISATION
        else user.has_perm("posts.crisis_stop", reached)
    )
    if not allowed:
        raise Denied(
            Reason(
                "role_missing",
                _("You may not stop this part of the organisation."),
                _("a compliance officer or an administrator"),
            )
        )
    act.actor = org.actor(user, org_permissions.role_used(user, "posts.crisis_stop", reached))
