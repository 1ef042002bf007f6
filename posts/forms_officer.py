"""Forms of the officer's, scheduler's and stop pages. They read what was typed; the actions decide."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from compliance.enums import AnswerKind
from compliance.forms import ZONES
from compliance.models import Authorization
from healthsocial.org.models import Channel
from posts.enums import ReviewReason

ANSWERS = (
    AnswerKind.FALSE_ALARM,
    AnswerKind.NOT_IDENTIFIABLE,
    AnswerKind.SUBSTANTIATED,
    AnswerKind.AUTHORISED,
    AnswerKind.ACCEPTED,
)


def channel_choices(channels: Sequence[Channel]) -> list[tuple[str, str]]:
    return [(str(channel.pk), f"{channel.group.name} · {channel.name}") for channel in channels]


class QueueFilterForm(forms.Form):
    channel = forms.ChoiceField(label=_("Channel"), required=False)
    risk = forms.ChoiceField(
        label=_("Risk"),
        required=False,
        choices=[
            ("", _("Any risk")),
            ("high", _("High: something blocks")),
            ("medium", _("Medium: warnings")),
            ("low", _("Low")),
        ],
    )
    due = forms.ChoiceField(
        label=_("Due"),
        required=False,
        choices=[
            ("", _("Any time")),
            ("overdue", _("Overdue")),
            ("day", _("Within a day")),
            ("week", _("Within a week")),
            ("none", _("No time proposed")),
        ],
    )

    def __init__(self, *args: Any, channels: Sequence[Channel], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choose(self, "channel", [("", _("Any channel")), *channel_choices(channels)])


class CalendarFilterForm(forms.Form):
    week = forms.DateField(required=False, widget=forms.HiddenInput)
    channel = forms.ChoiceField(label=_("Channel"), required=False)

    def __init__(self, *args: Any, channels: Sequence[Channel], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choose(self, "channel", [("", _("Any channel")), *channel_choices(channels)])

    def chosen(self) -> tuple[date | None, UUID | None]:
        """The day and the channel asked for; nonsense counts as not asked."""
        self.is_valid()
        channel = self.cleaned_data.get("channel")
        return self.cleaned_data.get("week"), UUID(channel) if channel else None


class AnswerForm(forms.Form):
    """The officer's word on one finding, or on several at once."""

    kind = forms.ChoiceField(label=_("Your answer"))
    words = forms.CharField(
        label=_("Why"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "off"})
    )
    source_url = forms.URLField(
        label=_("Address of the source"),
        required=False,
        max_length=500,
        assume_scheme="https",
        widget=forms.URLInput(attrs={"placeholder": "https://", "autocomplete": "off"}),
    )
    authorization = forms.ChoiceField(label=_("Authorization"), required=False)

    def __init__(self, *args: Any, records: Sequence[Authorization] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = [kind for kind in ANSWERS if records or kind != AnswerKind.AUTHORISED]
        _choose(self, "kind", [("", _("Choose an answer")), *((kind.value, kind.label) for kind in offered)])
        if records:
            _choose(
                self,
                "authorization",
                [("", _("Choose"))] + [(str(r.pk), f"#{r.number} · {r.subject.token}") for r in records],
            )
        else:
            del self.fields["authorization"]

    def answer(self) -> dict[str, Any]:
        """Keyword arguments for the action."""
        data = self.cleaned_data
        record = data.get("authorization")
        return {
            "kind": data["kind"],
            "words": data["words"],
            "source_url": data["source_url"],
            "authorization_id": UUID(record) if record else None,
        }


class ApproveForm(forms.Form):
    """The decision panel. `named` is the time that the button on screen names: only that one is approved."""

    version = forms.UUIDField(widget=forms.HiddenInput)
    check = forms.UUIDField(required=False, widget=forms.HiddenInput)  # the check that stood beside it
    day = forms.DateField(label=_("Day"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    time = forms.TimeField(
        label=_("Time"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    zone = forms.ChoiceField(label=_("Time zone"), required=False)
    named = forms.CharField(required=False, max_length=120, widget=forms.HiddenInput)
    password = forms.CharField(
        label=_("Password, as your signature"),
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, *args: Any, zones: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = list(dict.fromkeys([*(zone for zone in zones if zone), *ZONES]))
        _choose(self, "zone", [(name, name) for name in names])

    def wall(self) -> tuple[str, str] | None:
        """The chosen wall time and zone; None when no time is chosen."""
        data = self.cleaned_data
        if not data.get("day") or not data.get("time") or not data.get("zone"):
            return None
        return f"{data['day'].isoformat()}T{data['time'].strftime('%H:%M')}", str(data["zone"])


class SendBackForm(forms.Form):
    """Ask for changes, or reject."""

    version = forms.UUIDField(widget=forms.HiddenInput)
    check = forms.UUIDField(required=False, widget=forms.HiddenInput)  # the check that stood beside it
    reason = forms.ChoiceField(label=_("Reason"), choices=[("", _("Choose a reason")), *ReviewReason.choices])
    words = forms.CharField(
        label=_("In words, for the author"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off"}),
    )


class StopForm(forms.Form):
    """The fields inside a stop's confirm dialog; what to stop is a hidden value beside them."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=300,
        help_text=_("Everybody who works here reads it."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    emergency_goes_on = forms.BooleanField(label=_("Emergency posts go on"), required=False)


def _choose(form: forms.Form, name: str, choices: list[Any]) -> None:
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)
    field.choices = choices
