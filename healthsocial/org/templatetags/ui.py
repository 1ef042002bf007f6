"""Template tags for the look: icons, times with their zone, badges, form controls."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import NamedTuple
from uuid import uuid4
from zoneinfo import ZoneInfo

from django import template
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect, Select, Textarea, TextInput
from django.templatetags.static import static
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from healthsocial.org import hidden

register = template.Library()

SHORT_FILTER = 4  # fields that fit beside each other
SPRITE = "vendor/lucide/sprite.svg"


class Look(NamedTuple):
    """How a state or severity is shown: an icon and a word, so that colour never stands alone."""

    key: str
    icon: str
    label: str | Promise


STATE_LOOKS = {
    look.key: look
    for look in (
        Look("draft", "pencil", _("Draft")),
        Look("checking", "scan-search", _("Being checked")),
        Look("needs_you", "hand", _("Needs you")),
        Look("with_reviewer", "user-check", _("With the reviewer")),
        Look("approved", "calendar-check", _("Approved")),
        Look("published", "circle-check", _("Published")),
        Look("stopped", "octagon-pause", _("Stopped")),
        Look("closed", "archive", _("Closed")),
    )
}

SEVERITY_LOOKS = {
    look.key: look
    for look in (
        Look("note", "info", _("Note")),
        Look("warn", "triangle-alert", _("Warning")),
        Look("block", "octagon-x", _("Blocks")),
        Look("hard", "shield-alert", _("Must go")),
    )
}

LEVEL_ICONS = {
    "info": "info",
    "debug": "info",
    "success": "circle-check",
    "warning": "triangle-alert",
    "danger": "octagon-x",
    "error": "octagon-x",
}


@register.simple_tag
def icon(name: str, label: str = "", css: str = "") -> SafeString:
    """An icon of the sprite: decoration unless it has a label."""
    href = f"{static(SPRITE)}#{name}"
    css = f"icon {css}".strip()
    if label:
        return format_html(
            '<svg class="{}" width="20" height="20" role="img" aria-label="{}"><use href="{}"></use></svg>',
            css,
            label,
            href,
        )
    return format_html(
        '<svg class="{}" width="20" height="20" aria-hidden="true" focusable="false"><use href="{}"></use></svg>',
        css,
        href,
    )


@register.filter
def state_look(state: str) -> Look:
    """The look of one of the eight states on screen; an unknown one is shown by its own name."""
    return STATE_LOOKS.get(str(state)) or Look("closed", "circle-dot", str(state))


@register.filter
def severity_look(severity: str) -> Look:
    """The look of a finding's severity; an unknown one is shown as a warning by its own name."""
    return SEVERITY_LOOKS.get(str(severity)) or Look("warn", "triangle-alert", str(severity))


@register.filter
def level_icon(level: str) -> str:
    """The icon of a message or banner level; Django joins a message's tags with blanks."""
    known = [LEVEL_ICONS[tag] for tag in str(level).split() if tag in LEVEL_ICONS]
    return known[-1] if known else "info"


def _zone(zone: str | tzinfo | None) -> tzinfo:
    if isinstance(zone, tzinfo):
        return zone
    return ZoneInfo(str(zone)) if zone else ZoneInfo("UTC")


def zone_label(at: datetime) -> str:
    """The zone as people write it: CET, PST; zones that only have a number read UTC-03."""
    name = at.tzname() or ""
    return f"UTC{name}" if name[:1] in "+-" else name


@register.filter
def to_zone(at: datetime | None, zone: str | tzinfo | None) -> datetime | None:
    """The same instant on the clock of a zone; an empty zone means UTC."""
    return at.astimezone(_zone(zone)) if at else None


@register.filter
def in_zone(at: datetime | None, zone: str | tzinfo | None) -> str:
    """Such as "Tue 4 Mar 2026, 09:00 CET"; nothing for no time."""
    if at is None:
        return ""
    local = at.astimezone(_zone(zone))
    return f"{date_format(local, 'D j M Y, H:i')} {zone_label(local)}"


