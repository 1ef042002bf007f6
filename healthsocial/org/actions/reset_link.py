"""Make a one-time link with which a person chooses a new password."""

from healthsocial.audit.log import Refused, action
from healthsocial.org import guards, links
from healthsocial.org.enums import LinkPurpose
from healthsocial.org.models import User


def reset_link(person: User, *, by: User) -> str:
    """End earlier links, return a new token. The old password works until the link is used, so a prank costs nothing."""
    target = ("person", str(person.pk))
    with action("person.reset_link_made", actor=guards.acting(by, "org.people"), target=target) as act:
        guards.lock_people()
        guards.require(by, "org.people")
        person = User.objects.select_for_update(no_key=True).get(pk=person.pk)
        reasons = guards.reset_reasons(person, by)
        if reasons:
            raise Refused(*reasons)
        token = links.issue(person, LinkPurpose.RESET)
        act.record("person.reset_link_made")
    return token
