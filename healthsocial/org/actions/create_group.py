"""Create a group of channels: a site or a unit."""

from django.utils.translation import gettext as _

from healthsocial.audit.log import Reason, Refused, action
from healthsocial.org import guards
from healthsocial.org.enums import GroupKind
from healthsocial.org.models import ChannelGroup, User


def create_group(*, name: str, kind: GroupKind, by: User) -> ChannelGroup:
    """Needs `org.channels` organisation-wide. Raises Denied, or Refused for a name in use."""
    with action("group.created", actor=guards.acting(by, "org.channels"), target=("group", "")) as act:
        guards.lock_people()
        guards.require(by, "org.channels")
        reasons = group_name_reasons(name)
        if reasons:
            raise Refused(*reasons)
        group = ChannelGroup.objects.create(name=name.strip(), kind=kind)
        act.record("group.created", target=("group", str(group.pk)), data={"kind": str(kind)})
    return group


def group_name_reasons(name: str, but: ChannelGroup | None = None) -> list[Reason]:
    reasons = guards.name_reasons(name, 120)
    others = ChannelGroup.objects.filter(name__iexact=name.strip())
    if (others.exclude(pk=but.pk) if but else others).exists():
        reasons.append(Reason("name_in_use", _("Another group has this name.")))
    return reasons
