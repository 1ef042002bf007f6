"""Use a one-time link: the person chooses a password, once."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from healthsocial import clock
from healthsocial.audit.log import Reason, Refused, action
from healthsocial.org import queries
from healthsocial.org.guards import lock_people
from healthsocial.org.models import OneTimeLink, User


def redeem_link(link: OneTimeLink, *, password: str) -> User:
    """Set the password, use up the link, end every session of the person.

    Whoever holds the token acts as the person: the record says so in the role. Order: lock, link still open, password
    strong enough, save, record. Raises Refused (409 for a dead link, 422 for a weak password).
    """
    person = User.objects.get(pk=link.user_id)
    target = ("person", str(person.pk))
    with action("person.password_set", actor=queries.actor(person, "one-time link"), target=target) as act:
        lock_people()
        person = User.objects.select_for_update(no_key=True).get(pk=link.user_id)
        # The row count decides when the same link is opened twice at once.
        used = OneTimeLink.objects.filter(
            pk=link.pk, used_at__isnull=True, cancelled_at__isnull=True, expires_at__gt=clock.now()
        ).update(used_at=clock.now())
        if used != 1 or not person.is_active:
            raise Refused(
                Reason(
                    "link_dead",
                    _("This link was used, has expired, or was replaced by a newer one."),
                    _("an administrator, who can make a new one"),
                )
            )
        try:
            validate_password(password, person)
        except ValidationError as error:
            raise Refused(
                *(Reason(item.code or "password_weak", str(item.messages[0])) for item in error.error_list), status=422
            ) from None
        person.set_password(password)
        person.session_epoch += 1
        person.save(update_fields=["password", "session_epoch"])
        act.record("person.password_set", data={"by_link": link.purpose})
    return person
