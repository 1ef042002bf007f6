"""Somebody comes back: like a newcomer, with a link and without their old roles and password."""

from django.utils.translation import gettext as _

from healthsocial.audit.log import Reason, Refused, action
from healthsocial.org import guards, links
from healthsocial.org.enums import LinkPurpose
from healthsocial.org.models import User


def reactivate_person(person: User, *, by: User) -> str:
    """Return a one-time link's token. Raises Denied, or Refused when the person is active."""
    target = ("person", str(person.pk))
    with action("person.reactivated", actor=guards.acting(by, "org.people"), target=target) as act:
        guards.lock_people()
        guards.require(by, "org.people")
        person = User.objects.select_for_update(no_key=True).get(pk=person.pk)
        if person.is_active:
            raise Refused(Reason("already_active", _("This person is active.")))
        person.is_active = True
        person.deactivated_at = None
        person.set_unusable_password()
        person.session_epoch += 1
        person.save(update_fields=["is_active", "deactivated_at", "password", "session_epoch"])
        token = links.issue(person, LinkPurpose.INVITATION)
        act.record("person.reactivated")
    return token
