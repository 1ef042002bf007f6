"""End a role now. The grant stays in history with its end and who ended it."""

from healthsocial import clock
from healthsocial.audit.log import Refused, action
from healthsocial.org import guards
from healthsocial.org.actions.grant_role import grant_facts
from healthsocial.org.models import Grant, User


def end_grant(grant: Grant, *, by: User) -> Grant:
    """Raises Denied, or Refused when it has ended already or nobody else could administer the organisation."""
    with action("grant.ended", actor=guards.acting(by, "org.people"), target=("person", str(grant.user_id))) as act:
        guards.lock_people()
        by = guards.require(by, "org.people")
        grant = Grant.objects.select_related("user").get(pk=grant.pk)
        # Acts of this person hold their row shared: the end waits for what has begun, and what begins now sees it.
        User.objects.select_for_update(no_key=True).get(pk=grant.user_id)
        reasons = guards.end_grant_reasons(grant)
        if reasons:
            raise Refused(*reasons)
        close_grant(grant, by=by)
        act.record("grant.ended", data=grant_facts(grant))
    return grant


def close_grant(grant: Grant, *, by: User) -> None:
    """Save the end. A grant that has not begun ends at its start: it was never in force."""
    grant.ends_at = max(clock.now(), grant.starts_at)
    grant.ended_by = by
    grant.save(update_fields=["ends_at", "ended_by"])
