"""Switch a channel off and on. Off cancels what has not left, so it lives here and not in `org` (law 7)."""

from uuid import UUID

from django.utils.translation import gettext as _

from healthsocial.audit.log import Denied, Reason, action
from healthsocial.org import queries as org
from healthsocial.org.models import Channel, User
from posts.actions.crisis_stop import cancel_on_channels
from posts.actions.taking_turns import before_stopping


def disable_channel(channel_id: UUID, *, by: User) -> Channel:
    return _switch(channel_id, by, on=False)


def enable_channel(channel_id: UUID, *, by: User) -> Channel:
    """Nothing fires by itself: posts on the channel need their time confirmed."""
    return _switch(channel_id, by, on=True)


def _switch(channel_id: UUID, by: User, *, on: bool) -> Channel:
    verb = "channel.enabled" if on else "channel.disabled"
    with action(verb, actor=org.actor(by), target=("channel", str(channel_id))) as act:
        before_stopping()
        user = org.fresh(by)
        if not user.has_perm("org.channels"):
            raise Denied(Reason("role_missing", _("Only an administrator may switch channels."), _("an administrator")))
        act.actor = org.actor(user, "administrator")
        channel = Channel.objects.select_for_update(no_key=True).get(pk=channel_id)
        if channel.is_enabled == on:
            act.nothing_changed()
            return channel
        channel.is_enabled = on
        channel.save(update_fields=["is_enabled"])
        cancelled = 0 if on else cancel_on_channels(act, [channel.pk], "channel_disabled")
        act.record(verb, data={"cancelled": cancelled})
        return channel
