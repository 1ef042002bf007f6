"""Times as the officer's pages print them: short clocks and short spans."""

from datetime import datetime

from django import template
from django.utils.timesince import timesince, timeuntil

from healthsocial.org.templatetags.ui import to_zone, zone_label

register = template.Library()


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
