"""The first administrators of an installation: the one act that nobody who signs in can do."""

from collections.abc import Sequence

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from healthsocial import clock
from healthsocial.audit.log import Act, Actor, Reason, Refused, action
from healthsocial.org import guards, links
from healthsocial.org.actions.grant_role import grant_facts
from healthsocial.org.actions.invite_person import create_person
from healthsocial.org.enums import LinkPurpose, Scope
from healthsocial.org.models import Grant, User
from healthsocial.org.roles import Role

_HAS_PASSWORD = ~Q(user__password="") & ~Q(user__password__startswith=UNUSABLE_PASSWORD_PREFIX)
COMMAND = Actor("command", "", "create_first_admins", "command")


def create_first_admins(people: Sequence[tuple[str, str]], *, again: bool = False) -> list[tuple[User, str]]:
    """`people` are (e-mail, name); returns each person with a one-time token.

    At least two, because nobody can give a role to themselves. Refused while an administrator of everything exists;
    `again` makes new links as long as none of them has set a password. Somebody who exists already is taken as they are.
    """
    with action("organisation.first_admins", actor=COMMAND, target=("organisation", "1")) as act:
        guards.lock_people()
        reasons = _reasons(people, again)
        if reasons:
            raise Refused(*reasons)
        made = [_administrator(act, email, name) for email, name in people]
        act.record("organisation.first_admins", data={"people": [str(person.pk) for person, _token in made]})
    return made


def _reasons(people: Sequence[tuple[str, str]], again: bool) -> list[Reason]:
    found = []
    if len({email.strip().lower() for email, _name in people}) < 2 or len(people) < 2:
        found.append(
            Reason(
                "two_needed",
                _(
                    "Name two different people: nobody can give a role to themselves, so one administrator alone could never "
                    "get or change their own roles."
                ),
            )
        )
    if administrators().filter(_HAS_PASSWORD).exists() or (administrators().exists() and not again):
        found.append(
            Reason(
                "administrator_exists",
                _("An administrator exists already. Sign in as one and invite people on the page People."),
            )
        )
    return found


def administrators() -> QuerySet[Grant]:
    """Grants of active people who administer everything now, whether they have a password yet or not."""
    held = Grant.objects.in_force(clock.now()).filter(role=Role.ADMINISTRATOR, scope=Scope.EVERYTHING)
    return held.filter(user__is_active=True)


def _administrator(act: Act, email: str, name: str) -> tuple[User, str]:
    person = User.objects.filter(email__iexact=email.strip()).first()
    if person is None:
        person = create_person(email=email, name=name)
        act.record("person.invited", target=("person", str(person.pk)))
    if not person.is_active:
        raise Refused(Reason("deactivated", _("One of these people is deactivated. Name somebody else.")))
    if not administrators().filter(user=person).exists():
        grant = Grant.objects.create(user=person, role=Role.ADMINISTRATOR, starts_at=clock.now())
        act.record("grant.given", target=("person", str(person.pk)), data=grant_facts(grant))
    purpose = LinkPurpose.RESET if person.has_usable_password() else LinkPurpose.INVITATION
    return person, links.issue(person, purpose)