@register.filter
def plain_words(code: str) -> str:
    """A code of the record as people read it: "compliance officer" for compliance_officer."""
    return str(code).replace("_", " ")


@register.filter
def initials(name: str) -> str:
    """At most two letters that stand for a person's name."""
    words = [word for word in str(name).replace("@", " ").split() if word[:1].isalnum()]
    picked = words[:1] + words[-1:] if len(words) > 1 else words
    return "".join(word[0] for word in picked).upper()


@register.filter
def show_hidden(text: str) -> str:
    """The text with a visible, named mark at every character that cannot be seen.

    The character itself stays in the page, closed in by <bdi>, so that it turns no neighbour round.
    """
    found = hidden.pieces(str(text))
    if not any(piece.code for piece in found):
        return str(text)
    return format_html_join("", "{}", ((_piece(piece),) for piece in found))


def _piece(piece: hidden.Piece) -> str:
    if not piece.code:
        return piece.text
    return format_html(
        '<bdi class="hidden-char" title="{}">{}<span class="hidden-char-code" aria-hidden="true">{}</span>'
        '<span class="visually-hidden"> [{}] </span></bdi>',
        piece.name,
        piece.text,
        piece.code,
        piece.name,
    )


@register.filter
def control_kind(field: BoundField) -> str:
    """What the field template must draw around the widget: hidden, check, group or box."""
    widget = field.field.widget
    if field.is_hidden:
        return "hidden"
    if isinstance(widget, RadioSelect | CheckboxSelectMultiple):
        return "group"
    return "check" if isinstance(widget, CheckboxInput) else "box"


@register.filter
def shown_filters(fields: list[BoundField]) -> list[BoundField]:
    """The filters that are always in sight: all of a short form, the first two of a long one."""
    return fields if len(fields) <= SHORT_FILTER else fields[:2]


@register.filter
def hidden_filters(fields: list[BoundField]) -> list[BoundField]:
    """The rest of a long filter form, behind "More filters"."""
    return fields[2:] if len(fields) > SHORT_FILTER else []


@register.filter
def any_filter_used(fields: list[BoundField]) -> bool:
    """Whether one of them narrows the list, or is wrong: then they must be in sight."""
    return any(field.value() not in (None, "", False) or field.errors for field in fields)


@register.simple_tag
def new_id() -> SafeString:
    """For a form that makes something new: the id it will have, so that sending it twice makes one."""
    return format_html('<input type="hidden" name="new" value="{}">', uuid4())


@register.simple_tag
def control(
    field: BoundField, help_text: str = "", extra_described_by: str = "", no_help: bool | str = False
) -> SafeString:
    """The widget with its class, and tied to its help, errors and whatever else describes it."""
    kind = control_kind(field)
    attrs: dict[str, str | bool] = {}
    css = str(field.field.widget.attrs.get("class", ""))
    if kind == "box":
        css += " form-select" if isinstance(field.field.widget, Select) else " form-control"
    elif kind == "check":
        css += " form-check-input"
    if field.errors and kind in ("box", "check"):
        css += " is-invalid"
    if css.strip():
        attrs["class"] = css.strip()
    if isinstance(field.field.widget, Textarea) or type(field.field.widget) is TextInput:
        attrs["dir"] = "auto"  # words in a script that runs the other way do not turn the page
    if no_help:
        field.help_text = ""  # else Django points aria-describedby at a help text that is not in the page
    described = [extra_described_by] if extra_described_by else []
    if help_text or field.help_text:
        described.append(f"{field.auto_id}_helptext")
    if field.errors:
        described.append(f"{field.auto_id}_error")
    if described and kind in ("box", "check"):
        attrs["aria-describedby"] = " ".join(described)
    return field.as_widget(attrs=attrs)
