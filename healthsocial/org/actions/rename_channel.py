"""Rename a channel. Its address stays, so that links to published posts go on working."""

from healthsocial.audit.log import Refused, action
from healthsocial.org import guards
from healthsocial.org.actions.create_channel import channel_name_reasons
from healthsocial.org.models import Channel, User


def rename_channel(channel: Channel, *, name: str, by: User) -> Channel:
    """Needs `org.channels` on the channel. Raises Denied, or Refused for a name in use in its group."""
    actor = guards.acting(by, "org.channels", [channel])
    with action("channel.renamed", actor=actor, target=("channel", str(channel.pk))) as act:
        guards.lock_people()
        channel = Channel.objects.select_for_update(no_key=True).get(pk=channel.pk)
        guards.require(by, "org.channels", channel)
        reasons = channel_name_reasons(channel.group, name, but=channel)
        if reasons:
            raise Refused(*reasons)
        if channel.name == name.strip():
            act.nothing_changed()
        else:
            channel.name = name.strip()
            channel.save(update_fields=["name"])
            act.record("channel.renamed")
    return channel
