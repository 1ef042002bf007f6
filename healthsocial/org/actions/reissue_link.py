"""Make a new invitation link: the first one was lost or has expired."""

from django.utils.translation import gettext as _

from healthsocial.audit.log import Reason, Refused, action
from healthsocial.org import guards, links
from healthsocial.org.enums import LinkPurpose
from healthsocial.org.models import User


def reissue_link(person: User, *, by: User) -> str:
    """End earlier links, return a new invitation token. Refused once the person has set a password, or is deactivated."""
    target = ("person", str(person.pk))
    with action("person.link_reissued", actor=guards.acting(by, "org.people"), target=target) as act:
        guards.lock_people()
        guards.require(by, "org.people")
        person = User.objects.select_for_update(no_key=True).get(pk=person.pk)
        reasons = guards.reset_reasons(person, by)
        if person.has_usable_password():
            reasons.append(
                Reason("already_joined", _("This person has set a password. Make a link for a new password instead."))
            )
        if reasons:
            raise Refused(*reasons)
        token = links.issue(person, LinkPurpose.INVITATION)
        act.record("person.link_reissued")
    return token
