"""Rename a group of channels, or say that it is a site rather than a unit."""

from healthsocial.audit.log import Refused, action
from healthsocial.org import guards
from healthsocial.org.actions.create_group import group_name_reasons
from healthsocial.org.enums import GroupKind
from healthsocial.org.models import ChannelGroup, User


def rename_group(group: ChannelGroup, *, name: str, kind: GroupKind, by: User) -> ChannelGroup:
    """Needs `org.channels` organisation-wide. Raises Denied, or Refused for a name in use."""
    with action("group.renamed", actor=guards.acting(by, "org.channels"), target=("group", str(group.pk))) as act:
        guards.lock_people()
        guards.require(by, "org.channels")
        group = ChannelGroup.objects.select_for_update(no_key=True).get(pk=group.pk)
        reasons = group_name_reasons(name, but=group)
        if reasons:
            raise Refused(*reasons)
        changed = [field for field, value in (("name", name.strip()), ("kind", kind)) if getattr(group, field) != value]
        if changed:
            group.name, group.kind = name.strip(), kind
            group.save(update_fields=changed)
            act.record("group.renamed", data={"fields": changed, "kind": str(kind)})
        else:
            act.nothing_changed()
    return group
