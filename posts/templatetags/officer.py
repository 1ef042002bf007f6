"""What the officer's pages print: short clocks, short spans, the words on a state's badge."""

from datetime import datetime

from django import template
from django.utils.functional import Promise
from django.utils.timesince import timesince, timeuntil
from django.utils.translation import gettext_lazy as _

from healthsocial.org.templatetags.ui import to_zone, zone_label
from posts.enums import PUBLIC_STATE, PublicState, State
from posts.models import Post

register = template.Library()

# Where the word of the eight would say more than is true yet.
NOT_YET: dict[str, str | Promise] = {
    State.PUBLISHING: _("Going out"),
    State.INCOMPLETE: _("Partly published"),
    State.TAKEDOWN_REQUESTED: _("Being taken down"),
}


@register.filter
def badge_words(state: PublicState, post: Post) -> str | Promise:
    """The words on a post's badge, for the state that its line shows."""
    return NOT_YET.get(post.state, state.label) if state == PUBLIC_STATE[post.state] else state.label


@register.filter
def clock_in(at: datetime, zone: str) -> str:
    """Such as "09:00 CET". Made here because Django's `date` filter would put the time back on the server's zone."""
    local = to_zone(at, zone)
    assert local is not None
    return f"{local:%H:%M} {zone_label(local)}"


@register.filter
def ago(at: datetime, now: datetime) -> str:
    """The largest unit only: "3 hours"."""
    return timesince(at, now, depth=1)


@register.filter
def ahead(at: datetime, now: datetime) -> str:
    return timeuntil(at, now, depth=1)
