"""Persons linked to a post, as the composer shows them: a token, what is used of them, what is relied on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.http import QueryDict
from django.utils.translation import gettext as _

from compliance.enums import Information
from compliance.models import Authorization, Subject
from healthsocial.org.templatetags.ui import in_zone
from posts.models import WorkingCopy

MAX_PERSONS = 20


@dataclass
class LinkedPerson:
    """One row. `records` are the authorizations that could be relied on, with their cover in words."""

    subject: str
    token: str
    kind: str
    information: tuple[str, ...] = ()
    relied_on: tuple[str, ...] = ()
    records: list["Record"] = field(default_factory=list)

    @property
    def choices(self) -> list[tuple[str, str, bool]]:
        """(value, label, chosen) for what is used of the person."""
        return [(value, str(label), value in self.information) for value, label in Information.choices]


@dataclass(frozen=True)
class Record:
    """An authorization as an author may see it: a number and what it covers, no name, no document."""

    pk: str
    number: int
    words: str
    chosen: bool
    revoked: bool


def token_of(text: str) -> Subject | None:
    """The person with this token; people type it in lower case and without the dash."""
    typed = text.strip().upper()
    if typed and not typed.startswith("P-"):
        typed = f"P-{typed.removeprefix('P')}"
    return Subject.objects.filter(token=typed).first() if typed else None


def linked_persons(data: QueryDict) -> list[LinkedPerson]:
    """The rows of a posted form, without those marked for removal. Two queries at most."""
    wanted: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
    for raw in data.getlist("persons")[:MAX_PERSONS]:
        key = _uuid(raw)
        if key and f"remove-{raw}" not in data:
            wanted[key] = (tuple(data.getlist(f"information-{raw}")), tuple(data.getlist(f"authorization-{raw}")))
    return _rows(wanted)


def linked_of(copy: WorkingCopy) -> list[LinkedPerson]:
    """The rows of a stored working copy."""
    relied = tuple(str(pk) for pk in copy.authorizations)
    return _rows({str(p["subject"]): (tuple(p["information"]), relied) for p in copy.persons})


def with_records(persons: Sequence[LinkedPerson], zone: str) -> None:
    """Fill in the authorizations of every row (one query, and one for their channels)."""
    records = Authorization.objects.filter(subject_id__in=[person.subject for person in persons])
    by_subject: dict[str, list[Authorization]] = {}
    for record in records.prefetch_related("channels").order_by("-number"):
        by_subject.setdefault(str(record.subject_id), []).append(record)
    for person in persons:
        mine = by_subject.get(person.subject, [])
        person.records = [
            Record(str(r.pk), r.number, cover_words(r, zone), str(r.pk) in person.relied_on, r.revoked_at is not None)
            for r in mine
            if r.revoked_at is None or str(r.pk) in person.relied_on
        ]


def cover_words(record: Authorization, zone: str) -> str:
    """Such as "Name, Photo – all channels – until Tue 4 Mar 2026, 09:00 CET"."""
    what = ", ".join(str(Information(item).label) for item in record.information if item in Information.values)
    where = _("all channels") if record.all_channels else ", ".join(c.name for c in record.channels.all())
    if record.revoked_at is not None:
        until = _("revoked %(when)s") % {"when": in_zone(record.revoked_at, zone)}
    elif record.valid_until is None:
        until = _("no end")
    else:
        until = _("until %(when)s") % {"when": in_zone(record.valid_until, zone)}
    return " – ".join([str(record.get_kind_display()), what, where, until])


def _rows(wanted: dict[str, tuple[tuple[str, ...], tuple[str, ...]]]) -> list[LinkedPerson]:
    if not wanted:
        return []
    subjects = {str(s.pk): s for s in Subject.objects.filter(pk__in=list(wanted))}
    own = _own_authorizations(wanted)
    return [
        LinkedPerson(
            key,
            subjects[key].token,
            str(subjects[key].get_kind_display()),
            tuple(item for item in information if item in Information.values),
            tuple(pk for pk in relied if own.get(pk) == key),
        )
        for key, (information, relied) in wanted.items()
        if key in subjects
    ]


def _own_authorizations(wanted: dict[str, tuple[tuple[str, ...], tuple[str, ...]]]) -> dict[str, str]:
    """Authorization -> person, for the ids that were sent: a row may only name its own person's."""
    ids = _uuids(pk for _information, relied in wanted.values() for pk in relied)
    rows = Authorization.objects.filter(pk__in=ids).values_list("pk", "subject_id") if ids else ()
    return {str(pk): str(subject) for pk, subject in rows}


def _uuids(raw: Iterable[str]) -> list[str]:
    return [key for key in (_uuid(item) for item in raw) if key]


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        return ""
