"""Reading the authorization register: filters, keyset pages."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet

from compliance.models import Authorization, Subject

PAGE_SIZE = 25
SOON = timedelta(days=30)
IN_FORCE, NOT_YET, SOON_ENDING, ENDED, REVOKED = "in_force", "not_yet", "ends_soon", "ended", "revoked"


@dataclass(frozen=True)
class Filters:
    """`state`: in_force, ends_soon, ended, revoked, or all. `token` is a part of a person's token."""

    state: str = ""
    token: str = ""
    channel: UUID | None = None


def state_of(record: Authorization, at: datetime) -> str:
    """Where a record stands at an instant; revoked outranks ended."""
    if record.revoked_at is not None:
        return REVOKED
    if record.valid_until is not None and record.valid_until <= at:
        return ENDED
    if record.valid_from > at:
        return NOT_YET
    return SOON_ENDING if record.valid_until is not None and record.valid_until <= at + SOON else IN_FORCE


def matching(filters: Filters, at: datetime) -> QuerySet[Authorization]:
    records = Authorization.objects.all()
    standing = Q(revoked_at__isnull=True, valid_from__lte=at) & (Q(valid_until__isnull=True) | Q(valid_until__gt=at))
    by_state = {
        IN_FORCE: standing,
        SOON_ENDING: standing & Q(valid_until__lte=at + SOON),
        ENDED: Q(revoked_at__isnull=True, valid_until__lte=at),
        REVOKED: Q(revoked_at__isnull=False),
    }
    records = records.filter(by_state.get(filters.state, Q()))
    if filters.token:
        records = records.filter(subject__token__icontains=filters.token)
    if filters.channel is not None:
        records = records.filter(Q(all_channels=True) | Q(channels=filters.channel))
    return records


def page(filters: Filters, *, at: datetime, before: int | None = None) -> tuple[list[Authorization], int | None, int]:
    """One page, newest number first; the position of the next page, and how many match."""
    records = matching(filters, at)
    total = records.count()
    if before is not None:
        records = records.filter(number__lt=before)
    related = records.select_related("subject").prefetch_related("channels").order_by("-number")
    found = list(related[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    return shown, shown[-1].number if len(found) > PAGE_SIZE else None, total


def authorization(pk: UUID) -> Authorization | None:
    related = ("subject", "created_by", "revoked_by")
    return Authorization.objects.select_related(*related).prefetch_related("channels__group").filter(pk=pk).first()


def subject(pk: UUID) -> Subject | None:
    return Subject.objects.filter(pk=pk).first()


def subject_by_token(token: str) -> Subject | None:
    return Subject.objects.filter(token__iexact=token.strip()).first()
