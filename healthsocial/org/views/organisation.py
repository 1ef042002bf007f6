"""The organisation's settings, and the page about oneself."""

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from healthsocial import clock
from healthsocial.audit.log import Refused
from healthsocial.org import queries
from healthsocial.org.actions.change_settings import change_settings
from healthsocial.org.actions.demo_clock import set_demo_clock
from healthsocial.org.actions.resume_publishing import resume_publishing
from healthsocial.org.forms import DemoClockForm, SettingsForm
from healthsocial.org.views.helpers import needs, organisation_of, run, signed_in, viewer

DAY = 24 * 60 * 60


@require_http_methods(["GET", "HEAD", "POST"])
@needs("org.settings")
def settings_page(request: HttpRequest) -> HttpResponse:
    row = organisation_of(request)
    form = SettingsForm(
        request.POST or None,
        initial={
            "name": row.name,
            "zone": row.zone,
            "max_lateness_minutes": row.max_lateness_minutes,
            "approved_window_days": row.approved_window_days,
        },
    )
    if request.method != "POST" or not form.is_valid():
        return _page(request, form)

    def again(refusal: Refused) -> HttpResponse:
        for reason in refusal.reasons:
            form.add_error("zone" if reason.code == "zone_unknown" else None, reason.message)
        return _page(request, form)

    return run(
        request,
        lambda: change_settings(**form.cleaned_data, by=viewer(request)),
        to=reverse("org:settings"),
        done=_("Saved."),
        again=again,
    )


def _page(request: HttpRequest, form: forms.Form) -> HttpResponse:
    row = organisation_of(request)
    facts = [
        {"term": _("Version"), "value": settings.VERSION},
        {"term": _("Address"), "value": settings.SITE_URL},
        {
            "term": _("Mail"),
            "value": _("a mail server is set")
            if settings.MAIL_CONFIGURED
            else _("no mail server: one-time links are shown to you instead"),
        },
        {"term": _("Database"), "value": _("demo: practice only") if row.created_as_demo else _("real")},
    ]
    shown = {
        "form": form,
        "facts": facts,
        "zones": SettingsForm.zones(),
        "row": row,
        "now": clock.now(),
        "clock_form": DemoClockForm(initial={"days": row.clock_offset_seconds // DAY}) if row.created_as_demo else None,
    }
    return render(request, "org/settings.html", shown, status=422 if form.errors else 200)


@require_POST
@needs("org.settings")
def demo_clock(request: HttpRequest) -> HttpResponse:
    """Move the clock of a demo database; everything that falls due by then happens within seconds."""
    form = DemoClockForm(request.POST)
    days = form.cleaned_data["days"] if form.is_valid() else -1
    return run(
        request,
        lambda: set_demo_clock(days * DAY, by=viewer(request)),
        to=reverse("org:settings"),
        done=_("The demo clock is set."),
    )


@require_POST
@needs("posts.crisis_stop")
def publishing_resume(request: HttpRequest) -> HttpResponse:
    """Say go after a restore."""
    return run(
        request, lambda: resume_publishing(by=viewer(request)), to=reverse("posts:home"), done=_("Publishing goes on.")
    )


@require_safe
@signed_in
def me(request: HttpRequest) -> HttpResponse:
    by, moment = viewer(request), clock.now()
    grants = [grant for grant in queries.grants_of(by) if grant.ends_at is None or grant.ends_at > moment]
    return render(
        request, "org/me.html", {"person": by, "current": grants, "now": moment, "zone": organisation_of(request).zone}
    )
