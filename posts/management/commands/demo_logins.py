"""Who can sign in to the demo, and what to try."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from healthsocial import clock
from healthsocial.org.enums import Scope
from healthsocial.org.models import Grant, Organisation, User
from posts.demo import data


class Command(BaseCommand):
    help = "List the demo's people with roles, password and what to try first. Only on a database made by load_demo."

    def handle(self, *args: Any, **options: Any) -> None:
        if not Organisation.objects.filter(created_as_demo=True).exists():
            raise CommandError("This database is not a demo. `manage.py load_demo` fills an empty one.")
        rows = [("E-MAIL", "ROLES", "PASSWORD", "TRY FIRST"), *_rows()]
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        for row in rows:
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
            self.stdout.write("  ".join([*cells, row[3]]).rstrip())


def _rows() -> list[tuple[str, str, str, str]]:
    """The demo's own people, in the order of the story, as they stand now."""
    spec = data.hospital()
    people = {person.email: person for person in User.objects.filter(email__endswith="@" + data.DOMAIN)}
    found = []
    for key in spec["people"]:
        person = people.get(data.email(key))
        if person is not None:
            password = data.password() if person.is_active else "-"
            found.append((person.email, _roles(person), password, str(spec["try"][key])))
    return found


def _roles(person: User) -> str:
    if not person.is_active:
        return "deactivated"
    held: dict[str, list[str]] = {}
    grants = Grant.objects.in_force(clock.now()).filter(user=person).select_related("group", "channel")
    for grant in grants.order_by("starts_at", "id"):
        where = grant.group or grant.channel
        places = held.setdefault(grant.get_role_display().lower(), [])
        if grant.scope != Scope.EVERYTHING and where is not None:
            places.append(where.name)
    return ", ".join(f"{role} ({', '.join(places)})" if places else role for role, places in held.items())
