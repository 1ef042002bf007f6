"""Create a channel in a group."""

from django.utils.text import slugify
from django.utils.translation import gettext as _

from healthsocial.audit.log import Reason, Refused, action
from healthsocial.org import guards
from healthsocial.org.enums import Network
from healthsocial.org.models import Channel, ChannelGroup, User


def create_channel(
    *, group: ChannelGroup, name: str, network: Network, character_limit: int = 2000, by: User
) -> Channel:
    """Needs `org.channels` on the group. The public address is made from the name once and stays after a rename."""
    new = Channel(group=group, name=name.strip(), network=network, character_limit=character_limit)
    actor = guards.acting(by, "org.channels", [new])
    with action("channel.created", actor=actor, target=("channel", "")) as act:
        organisation = guards.lock_people()
        guards.require(by, "org.channels", new)
        reasons = [
            *channel_name_reasons(group, name),
            *guards.network_reasons(network, organisation),
            *guards.limit_reasons(character_limit),
        ]
        if reasons:
            raise Refused(*reasons)
        new.slug = free_slug(f"{group.name} {name}")
        new.save(force_insert=True)
        act.record(
            "channel.created",
            target=("channel", str(new.pk)),
            data={
                "group": str(group.pk),
                "network": str(network),
                "character_limit": character_limit,
            },
        )
    return new


def channel_name_reasons(group: ChannelGroup, name: str, but: Channel | None = None) -> list[Reason]:
    reasons = guards.name_reasons(name, 120)
    others = Channel.objects.filter(group=group, name__iexact=name.strip())
    if (others.exclude(pk=but.pk) if but else others).exists():
        reasons.append(Reason("name_in_use", _("Another channel of this group has this name.")))
    return reasons


def free_slug(text: str) -> str:
    """An address nobody uses; names without Latin letters get a plain one."""
    base = slugify(text)[:70].strip("-") or "channel"
    taken = set(Channel.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    if base not in taken:
        return base
    number = 2
    while f"{base}-{number}" in taken:
        number += 1
    return f"{base}-{number}"
