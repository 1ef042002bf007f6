"""The authorization register. Names are shown to privacy officers only; everybody else sees tokens."""

from typing import TypeVar
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from compliance import register as records
from compliance.actions.register import add_authorization, add_subject, revoke_authorization
from compliance.enums import Information, Purpose
from compliance.forms import AuthorizationForm, RegisterFilterForm, RevokeForm, SubjectForm, TokenForm, channel_of
from compliance.models import Authorization, Subject
from healthsocial import clock
from healthsocial.audit.log import Refused
from healthsocial.org.models import Channel, User
from healthsocial.org.permissions import may_anywhere
from healthsocial.org.views.helpers import needs, new_id, organisation_of, run, viewer

LARGEST_NUMBER = 2**31 - 1
F = TypeVar("F", SubjectForm, AuthorizationForm, RevokeForm)


@require_http_methods(["GET", "HEAD", "POST"])
@needs("authorizations.see", anywhere=True)
def register(request: HttpRequest) -> HttpResponse:
    """The list. A search for a token is sent by POST and answered at once: a token stands in no address."""
    now = clock.now()
    form = RegisterFilterForm(request.GET, channels=_all_channels())
    form.is_valid()
    token_form = TokenForm(request.POST if request.method == "POST" else None)
    token = token_form.cleaned_data["token"].strip() if token_form.is_bound and token_form.is_valid() else ""
    data = form.cleaned_data
    filters = records.Filters(data.get("state", ""), token, channel_of(data.get("channel", "")))
    before = request.GET.get("before", "")
    position = int(before) if before.isascii() and before.isdigit() and int(before) <= LARGEST_NUMBER else None
    rows, following, total = records.page(filters, at=now, before=position)
    kept = [(name, request.GET[name]) for name in ("state", "channel") if request.GET.get(name)]
    return render(
        request,
        "compliance/register.html",
        {
            "form": form,
            "token_form": token_form,
            "token": token,
            "total": total,
            "zone": organisation_of(request).zone,
            "rows": [(row, records.state_of(row, now), _labels(row)) for row in rows],
            "filtered": bool(kept or token),
            "may_change": _may_change(viewer(request)),
            "next_url": f"{request.path}?{urlencode([*kept, ('before', str(following))])}"
            if following and not token
            else "",
            "first_url": f"{request.path}?{urlencode(kept)}" if position is not None else "",
            "more": bool(following and token),
        },
        status=422 if token_form.errors else 200,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("name")
@needs("authorizations.change", anywhere=True)
def subject_add(request: HttpRequest) -> HttpResponse:
    form = SubjectForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _subject_page(request, form)
    data = form.cleaned_data
    return run(
        request,
        lambda: add_subject(by=viewer(request), kind=data["kind"], name=data["name"], new=new_id(request)),
        to=lambda made: f"{reverse('compliance:authorization_add')}?person={made.pk}",
        done=lambda made: _("Added as %(token)s. Write this token on the signed form.") % {"token": made.token},
        again=lambda refusal: _subject_page(request, _refused(form, refusal)),
    )


def _subject_page(request: HttpRequest, form: SubjectForm) -> HttpResponse:
    return render(request, "compliance/subject_form.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@needs("authorizations.change", anywhere=True)
def authorization_add(request: HttpRequest) -> HttpResponse:
    channels, zone = _all_channels(), organisation_of(request).zone
    person = _person_asked_for(request)
    form = AuthorizationForm(
        request.POST or None,
        zone=zone,
        channels=channels,
        initial={"token": person.token if person else "", "zone": zone},
    )
    if request.method != "POST" or not form.is_valid():
        return _authorization_form(request, form)
    fields = {
        "information_missing": "information",
        "purpose_missing": "purposes",
        "channel_missing": "channels",
        "signed_later": "signed_on",
        "dates_crossed": "valid_until",
    }
    return run(
        request,
        lambda: add_authorization(by=viewer(request), **form.record(), new=new_id(request)),
        to=lambda made: reverse("compliance:authorization", args=[made.pk]),
        done=lambda made: _("Authorization #%(number)d is in the register.") % {"number": made.number},
        again=lambda refusal: _authorization_form(request, _refused(form, refusal, fields)),
    )


def _authorization_form(request: HttpRequest, form: AuthorizationForm) -> HttpResponse:
    return render(request, "compliance/authorization_form.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD"])
@needs("authorizations.see", anywhere=True)
def authorization(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _detail(request, pk)


@require_POST
@needs("authorizations.change", anywhere=True)
def revoke(request: HttpRequest, pk: UUID) -> HttpResponse:
    form = RevokeForm(request.POST)
    if records.authorization(pk) is None:
        raise Http404
    if not form.is_valid():
        return _detail(request, pk, form)
    return run(
        request,
        lambda: revoke_authorization(pk, by=viewer(request), words=form.cleaned_data["words"]),
        to=reverse("compliance:authorization", args=[pk]),
        done=_("Revoked. Everything that relied on it is stopped or being taken down."),
        again=lambda refusal: _detail(request, pk, _refused(form, refusal, {"words_missing": "words"})),
    )


def _detail(request: HttpRequest, pk: UUID, form: RevokeForm | None = None) -> HttpResponse:
    record = records.authorization(pk)
    if record is None:
        raise Http404
    person = viewer(request)
    return render(
        request,
        "compliance/authorization.html",
        {
            "record": record,
            "state": records.state_of(record, clock.now()),
            "labels": _labels(record),
            "zone": organisation_of(request).zone,
            "may_change": _may_change(person),
            "form": form or RevokeForm(),
            "name": record.subject.name if _may_change(person) else "",
        },
        status=422 if form is not None else 200,
    )


def _labels(record: Authorization) -> dict[str, list[str]]:
    return {
        "information": [str(Information(item).label) for item in record.information if item in Information.values],
        "purposes": [str(Purpose(item).label) for item in record.purposes if item in Purpose.values],
        "channels": [channel.name for channel in record.channels.all()],
    }


def _may_change(person: User) -> bool:
    """Privacy officers: the same question as the actions ask."""
    return may_anywhere(person, "authorizations.change")


def _all_channels() -> list[Channel]:
    """Every channel: what a person signed may name channels on which the reader holds no role."""
    return list(Channel.objects.select_related("group").order_by("group__name", "name"))


def _person_asked_for(request: HttpRequest) -> Subject | None:
    try:
        return records.subject(UUID(request.GET.get("person", "")))
    except ValueError:
        return None


def _refused(form: F, refusal: Refused, fields: dict[str, str] | None = None) -> F:
    for reason in refusal.reasons:
        form.add_error((fields or {}).get(reason.code), reason.message)
    return form
