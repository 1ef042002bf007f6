"""What stops a change to people, grants and channels, and who can lift it.

The buttons' hints and the actions read the same functions, so they cannot disagree.
"""

from collections.abc import Iterable
from zoneinfo import available_timezones

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from healthsocial import clock
from healthsocial.audit.log import Actor, Denied, Reason
from healthsocial.org import naming, queries
from healthsocial.org.enums import Network, PracticeMode, Scope
from healthsocial.org.models import Channel, Grant, Organisation, User
from healthsocial.org.permissions import role_used
from healthsocial.org.roles import Role

MAX_LATENESS = (1, 7 * 24 * 60)
APPROVED_WINDOW = (1, 365)
CHARACTER_LIMIT = (20, 100_000)
# Stands where other reasons name who can lift them.
BY_ITSELF = gettext_lazy("by itself, when the check has run")


def acting(by: User, permission: str, channels: Iterable[Channel] = ()) -> Actor:
    """The actor for the record: under the role that allows it, or, for a refusal, the roles they do hold."""
    return queries.actor(by, role_used(by, permission, channels) or "+".join(queries.roles_held(by)))


def lock_people() -> Organisation:
    """Take the one lock that every change of people, grants and channels takes first.

    Two administrators who remove each other at the same moment come one after the other, so one stays.
    """
    Organisation.objects.get_or_create(id=1)
    return Organisation.objects.select_for_update(no_key=True).get(id=1)


def require(by: User, permission: str, channel: Channel | None = None) -> User:
    """Re-read the person under the lock and check the permission; raise Denied with a reason."""
    person = queries.fresh(by)
    if not person.has_perm(permission, channel):
        raise Denied(Reason("not_allowed", _("Your roles do not include this step."), _("an administrator")))
    return person


def self_grant_reasons(person: User, by: User) -> list[Reason]:
    if person.pk != by.pk:
        return []
    return [
        Reason(
            "self_grant",
            _("Nobody can give a role to themselves. Ask another administrator."),
            _("another administrator"),
        )
    ]


def grant_reasons(person: User, by: User) -> list[Reason]:
    """Why `by` cannot give a role to `person` now."""
    found = self_grant_reasons(person, by)
    if not person.is_active:
        found.append(
            Reason("deactivated", _("This person is deactivated. Reactivate them first."), _("an administrator"))
        )
    return found


def other_administrators(*, without_user: User | None = None, without_grant: Grant | None = None) -> bool:
    """True when somebody else can still administer everything: active, able to sign in, with no end in sight."""
    grants = (
        Grant.objects.in_force(clock.now())
        .filter(role=Role.ADMINISTRATOR, scope=Scope.EVERYTHING, ends_at__isnull=True, user__is_active=True)
        .exclude(user__password="")
        .exclude(user__password__startswith=UNUSABLE_PASSWORD_PREFIX)
    )
    if without_user is not None:
        grants = grants.exclude(user=without_user)
    if without_grant is not None:
        grants = grants.exclude(pk=without_grant.pk)
    return grants.exists()


def _last_administrator() -> Reason:
    return Reason(
        "last_administrator",
        _(
            "Nobody else could administer the organisation then. Make another person administrator of everything first; "
            "it counts when they have set their password."
        ),
        _("an administrator, by giving that role to somebody else"),
    )


def end_grant_reasons(grant: Grant) -> list[Reason]:
    """Why this grant cannot be ended now."""
    if grant.ends_at is not None and grant.ends_at <= clock.now():
        return [Reason("already_ended", _("This role has already ended."))]
    administers = grant.role == Role.ADMINISTRATOR and grant.scope == Scope.EVERYTHING
    if administers and grant.user.is_active and not other_administrators(without_grant=grant):
        return [_last_administrator()]
    return []


def deactivate_reasons(person: User, by: User) -> list[Reason]:
    """Why `by` cannot deactivate `person` now."""
    if not person.is_active:
        return [Reason("already_deactivated", _("This person is already deactivated."))]
    found = []
    if person.pk == by.pk:
        found.append(Reason("self_deactivation", _("Nobody can deactivate themselves."), _("another administrator")))
    administers = Grant.objects.in_force(clock.now()).filter(
        user=person, role=Role.ADMINISTRATOR, scope=Scope.EVERYTHING
    )
    if administers.exists() and not other_administrators(without_user=person):
        found.append(_last_administrator())
    return found


def reset_reasons(person: User, by: User) -> list[Reason]:
    """Why `by` cannot make a link for a new password for `person`."""
    if person.pk == by.pk:
        return [Reason("own_password", _("Change your own password under “Change password”."))]
    if not person.is_active:
        return [Reason("deactivated", _("This person is deactivated. Reactivate them first."), _("an administrator"))]
    return []


def unseen_reasons(text: str) -> list[Reason]:
    """A name or job title that holds characters nobody can see."""
    return [Reason("name_unseen", str(naming.NAME_MESSAGE))] if naming.unseen(text.strip()) else []


def name_reasons(name: str, longest: int) -> list[Reason]:
    if unseen := unseen_reasons(name):
        return unseen
    if not name.strip():
        return [Reason("name_missing", _("A name is needed."))]
    if len(name.strip()) > longest:
        return [
            Reason(
                "name_too_long",
                ngettext(
                    "The name is longer than %(limit)s character.",
                    "The name is longer than %(limit)s characters.",
                    longest,
                )
                % {"limit": longest},
            )
        ]
    return []


def within(value: int, bounds: tuple[int, int], code: str, message: str) -> list[Reason]:
    """One reason when a number is outside its bounds; `message` has %(low)s and %(high)s."""
    low, high = bounds
    return [] if low <= value <= high else [Reason(code, message % {"low": low, "high": high})]


def lateness_reasons(minutes: int | None) -> list[Reason]:
    if minutes is None:
        return []
    return within(
        minutes,
        MAX_LATENESS,
        "lateness_range",
        _("How late a post may go out must be between %(low)s and %(high)s minutes."),
    )


def limit_reasons(characters: int) -> list[Reason]:
    return within(
        characters, CHARACTER_LIMIT, "limit_range", _("The character limit must be between %(low)s and %(high)s.")
    )


def window_reasons(days: int) -> list[Reason]:
    return within(
        days, APPROVED_WINDOW, "window_range", _("The approved window must be between %(low)s and %(high)s days.")
    )


def zone_reasons(zone: str) -> list[Reason]:
    if zone in available_timezones():
        return []
    return [
        Reason("zone_unknown", _("This time zone is not known. Choose one such as Europe/Berlin or America/Chicago."))
    ]


def network_reasons(network: str, organisation: Organisation) -> list[Reason]:
    if network not in Network.values:
        return [Reason("network_unknown", _("This network is not known."))]
    if network == Network.PRACTICE and not organisation.created_as_demo:
        return [Reason("practice_in_demo_only", _("The practice network exists in demo databases only."))]
    return []


def practice_mode_reasons(mode: str, channel: Channel, organisation: Organisation) -> list[Reason]:
    if mode not in PracticeMode.values:
        return [Reason("practice_mode_unknown", _("This way of practising is not known."))]
    if mode != channel.practice_mode and not (organisation.created_as_demo and channel.network == Network.PRACTICE):
        return [Reason("practice_in_demo_only", _("The practice network exists in demo databases only."))]
    return []
