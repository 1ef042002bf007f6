"""Switch a channel off and on; the buttons stand on the channel's page of the organisation."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from healthsocial.org.queries import access_channel
from healthsocial.org.views.helpers import run, signed_in, viewer
from posts.actions.channels import disable_channel, enable_channel


@require_POST
@signed_in
def disable(request: HttpRequest, pk: UUID) -> HttpResponse:
    access_channel(viewer(request), pk)
    return run(
        request,
        lambda: disable_channel(pk, by=viewer(request)),
        to=reverse("org:channel", args=[pk]),
        done=_("Switched off. Nothing more is sent to this channel; what is public stays public."),
    )


@require_POST
@signed_in
def enable(request: HttpRequest, pk: UUID) -> HttpResponse:
    access_channel(viewer(request), pk)
    return run(
        request,
        lambda: enable_channel(pk, by=viewer(request)),
        to=reverse("org:channel", args=[pk]),
        done=_("Switched on. Nothing goes out by itself: posts that lost their place need their time confirmed."),
    )
