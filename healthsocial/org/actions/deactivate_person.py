"""A leaver is out at once: sessions, roles and links end in one transaction. The person's history stays."""

from django.db.models import Q

from healthsocial import clock
from healthsocial.audit.log import Refused, action
from healthsocial.org import guards, links
from healthsocial.org.actions.end_grant import close_grant
from healthsocial.org.actions.grant_role import grant_facts
from healthsocial.org.models import Grant, User


def deactivate_person(person: User, *, by: User) -> User:
    """Raises Denied, or Refused for oneself, a person already out, or the last administrator of everything."""
    target = ("person", str(person.pk))
    with action("person.deactivated", actor=guards.acting(by, "org.people"), target=target) as act:
        guards.lock_people()
        by = guards.require(by, "org.people")
        person = User.objects.select_for_update(no_key=True).get(pk=person.pk)
        reasons = guards.deactivate_reasons(person, by)
        if reasons:
            raise Refused(*reasons)
        moment = clock.now()
        for grant in Grant.objects.filter(user=person).filter(Q(ends_at__isnull=True) | Q(ends_at__gt=moment)):
            close_grant(grant, by=by)
            act.record("grant.ended", data=grant_facts(grant))
        person.is_active = False
        person.deactivated_at = moment
        person.session_epoch += 1
        person.save(update_fields=["is_active", "deactivated_at", "session_epoch"])
        act.record("person.deactivated", data={"links_cancelled": links.cancel(person)})
    return person
