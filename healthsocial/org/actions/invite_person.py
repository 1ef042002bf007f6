"""Invite a person: they exist from now on, without a role and without a password."""

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from healthsocial.audit.log import Reason, Refused, action
from healthsocial.org import guards, links
from healthsocial.org.enums import LinkPurpose
from healthsocial.org.models import User


def invite_person(*, email: str, name: str, job_title: str = "", by: User) -> tuple[User, str]:
    """Create the person and a one-time link; return both (the token is not stored and cannot be shown again).

    Order: lock, permission, reasons, person, link, record. Raises Denied, or Refused with 409 for an address in use.
    """
    with action("person.invited", actor=guards.acting(by, "org.people"), target=("person", "")) as act:
        guards.lock_people()
        guards.require(by, "org.people")
        person = create_person(email=email, name=name, job_title=job_title)
        token = links.issue(person, LinkPurpose.INVITATION)
        act.record("person.invited", target=("person", str(person.pk)))
    return person, token


def create_person(*, email: str, name: str, job_title: str = "") -> User:
    """Check and save a new person; the caller is inside an action and has checked who asks."""
    reasons = [*guards.name_reasons(name, 200), *guards.unseen_reasons(job_title)]
    try:
        validate_email(email.strip())
    except ValidationError:
        reasons.append(Reason("email_invalid", _("This is not an e-mail address.")))
    if User.objects.filter(email__iexact=email.strip()).exists():
        reasons.append(
            Reason("email_in_use", _("Somebody with this e-mail address is already here; look under People."))
        )
    if reasons:
        raise Refused(*reasons)
    person = User.objects.create_user(email, name)
    if job_title.strip():
        person.job_title = job_title.strip()[:120]
        person.save(update_fields=["job_title"])
    return person
