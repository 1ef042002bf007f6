"""Channels and their groups."""

from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from healthsocial.audit.log import Refused
from healthsocial.org import queries
from healthsocial.org.actions.create_channel import create_channel
from healthsocial.org.actions.create_group import create_group
from healthsocial.org.actions.rename_channel import rename_channel
from healthsocial.org.actions.rename_group import rename_group
from healthsocial.org.actions.update_channel import update_channel
from healthsocial.org.enums import GroupKind
from healthsocial.org.forms import ChannelForm, ChannelSettingsForm, GroupForm, RenameForm, refuse
from healthsocial.org.models import Channel, ChannelGroup, User
from healthsocial.org.permissions import covers, grants_for
from healthsocial.org.views.helpers import needs, organisation_of, run, signed_in, viewer


@require_safe
@needs("posts.see_titles", anywhere=True)
def channels(request: HttpRequest) -> HttpResponse:
    by = viewer(request)
    groups = queries.channels_by_group(by)
    shown: list[Channel] = [channel for group in groups for channel in getattr(group, "shown", [])]
    change, stop = grants_for(by, "org.channels"), grants_for(by, "posts.crisis_stop")
    sees_people = by.has_perm("org.see_people")
    people = queries.people_per_channel(shown) if sees_people else {}
    rows = [
        {
            "group": group,
            "channels": [
                {
                    "channel": channel,
                    "people": people.get(channel.pk, 0),
                    "may_change": any(covers(grant, channel) for grant in change),
                }
                for channel in getattr(group, "shown", [])
            ],
        }
        for group in groups
    ]
    return render(
        request,
        "org/channels.html",
        {
            "rows": rows,
            "sees_people": sees_people,
            "may_add_group": by.has_perm("org.channels"),
            "may_add_channel": bool(_open_groups(by)),
            "may_stop": bool(stop),
            "has_groups": bool(groups),
        },
    )


def _open_groups(by: User) -> list[ChannelGroup]:
    """Groups in which the person may create channels."""
    grants = grants_for(by, "org.channels")
    groups = list(ChannelGroup.objects.all()) if grants else []
    return [group for group in groups if any(covers(grant, Channel(group=group)) for grant in grants)]


@require_http_methods(["GET", "HEAD", "POST"])
@needs("org.channels")
def group_create(request: HttpRequest) -> HttpResponse:
    form = GroupForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _group_page(request, form)
    data = form.cleaned_data
    return run(
        request,
        lambda: create_group(name=data["name"], kind=GroupKind(data["kind"]), by=viewer(request)),
        to=reverse("org:channels"),
        done=_("The group is created. Now add its channels."),
        again=lambda refusal: _group_page(request, _refused(form, refusal)),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def group_edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    group = queries.access_group(viewer(request), pk)
    form = GroupForm(request.POST or None, initial={"name": group.name, "kind": group.kind})
    if request.method != "POST" or not form.is_valid():
        return _group_page(request, form, group)
    data = form.cleaned_data
    return run(
        request,
        lambda: rename_group(group, name=data["name"], kind=GroupKind(data["kind"]), by=viewer(request)),
        to=reverse("org:channels"),
        done=_("Saved."),
        again=lambda refusal: _group_page(request, _refused(form, refusal), group),
    )


def _group_page(request: HttpRequest, form: forms.Form, group: ChannelGroup | None = None) -> HttpResponse:
    return render(request, "org/group_form.html", {"form": form, "group": group}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@needs("org.channels", anywhere=True)
def channel_create(request: HttpRequest) -> HttpResponse:
    groups = _open_groups(viewer(request))
    chosen = {"group": request.GET.get("group", "")}
    form = ChannelForm(request.POST or None, groups=groups, organisation=organisation_of(request), initial=chosen)
    if request.method != "POST" or not form.is_valid():
        return _channel_form(request, form)
    return run(
        request,
        lambda: create_channel(**form.channel(), by=viewer(request)),
        to=reverse("org:channels"),
        done=lambda made: _("The channel “%(name)s” is created.") % {"name": made.name},
        again=lambda refusal: _channel_form(request, _refused(form, refusal)),
    )


def _channel_form(request: HttpRequest, form: forms.Form) -> HttpResponse:
    context = {"form": form, "may_add_group": viewer(request).has_perm("org.channels")}
    return render(request, "org/channel_form.html", context, status=422 if form.errors else 200)


@require_safe
@signed_in
def channel(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _channel_page(request, queries.access_channel(viewer(request), pk))


def _channel_page(
    request: HttpRequest, shown: Channel, name_form: forms.Form | None = None, settings_form: forms.Form | None = None
) -> HttpResponse:
    by = viewer(request)
    failed = any(form is not None and form.errors for form in (name_form, settings_form))
    return render(
        request,
        "org/channel.html",
        {
            "channel": shown,
            "may_change": by.has_perm("org.channels", shown),
            "may_stop": by.has_perm("posts.crisis_stop", shown),
            "lateness": shown.max_lateness_minutes or organisation_of(request).max_lateness_minutes,
            "name_form": name_form or RenameForm(initial={"name": shown.name}),
            "settings_form": settings_form
            or ChannelSettingsForm(
                channel=shown,
                initial={
                    "character_limit": shown.character_limit,
                    "max_lateness_minutes": shown.max_lateness_minutes,
                    "practice_mode": shown.practice_mode,
                },
            ),
        },
        status=422 if failed else 200,
    )


@require_POST
@signed_in
def channel_rename(request: HttpRequest, pk: UUID) -> HttpResponse:
    shown = queries.access_channel(viewer(request), pk)
    form = RenameForm(request.POST)
    if not form.is_valid():
        return _channel_page(request, shown, name_form=form)
    return run(
        request,
        lambda: rename_channel(shown, name=form.cleaned_data["name"], by=viewer(request)),
        to=reverse("org:channel", args=[pk]),
        done=_("Saved. The channel's address stays the same."),
        again=lambda refusal: _channel_page(request, shown, name_form=_refused(form, refusal)),
    )


@require_POST
@signed_in
def channel_change(request: HttpRequest, pk: UUID) -> HttpResponse:
    shown = queries.access_channel(viewer(request), pk)
    form = ChannelSettingsForm(request.POST, channel=shown)
    if not form.is_valid():
        return _channel_page(request, shown, settings_form=form)
    return run(
        request,
        lambda: update_channel(shown, **form.settings(), by=viewer(request)),
        to=reverse("org:channel", args=[pk]),
        done=_("Saved."),
        again=lambda refusal: _channel_page(request, shown, settings_form=_refused(form, refusal)),
    )


def _refused(form: forms.Form, refusal: Refused) -> forms.Form:
    codes = ("name_missing", "name_too_long", "name_unseen", "name_in_use")
    fields = {code: "name" for code in codes if "name" in form.fields}
    return refuse(form, refusal.reasons, fields)
