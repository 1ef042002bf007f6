"""The authorization register: add a person, add an authorization, revoke one. Revoking takes effect at once, everywhere."""

import secrets
from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID, uuid4

from django.db.models import Max
from django.utils.translation import gettext as _

from compliance.dependents import get as dependents
from compliance.enums import AuthorizationKind, SubjectKind
from compliance.models import Authorization, Subject
from compliance.models.authorization import INFORMATION_VALUES, PURPOSE_VALUES
from healthsocial import clock
from healthsocial.audit.log import Act, Denied, Reason, Refused, action
from healthsocial.org import permissions as org_permissions
from healthsocial.org import queries as org
from healthsocial.org.guards import lock_people
from healthsocial.org.models import Channel, User

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # no letter that reads like a digit


def add_subject(*, by: User, kind: str, name: str = "", new: UUID | None = None) -> Subject:
    """A person as a token. The name, when given, is encrypted and shown to the privacy officer only.

    `new` is the id that the form already carried: sent twice, it makes one person.
    """
    with action("subject.added", actor=org.actor(by), target=("subject", "")) as act:
        lock_people()
        user = _officer(act, by)
        if new and (there := Subject.objects.filter(pk=new).first()):
            act.nothing_changed()
            return there
        if kind not in SubjectKind.values:
            raise Refused(Reason("choice_unknown", _("Choose from the offered values.")))
        subject = Subject.objects.create(
            id=new or uuid4(), token=_token(), kind=kind, name=name.strip(), created_by=user, created_at=clock.now()
        )
        act.record("subject.added", target=("subject", str(subject.pk)), data={"token": subject.token, "kind": kind})
        return subject


def add_authorization(
    *,
    by: User,
    subject: Subject,
    kind: str,
    information: Sequence[str],
    purposes: Sequence[str],
    signed_on: date,
    valid_from: datetime,
    valid_until: datetime | None,
    all_channels: bool,
    channels: Sequence[Channel] = (),
    document_reference: str = "",
    new: UUID | None = None,
) -> Authorization:
    """Register what a person signed. Everything that makes it usable is required.

    `new` is the id that the form already carried: sent twice, it makes one record, so that revoking it leaves no twin.
    """
    with action("authorization.added", actor=org.actor(by), target=("authorization", "")) as act:
        lock_people()  # the next number is read and used under one lock
        user = _officer(act, by)
        if new and (there := Authorization.objects.filter(pk=new).first()):
            act.nothing_changed()
            return there
        problems = _problems(
            kind, information, purposes, signed_on, valid_from, valid_until, all_channels or bool(channels)
        )
        if problems:
            raise Refused(*problems)
        number = (Authorization.objects.aggregate(top=Max("number"))["top"] or 1000) + 1
        record = Authorization.objects.create(
            id=new or uuid4(),
            number=number,
            subject=subject,
            kind=kind,
            information=sorted(information),
            purposes=sorted(purposes),
            all_channels=all_channels,
            signed_on=signed_on,
            valid_from=valid_from,
            valid_until=valid_until,
            document_reference=document_reference.strip()[:120],
            created_by=user,
            created_at=clock.now(),
        )
        record.channels.set([] if all_channels else channels)
        act.record(
            "authorization.added",
            target=("authorization", str(record.pk)),
            data={
                "number": number,
                "subject": str(subject.pk),
                "kind": kind,
                "information": sorted(information),
                "purposes": sorted(purposes),
                "channels": "all" if all_channels else sorted(str(c.pk) for c in channels),
            },
        )
        return record


def _problems(
    kind: str,
    information: Sequence[str],
    purposes: Sequence[str],
    signed_on: date,
    valid_from: datetime,
    valid_until: datetime | None,
    some_channel: bool,
) -> list[Reason]:
    problems: list[Reason] = []
    if (
        kind not in AuthorizationKind.values
        or not set(information) <= INFORMATION_VALUES
        or not set(purposes) <= PURPOSE_VALUES
    ):
        problems.append(Reason("choice_unknown", _("Choose from the offered values.")))
    if not information:
        problems.append(Reason("information_missing", _("Say which information may be used.")))
    if not purposes:
        problems.append(Reason("purpose_missing", _("Say for which purpose.")))
    if not some_channel:
        problems.append(Reason("channel_missing", _("Choose the channels, or all of them.")))
    if signed_on > clock.now().date():
        problems.append(Reason("signed_later", _("The date of signature lies in the future.")))
    if valid_until is not None and valid_until <= valid_from:
        problems.append(Reason("dates_crossed", _("It ends before it begins.")))
    return problems


def revoke_authorization(authorization_id: UUID, *, by: User, words: str) -> Authorization:
    """Revoke: in the same transaction what relies on it is held, cancelled, or asked to be taken down."""
    reached = dependents()  # refuses before anything is written when nobody is registered
    with action("authorization.revoked", actor=org.actor(by), target=("authorization", str(authorization_id))) as act:
        record = Authorization.objects.select_for_update(no_key=True).get(pk=authorization_id)
        user = _officer(act, by)
        if record.revoked_at is not None:
            raise Refused(Reason("revoked_already", _("This authorization is revoked already.")))
        if len(words.strip()) < 5:
            raise Refused(Reason("words_missing", _("Say why, in a few words, without naming anyone.")))
        record.revoked_at, record.revoked_by, record.revoked_why = clock.now(), user, words.strip()[:200]
        record.save(update_fields=["revoked_at", "revoked_by", "revoked_why"])
        act.record("authorization.revoked", data={"number": record.number})
        reached.authorizations_ended([record.pk], act.actor)
        return record


def _officer(act: Act, by: User) -> User:
    user = org.fresh(by)
    if not org_permissions.may_anywhere(user, "authorizations.change"):
        raise Denied(
            Reason("role_missing", _("Only a privacy officer may change the register."), _("a privacy officer"))
        )
    act.actor = org.actor(user, "privacy_officer")
    return user


def _token() -> str:
    while True:
        token = "P-" + "".join(secrets.choice(ALPHABET) for _n in range(6))
        if not Subject.objects.filter(token=token).exists():
            return token
