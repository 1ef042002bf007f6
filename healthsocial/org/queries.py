"""Reading the organisation's rows."""

from datetime import UTC, datetime, timedelta

from django.conf import settings

from healthsocial import clock
from healthsocial.audit.log import Actor
from healthsocial.org.models import Grant, Heartbeat, Organisation, User
from healthsocial.org.roles import Role


def organisation() -> Organisation:
    """The organisation's row; as a side effect this process takes over its clock (demo databases only)."""
    row, _ = Organisation.objects.get_or_create(id=1)
    clock.set_offset(row.clock_offset_seconds)
    return row


def actor(user: User, role: str = "") -> Actor:
    """The person as the audit trail stores them."""
    return Actor("person", str(user.pk), user.name, role)


def fresh(user: User) -> User:
    """Re-read a person inside the transaction: a session may be older than a deactivation."""
    return User.objects.get(pk=user.pk)


def roles_held(user: User) -> list[Role]:
    """Distinct roles in force anywhere, in the order of the table."""
    if not user.is_active:
        return []
    held = set(Grant.objects.in_force(clock.now()).filter(user_id=user.pk).values_list("role", flat=True))
    return [role for role in Role if role.value in held]


def silent_processes(names: tuple[str, ...] = ("worker", "dispatch")) -> list[str]:
    """Processes not heard of for SILENT_AFTER_SECONDS of real time."""
    limit = datetime.now(UTC) - timedelta(seconds=settings.SILENT_AFTER_SECONDS)
    alive = set(Heartbeat.objects.filter(at__gte=limit).values_list("name", flat=True))
    return [name for name in names if name not in alive]
