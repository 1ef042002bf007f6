"""Checkpoints and exports of the audit record."""

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from healthsocial import crypto
from healthsocial.audit import checkpoints, export
from healthsocial.audit.log import Refused
from healthsocial.org.actions.change_checkpoint_mail import change_checkpoint_mail
from healthsocial.org.actions.export_audit import export_audit
from healthsocial.org.enums import ExportReason
from healthsocial.org.forms_record import CheckpointMailForm, ExportForm
from healthsocial.org.views.helpers import attempt, needs, organisation_of, refused_page, run, viewer


@require_safe
@needs("audit.export")
def record(request: HttpRequest) -> HttpResponse:
    return _page(request)


def _page(
    request: HttpRequest, *, mail: forms.Form | None = None, wanted: forms.Form | None = None, status: int = 200
) -> HttpResponse:
    row = organisation_of(request)
    standing, last = checkpoints.standing()
    shown = {
        "standing": standing.value,
        "agrees": standing.agrees,
        "last": last,
        "public_key": crypto.public_key(),
        "may_change": viewer(request).has_perm("org.settings"),
        "mail_form": mail or CheckpointMailForm(initial={"address": row.checkpoint_mail}),
        "export_form": wanted or ExportForm(zone=row.zone),
        "row": row,
        "stopped": row.publishing_stopped_at is not None,
    }
    return render(request, "org/record.html", shown, status=status)


@require_safe
@needs("audit.export")
def checkpoint_download(request: HttpRequest) -> HttpResponse:
    """The last checkpoint as a file to keep elsewhere. Numbers and digests only."""
    _standing, last = checkpoints.standing()
    if last is None:
        raise Http404
    answer = HttpResponse(last.line() + "\n", content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="checkpoint-{last.seq}.jsonl"'
    return answer


@require_POST
@needs("org.settings")
def checkpoint_mail(request: HttpRequest) -> HttpResponse:
    form = CheckpointMailForm(request.POST)
    if not form.is_valid():
        return _page(request, mail=form, status=422)

    def again(refusal: Refused) -> HttpResponse:
        for reason in refusal.reasons:
            form.add_error(None, reason.message)
        return _page(request, mail=form)

    address = form.cleaned_data["address"]
    return run(
        request,
        lambda: change_checkpoint_mail(address, by=viewer(request)),
        to=reverse("org:record"),
        done=_mail_words(address),
        again=again,
    )


def _mail_words(address: str) -> str:
    if not address:
        return _("Checkpoints are not mailed any more.")
    if not settings.MAIL_CONFIGURED:
        return _("The address is kept. Checkpoints are mailed to it as soon as a mail server is set.")
    return _("Checkpoints are mailed from now on.")


@require_POST
@needs("audit.export")
def record_export(request: HttpRequest) -> HttpResponse:
    """Record who takes what and why, then hand it out."""
    form = ExportForm(request.POST, zone=organisation_of(request).zone)
    if not form.is_valid():
        return _page(request, wanted=form, status=422)
    extract, reason = form.cleaned_data["extract"], ExportReason(form.cleaned_data["reason"])
    outcome = attempt(lambda: export_audit(extract, reason=reason, by=viewer(request)))
    if outcome.refusal is not None:
        return refused_page(request, outcome.refusal)
    answer = StreamingHttpResponse(export.stream(extract), content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="{extract.file_name}"'
    return answer  # type: ignore[return-value]  # the decorators of the views know one kind of answer
