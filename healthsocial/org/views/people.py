"""People: the list, the invitation, one person, and what administrators do with them."""

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from healthsocial import clock
from healthsocial.audit.log import Refused
from healthsocial.org import guards, links, queries
from healthsocial.org.actions.deactivate_person import deactivate_person
from healthsocial.org.actions.end_grant import end_grant
from healthsocial.org.actions.grant_role import grant_role
from healthsocial.org.actions.invite_person import invite_person
from healthsocial.org.actions.reactivate_person import reactivate_person
from healthsocial.org.actions.reissue_link import reissue_link
from healthsocial.org.actions.rename_person import rename_person
from healthsocial.org.actions.reset_link import reset_link
from healthsocial.org.forms import GrantForm, InviteForm, PeopleFilterForm, PersonForm, refuse
from healthsocial.org.mail import mail_link
from healthsocial.org.models import User
from healthsocial.org.views.helpers import (
    SeeOther,
    attempt,
    needs,
    organisation_of,
    reasons_for_page,
    refused_page,
    run,
    signed_in,
    viewer,
)
from healthsocial.searching import quiet_query, quiet_search

F = TypeVar("F", bound=forms.Form)
PAGE_SIZE = 50
# Which field a reason of an action belongs to.
FIELDS = {
    "name_missing": "name",
    "name_too_long": "name",
    "name_unseen": "name",
    "email_invalid": "email",
    "email_in_use": "email",
    "already_granted": "role",
    "ends_before_start": "ends_on",
}


