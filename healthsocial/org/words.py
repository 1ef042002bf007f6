"""How this room's events read on the audit page."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import Model
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from healthsocial.audit.words import Kind, Label, register_kind, register_verbs
from healthsocial.org.models import Channel, ChannelGroup, User

register_verbs(
    {
        "person.invited": _("Invited a person"),
        "person.link_reissued": _("Made a new invitation link"),
        "person.reset_link_made": _("Made a link for a new password"),
        "person.password_set": _("Chose a password"),
        "person.signed_in": _("Signed in"),
        "person.sign_in_failed": _("A sign-in failed"),
        "person.password_changed": _("Changed the password"),
        "person.renamed": _("Changed a person's name or job title"),
        "person.deactivated": _("Deactivated a person"),
        "person.reactivated": _("Reactivated a person"),
        "organisation.first_admins": _("Created the first administrators"),
        "grant.given": _("Gave a role"),
        "grant.ended": _("Ended a role"),
        "group.created": _("Created a group of channels"),
        "group.renamed": _("Changed a group of channels"),
        "channel.created": _("Created a channel"),
        "channel.renamed": _("Renamed a channel"),
        "channel.changed": _("Changed a channel's settings"),
        "publishing.stopped": _("Stopped publishing"),
        "publishing.resumed": _("Let publishing go on"),
        "audit.exported": _("Exported the audit record"),
        "checkpoint.mail_changed": _("Changed who gets checkpoints by mail"),
        "organisation.changed": _("Changed the organisation's settings"),
    }
)


def _resolver(model: type[Model], url: Callable[[Any], str]) -> Callable[[set[str]], dict[str, Label]]:
    def resolve(ids: set[str]) -> dict[str, Label]:
        keys = [key for key in map(_uuid, ids) if key]
        rows = model._default_manager.filter(pk__in=keys)
        return {str(row.pk): Label(str(row), url(row)) for row in rows}

    return resolve


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _search_people(text: str) -> list[str]:
    return [str(key) for key in User.objects.filter(name__icontains=text).values_list("pk", flat=True)]


register_kind(
    "person", Kind(_("Person"), _resolver(User, lambda row: reverse("org:person", args=[row.pk])), _search_people)
)
register_kind("group", Kind(_("Group of channels"), _resolver(ChannelGroup, lambda row: reverse("org:channels"))))
register_kind("channel", Kind(_("Channel"), _resolver(Channel, lambda row: reverse("org:channels"))))
register_kind(
    "organisation", Kind(_("Organisation"), lambda ids: {key: Label(_now("The organisation")) for key in ids})
)
