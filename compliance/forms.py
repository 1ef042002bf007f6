"""Forms of the authorization register and the rules page."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from compliance import register
from compliance.enums import AuthorizationKind, Information, Purpose, Severity, SubjectKind
from healthsocial.audit.forms import DayField
from healthsocial.org.forms import first_instant
from healthsocial.org.models import Channel

# Offered in lists of zones, beside the organisation's own.
ZONES = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
    "America/Puerto_Rico",
    "UTC",
)


class RegisterFilterForm(forms.Form):
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[
            ("", _("All")),
            (register.IN_FORCE, _("In force")),
            (register.SOON_ENDING, _("Ends within 30 days")),
            (register.ENDED, _("Ended")),
            (register.REVOKED, _("Revoked")),
        ],
    )
    channel = forms.ChoiceField(label=_("Channel"), required=False)

    def __init__(self, *args: Any, channels: Sequence[Channel], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choose(self, "channel", [("", _("Any channel")), *_channels(channels)])


class TokenForm(forms.Form):
    """Sent by POST, so that what people type does not stand in addresses and logs."""

    token = forms.CharField(
        label=_("Token"),
        max_length=12,
        widget=forms.TextInput(attrs={"placeholder": "P-…", "autocomplete": "off", "data-search": True}),
    )


class SubjectForm(forms.Form):
    kind = forms.ChoiceField(label=_("Who is it?"), choices=SubjectKind.choices)
    name = forms.CharField(
        label=_("Name"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("Stored encrypted and shown to privacy officers only. Everybody else sees the token."),
    )


class AuthorizationForm(forms.Form):
    """Days are whole days in the chosen zone: from its first instant, until the end of the last."""

    token = forms.CharField(
        label=_("Person"),
        max_length=12,
        help_text=_("The token, such as P-7KQ2M9."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    kind = forms.ChoiceField(label=_("What was signed"), choices=AuthorizationKind.choices)
    information = forms.MultipleChoiceField(
        label=_("What may be used"), choices=Information.choices, widget=forms.CheckboxSelectMultiple
    )
    purposes = forms.MultipleChoiceField(
        label=_("For what"), choices=Purpose.choices, widget=forms.CheckboxSelectMultiple, initial=[Purpose.SOCIAL]
    )
    all_channels = forms.BooleanField(label=_("Every channel, also later ones"), required=False)
    channels = forms.MultipleChoiceField(
        label=_("Or these channels only"), required=False, widget=forms.CheckboxSelectMultiple
    )
    signed_on = DayField(label=_("Signed on"))
    valid_from = DayField(label=_("Valid from"))
    valid_until = DayField(
        label=_("Last day"), required=False, help_text=_("Valid until the end of this day. Empty: no end.")
    )
    zone = forms.ChoiceField(label=_("Days in this time zone"))
    document_reference = forms.CharField(
        label=_("Where the signed paper is kept"),
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("A place or number, no name and no diagnosis."),
    )

    def __init__(self, *args: Any, zone: str, channels: Sequence[Channel], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by_id = {str(channel.pk): channel for channel in channels}
        _choose(self, "channels", _channels(channels))
        _choose(self, "zone", [(name, name) for name in dict.fromkeys([zone, *ZONES])])

    def clean_token(self) -> str:
        token = str(self.cleaned_data["token"])
        self.person = register.subject_by_token(token)
        if self.person is None:
            raise forms.ValidationError(_("Nobody in the register has this token. Add the person first."))
        return token

    def record(self) -> dict[str, Any]:
        """Keyword arguments for `add_authorization`."""
        data, zone = self.cleaned_data, ZoneInfo(self.cleaned_data["zone"])
        last = data["valid_until"]
        return {
            "subject": self.person,
            "kind": data["kind"],
            "information": data["information"],
            "purposes": data["purposes"],
            "all_channels": data["all_channels"],
            "channels": [] if data["all_channels"] else [self.by_id[pk] for pk in data["channels"]],
            "signed_on": data["signed_on"],
            "valid_from": first_instant(data["valid_from"], zone),
            "valid_until": first_instant(last + timedelta(days=1), zone) if last else None,
            "document_reference": data["document_reference"],
        }


class RevokeForm(forms.Form):
    words = forms.CharField(
        label=_("Why, without naming anyone"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


class RuleFilterForm(forms.Form):
    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=100,
        widget=forms.TextInput(
            attrs={"data-search": True, "placeholder": _("Words of a rule, its law or its examples")}
        ),
    )
    flag = forms.ChoiceField(label=_("Flag"), required=False)
    severity = forms.ChoiceField(label=_("Severity"), required=False, choices=[("", _("Any")), *Severity.choices])
    status = forms.ChoiceField(
        label=_("Source"),
        required=False,
        choices=[("", _("Any")), ("checked", _("Read and checked")), ("recalled", _("From memory, not yet checked"))],
    )

    def __init__(self, *args: Any, flags: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choose(self, "flag", [("", _("Any")), *((flag, flag.replace("_", " ").capitalize()) for flag in flags)])


def _channels(channels: Sequence[Channel]) -> list[tuple[str, str]]:
    return [(str(channel.pk), f"{channel.group.name} · {channel.name}") for channel in channels]


def _choose(form: forms.Form, name: str, choices: list[Any]) -> None:
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)
    field.choices = choices


def channel_of(text: str) -> UUID | None:
    return UUID(text) if text else None