@require_http_methods(["GET", "HEAD", "POST"])
@needs("org.see_people")
@quiet_search("role", "state")
def people(request: HttpRequest) -> HttpResponse:
    form = PeopleFilterForm(request.GET)
    form.is_valid()
    asked = form.cleaned_data
    found = queries.people(text=asked.get("q", "").strip(), role=asked.get("role", ""), state=asked.get("state", ""))
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    kept = quiet_query(asked)
    return render(
        request,
        "org/people.html",
        {
            "form": form,
            "page": page,
            "kept": kept,
            "filtered": bool(kept),
            "may_invite": viewer(request).has_perm("org.people"),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@needs("org.people")
def invite(request: HttpRequest) -> HttpResponse:
    form = InviteForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "org/invite.html", {"form": form}, status=422 if form.errors else 200)
    outcome = attempt(lambda: invite_person(**form.cleaned_data, by=viewer(request)))
    if outcome.refusal:
        return render(request, "org/invite.html", {"form": _put(form, outcome.refusal)}, status=outcome.refusal.status)
    person, token = outcome.value
    return _hand_over(request, person, token, _("%(name)s is invited. Now give them a role.") % {"name": person.name})


@require_safe
@signed_in
def person(request: HttpRequest, pk: UUID) -> HttpResponse:
    return person_page(request, queries.access_person(viewer(request), pk))


def person_page(
    request: HttpRequest, shown: User, grant_form: GrantForm | None = None, person_form: PersonForm | None = None
) -> HttpResponse:
    """One person; the forms come along when one of them was sent and must be shown again."""
    by, moment = viewer(request), clock.now()
    organisation = organisation_of(request)
    grants = queries.grants_of(shown)
    may_change = by.has_perm("org.people")
    context = {
        "person": shown,
        "zone": organisation.zone,
        "may_change": may_change,
        "is_self": shown.pk == by.pk,
        "current": [grant for grant in grants if grant.ends_at is None or grant.ends_at > moment],
        "ended": [grant for grant in grants if grant.ends_at is not None and grant.ends_at <= moment],
        "now": moment,
    }
    if may_change:
        context |= {
            "grant_form": grant_form or GrantForm(zone=organisation.zone),
            "person_form": person_form or PersonForm(initial={"name": shown.name, "job_title": shown.job_title}),
            "grant_reasons": reasons_for_page(guards.grant_reasons(shown, by)),
            "deactivate_reasons": reasons_for_page(guards.deactivate_reasons(shown, by)),
            "reset_reasons": reasons_for_page(guards.reset_reasons(shown, by)),
        }
    failed = any(form is not None and form.errors for form in (grant_form, person_form))
    return render(request, "org/person.html", context, status=422 if failed else 200)


@require_POST
@signed_in
def rename(request: HttpRequest, pk: UUID) -> HttpResponse:
    shown = queries.access_person(viewer(request), pk)
    form = PersonForm(request.POST)
    if not form.is_valid():
        return person_page(request, shown, person_form=form)
    return run(
        request,
        lambda: rename_person(shown, **form.cleaned_data, by=viewer(request)),
        to=reverse("org:person", args=[pk]),
        done=_("Saved."),
        again=lambda refusal: person_page(request, shown, person_form=_put(form, refusal)),
    )


@require_POST
@signed_in
def grant(request: HttpRequest, pk: UUID) -> HttpResponse:
    shown = queries.access_person(viewer(request), pk)
    form = GrantForm(request.POST, zone=organisation_of(request).zone)
    if not form.is_valid():
        return person_page(request, shown, grant_form=form)
    return run(
        request,
        lambda: grant_role(shown, **form.grant(), by=viewer(request)),
        to=reverse("org:person", args=[pk]),
        done=lambda made: (
            _("%(name)s: the role “%(role)s” is given.") % {"name": shown.name, "role": made.get_role_display()}
        ),
        again=lambda refusal: person_page(request, shown, grant_form=_put(form, refusal)),
    )


@require_POST
@signed_in
def grant_end(request: HttpRequest, pk: UUID) -> HttpResponse:
    ending = queries.access_grant(viewer(request), pk)
    return run(
        request,
        lambda: end_grant(ending, by=viewer(request)),
        to=reverse("org:person", args=[ending.user_id]),
        done=_("%(name)s: the role “%(role)s” has ended.")
        % {"name": ending.user.name, "role": ending.get_role_display()},
    )


@require_POST
@signed_in
def deactivate(request: HttpRequest, pk: UUID) -> HttpResponse:
    shown = queries.access_person(viewer(request), pk)
    return run(
        request,
        lambda: deactivate_person(shown, by=viewer(request)),
        to=reverse("org:person", args=[pk]),
        done=_("%(name)s is out: signed out everywhere, all roles and links ended.") % {"name": shown.name},
    )


@require_POST
@signed_in
def reactivate(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _new_link(request, pk, reactivate_person, _("%(name)s is back, without roles. Now give them a role."))


@require_POST
@signed_in
def reset(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _new_link(request, pk, reset_link, _("A link for a new password is made for %(name)s."))


@require_POST
@signed_in
def reissue(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _new_link(request, pk, reissue_link, _("A new invitation link is made for %(name)s."))


def _new_link(request: HttpRequest, pk: UUID, make: Callable[..., str], done: str) -> HttpResponse:
    shown = queries.access_person(viewer(request), pk)
    outcome = attempt(lambda: make(shown, by=viewer(request)))
    if outcome.refusal:
        return refused_page(request, outcome.refusal)
    return _hand_over(request, shown, outcome.value, done % {"name": shown.name})


def _hand_over(request: HttpRequest, shown: User, token: str, done: str) -> HttpResponse:
    """Mail the link; without a mail server show it in this answer only: it is stored nowhere, so no redirect."""
    messages.success(request, done)
    if mail_link(shown, token, organisation_of(request)):
        messages.info(request, _("The link was mailed to %(email)s.") % {"email": shown.email})
        return SeeOther(reverse("org:person", args=[shown.pk]))
    return render(
        request, "org/link_once.html", {"person": shown, "link": links.address(token), "days": links.VALID_FOR.days}
    )


def _put(form: F, refusal: Refused) -> F:
    """The reasons at the fields they speak of; what was typed stays in the form."""
    known = {code: name for code, name in FIELDS.items() if name in form.fields}
    refuse(form, refusal.reasons, known)
    return form
