"""Crisis stops: start, see, release (law 8)."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from healthsocial import clock
from healthsocial.org.forms import refuse
from healthsocial.org.models import Channel, ChannelGroup, User
from healthsocial.org.views.helpers import needs, organisation_of, run, viewer
from posts import queries_officer as officer
from posts.actions import crisis_stop
from posts.enums import StopScope
from posts.forms_officer import StopForm
from posts.models import CrisisStop


@dataclass
class Target:
    """Something that can be stopped, and what a stop would cancel."""

    key: str  # organisation, or group:<id>, or channel:<id>
    scope: str
    name: str
    detail: str
    unsent: int
    emergencies: int
    form: StopForm
    group: ChannelGroup | None = None
    channel: Channel | None = None
    stopped: bool = False

    @property
    def warning(self) -> str:
        if not self.unsent:
            words = _("Nothing waits to be sent here. Until the stop is released, nothing can be scheduled or sent.")
        else:
            words = ngettext(
                "This cancels %(n)d unsent delivery at once. It does not come back by itself after the release.",
                "This cancels %(n)d unsent deliveries at once. They do not come back by themselves after the release.",
                self.unsent,
            ) % {"n": self.unsent}
        if self.emergencies:
            more = ngettext(
                "%(n)d of them is of an emergency post.", "%(n)d of them are of emergency posts.", self.emergencies
            )
            words = f"{words} {more % {'n': self.emergencies}}"
        return words


@require_safe
@needs("posts.crisis_stop", anywhere=True)
def stops(request: HttpRequest) -> HttpResponse:
    return _page(request)


@require_http_methods(["GET", "HEAD", "POST"])
@needs("posts.crisis_stop", anywhere=True)
def start(request: HttpRequest) -> HttpResponse:
    """POST starts a stop; a link to here leads to the page from which it is started."""
    if request.method != "POST":
        return redirect("posts:stops")
    key = request.POST.get("what", "")
    form = StopForm(request.POST, auto_id="id_again_%s")
    target = next((row for row in _targets(viewer(request)) if row.key == key), None)
    if target is None:
        raise Http404
    target.form = form
    if not form.is_valid():
        return _page(request, again=target)
    data = form.cleaned_data
    return run(
        request,
        lambda: crisis_stop.start_stop(
            by=viewer(request),
            scope=target.scope,
            reason=data["reason"],
            group=target.group,
            channel=target.channel,
            emergency_goes_on=data["emergency_goes_on"],
        ),
        to=reverse("posts:stops"),
        done=_("The stop is in force. Nothing more goes out there."),
        again=lambda refusal: _page(request, again=_refused(target, form, refusal.reasons)),
    )


@require_POST
@needs("posts.crisis_stop", anywhere=True)
def release(request: HttpRequest, pk: UUID) -> HttpResponse:
    if not CrisisStop.objects.filter(pk=pk).exists():
        raise Http404
    return run(
        request,
        lambda: crisis_stop.release_stop(pk, by=viewer(request)),
        to=reverse("posts:stops"),
        done=_("Released. Nothing goes out by itself: the posts below need their time confirmed."),
    )


def _refused(target: Target, form: StopForm, reasons: Any) -> Target:
    refuse(form, reasons, {"words_missing": "reason"})
    return target


def _page(request: HttpRequest, again: Target | None = None) -> HttpResponse:
    person = viewer(request)
    in_force = officer.stops_in_force()
    targets = _targets(person, in_force)
    may_release = {stop.pk for stop in in_force if _may_release(stop, targets)}
    return render(
        request,
        "posts/officer/stops.html",
        {
            "zone": organisation_of(request).zone,
            "now": clock.now(),
            "again": again,
            "stops": [(stop, stop.pk in may_release) for stop in in_force],
            "past": officer.stops_past(),
            "targets": targets,
            "waiting": officer.needing_their_time(person),
        },
        status=422 if again is not None else 200,
    )


def _may_release(stop: CrisisStop, targets: list[Target]) -> bool:
    key = stop.scope if stop.scope == StopScope.ORGANISATION else f"{stop.scope}:{stop.group_id or stop.channel_id}"
    return any(target.key == key for target in targets)


def _targets(person: User, in_force: list[CrisisStop] | None = None) -> list[Target]:
    """What the person may stop: everything, whole groups, single channels."""
    channels = officer.stoppable_channels(person)
    unsent = officer.unsent_by_channel()
    everything = {channel.pk: channel.group_id for channel in Channel.objects.all()}
    mine: dict[UUID, list[Channel]] = {}
    for channel in channels:
        mine.setdefault(channel.group_id, []).append(channel)
    found = []
    if person.has_perm("posts.crisis_stop"):
        found.append(_target(StopScope.ORGANISATION, _("The whole organisation"), "", list(everything), unsent))
    for group_id, rows in mine.items():
        if len(rows) == sum(other == group_id for other in everything.values()):
            group = rows[0].group
            words = ngettext("Group, %(n)d channel", "Group, %(n)d channels", len(rows)) % {"n": len(rows)}
            found.append(_target(StopScope.GROUP, group.name, words, [row.pk for row in rows], unsent, group=group))
        found += [_target(StopScope.CHANNEL, row.name, _("Channel"), [row.pk], unsent, channel=row) for row in rows]
    for stop in in_force or []:
        for target in found:
            same_place = target.scope == stop.scope and (target.group, target.channel) == (stop.group, stop.channel)
            target.stopped = target.stopped or same_place
    return found


def _target(
    scope: StopScope,
    name: str,
    detail: str,
    channels: list[UUID],
    unsent: dict[UUID, tuple[int, int]],
    group: ChannelGroup | None = None,
    channel: Channel | None = None,
) -> Target:
    place = group or channel
    key = f"{scope.value}:{place.pk}" if place else scope.value
    counts = [unsent.get(pk, (0, 0)) for pk in channels]
    return Target(
        key,
        scope.value,
        name,
        detail,
        sum(n for n, _e in counts),
        sum(e for _n, e in counts),
        StopForm(auto_id=f"id_{key.replace(':', '-')}_%s"),
        group,
        channel,
    )
