"""Is every linked person covered: by a standing authorization, for this information, on these channels, at this time?"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from compliance.enums import AuthorizationKind, Information, Purpose, SubjectKind
from compliance.models import Authorization, Subject

# Information about them is health information, whatever the author answered about the post.
NEEDS_HIPAA = frozenset({SubjectKind.PATIENT.value, SubjectKind.RELATIVE.value})


@dataclass(frozen=True)
class Gap:
    """What is missing for one person. Names nobody: the token is all that authors see."""

    token: str
    code: str  # no_authorization | revoked | not_yet | ended | information | channels | purpose
    detail: str


def lock(ids: Iterable[UUID | str]) -> list[Authorization]:
    """Lock authorizations in the order every action uses (primary key), before any post is locked."""
    wanted = sorted({str(pk) for pk in ids})
    return list(Authorization.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk"))


def gaps(
    persons: Sequence[Mapping[str, object]],
    relied_on: Sequence[str],
    channels: Sequence[UUID],
    *,
    at: datetime,
    needs_hipaa: bool,
) -> list[Gap]:
    """Everything that keeps the linked persons from being covered at `at`; empty means full cover.

    `needs_hipaa` asks a HIPAA authorization of everyone; of a patient or relative it is always asked.
    """
    subjects = {str(s.pk): s for s in Subject.objects.filter(pk__in=[str(p["subject"]) for p in persons])}
    records = list(
        Authorization.objects.filter(pk__in=list(relied_on)).select_related("subject").prefetch_related("channels")
    )
    found: list[Gap] = []
    for person in persons:
        key = str(person["subject"])
        if key not in subjects:
            found.append(Gap("?", "unknown_person", ""))
            continue
        raw = person.get("information")
        wanted = {str(item) for item in raw} if isinstance(raw, list | tuple) else set()
        own = [record for record in records if str(record.subject_id) == key]
        strict = needs_hipaa or subjects[key].kind in NEEDS_HIPAA
        tries = [_gap(record, subjects[key].token, wanted, channels, at, strict) for record in own]
        if not wanted:
            found.append(Gap(subjects[key].token, "no_information", ""))
        elif not tries:
            found.append(Gap(subjects[key].token, "no_authorization", ""))
        elif all(gap is not None for gap in tries):
            found.append(next(gap for gap in tries if gap is not None))
    return found


def _gap(
    record: Authorization, token: str, wanted: set[str], channels: Sequence[UUID], at: datetime, needs_hipaa: bool
) -> Gap | None:
    """Why this one record does not cover; None when it does."""
    if record.revoked_at is not None:
        return Gap(token, "revoked", f"#{record.number}")
    if at < record.valid_from:
        return Gap(token, "not_yet", f"#{record.number}")
    if record.valid_until is not None and at >= record.valid_until:
        return Gap(token, "ended", f"#{record.number}")
    if needs_hipaa and record.kind != AuthorizationKind.HIPAA:
        return Gap(token, "release_only", f"#{record.number}")
    if Purpose.SOCIAL.value not in record.purposes:
        return Gap(token, "purpose", f"#{record.number}")
    missing = wanted - set(record.information)
    if missing:
        return Gap(token, "information", ", ".join(str(Information(item).label) for item in sorted(missing)))
    if not record.all_channels:
        allowed = {channel.pk for channel in record.channels.all()}
        if any(channel not in allowed for channel in channels):
            return Gap(token, "channels", f"#{record.number}")
    return None
