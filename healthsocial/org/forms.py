"""Forms: they read what was typed. Whether it is allowed is decided by the actions."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.contrib.auth.password_validation import password_validators_help_texts, validate_password
from django.utils.translation import gettext_lazy as _

from healthsocial.audit.forms import DayField
from healthsocial.audit.log import Reason
from healthsocial.org.enums import GroupKind, Network, PracticeMode
from healthsocial.org.models import Channel, ChannelGroup, Organisation, User
from healthsocial.org.naming import visible_name
from healthsocial.org.roles import Role

EVERYTHING = "everything"


def refuse(form: forms.Form, reasons: Sequence[Reason], fields: Mapping[str, str] | None = None) -> forms.Form:
    """Put an action's reasons on the form; `fields` says which code belongs to which field."""
    if not form.is_bound or not hasattr(form, "cleaned_data"):
        form.full_clean()
    for reason in reasons:
        form.add_error((fields or {}).get(reason.code), reason.message)
    return form


class PeopleFilterForm(forms.Form):
    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"data-search": True, "placeholder": _("Name, e-mail or job title")}),
    )
    role = forms.ChoiceField(label=_("Role"), required=False, choices=[("", _("Any role")), *Role.choices])
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[
            ("", _("Everybody")),
            ("active", _("Active")),
            ("invited", _("Invited, no password yet")),
            ("inactive", _("Deactivated")),
        ],
    )


class InviteForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=200,
        validators=[visible_name],
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("As it shall stand under approvals."),
    )
    email = forms.EmailField(
        label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "off"}), help_text=_("They sign in with it.")
    )
    job_title = forms.CharField(label=_("Job title"), max_length=120, required=False, validators=[visible_name])


class PersonForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=200, validators=[visible_name])
    job_title = forms.CharField(label=_("Job title"), max_length=120, required=False, validators=[visible_name])


class GrantForm(forms.Form):
    """Days are whole days in the organisation's zone: from its first instant, until its last."""

    role = forms.ChoiceField(label=_("Role"), choices=[("", _("Choose a role")), *Role.choices])
    where = forms.ChoiceField(label=_("Where"))
    starts_on = DayField(label=_("First day"), required=False, help_text=_("Empty: from now."))
    ends_on = DayField(label=_("Last day"), required=False, help_text=_("Empty: until somebody ends it."))

    def __init__(self, *args: Any, zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = ZoneInfo(zone)
        channels = Channel.objects.select_related("group").order_by("group__name", "name")
        self.groups = {f"group:{group.pk}": group for group in ChannelGroup.objects.all()}
        self.channels = {f"channel:{channel.pk}": channel for channel in channels}
        where = self.fields["where"]
        if isinstance(where, forms.ChoiceField):
            where.choices = [
                ("", _("Choose where")),
                (EVERYTHING, _("Everything")),
                (_("All channels of a group"), [(key, group.name) for key, group in self.groups.items()]),
                (_("One channel"), [(key, f"{row.group.name} · {row.name}") for key, row in self.channels.items()]),
            ]

    def grant(self) -> dict[str, Any]:
        """Keyword arguments for `grant_role`."""
        data = self.cleaned_data
        return {
            "role": Role(data["role"]),
            "group": self.groups.get(data["where"]),
            "channel": self.channels.get(data["where"]),
            "starts_at": first_instant(data["starts_on"], self.zone) if data["starts_on"] else None,
            "ends_at": first_instant(data["ends_on"] + timedelta(days=1), self.zone) if data["ends_on"] else None,
        }


def first_instant(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a day in a zone, in UTC. Where midnight does not exist, the day begins after the gap."""
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


class GroupForm(forms.Form):
    name = forms.CharField(
        label=_("Name of the group"),
        max_length=120,
        validators=[visible_name],
        help_text=_("A site or a unit, such as “North Hospital”."),
    )
    kind = forms.ChoiceField(label=_("Kind"), choices=GroupKind.choices)


class ChannelForm(forms.Form):
    group = forms.ChoiceField(label=_("Group"))
    name = forms.CharField(label=_("Name of the channel"), max_length=120, validators=[visible_name])
    network = forms.ChoiceField(label=_("Network"))
    character_limit = forms.IntegerField(label=_("Character limit"), initial=2000, min_value=1)

    def __init__(self, *args: Any, groups: list[ChannelGroup], organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.groups: dict[str, ChannelGroup] = {str(group.pk): group for group in groups}
        networks = [
            (value, label)
            for value, label in Network.choices
            if value != Network.PRACTICE or organisation.created_as_demo
        ]
        for name, choices in (("group", [(key, row.name) for key, row in self.groups.items()]), ("network", networks)):
            field = self.fields[name]
            if isinstance(field, forms.ChoiceField):
                field.choices = choices

    def channel(self) -> dict[str, Any]:
        """Keyword arguments for `create_channel`."""
        data = self.cleaned_data
        return {
            "group": self.groups[data["group"]],
            "name": data["name"],
            "network": Network(data["network"]),
            "character_limit": data["character_limit"],
        }


class RenameForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120, validators=[visible_name])


class ChannelSettingsForm(forms.Form):
    character_limit = forms.IntegerField(label=_("Character limit"), min_value=1)
    max_lateness_minutes = forms.IntegerField(
        label=_("Latest, in minutes after the slot"),
        required=False,
        min_value=1,
        help_text=_("A post that is later than this is not sent. Empty: the organisation's value."),
    )
    practice_mode = forms.ChoiceField(label=_("The practice network"), choices=PracticeMode.choices)

    def __init__(self, *args: Any, channel: Channel, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if channel.network != Network.PRACTICE:
            del self.fields["practice_mode"]

    def settings(self) -> dict[str, Any]:
        """Keyword arguments for `update_channel`."""
        mode = self.cleaned_data.get("practice_mode")
        return {
            "character_limit": self.cleaned_data["character_limit"],
            "max_lateness_minutes": self.cleaned_data["max_lateness_minutes"],
            "practice_mode": PracticeMode(mode) if mode else None,
        }


class SettingsForm(forms.Form):
    name = forms.CharField(label=_("Name of the organisation"), max_length=160, validators=[visible_name])
    zone = forms.CharField(
        label=_("Time zone"),
        max_length=64,
        widget=forms.TextInput(attrs={"list": "zones", "autocomplete": "off", "spellcheck": "false"}),
        help_text=_("Such as Europe/Berlin or America/Chicago. Slots that are set already keep theirs."),
    )
    max_lateness_minutes = forms.IntegerField(
        label=_("Latest, in minutes after the slot"),
        min_value=1,
        help_text=_("A post that is later than this is not sent; it waits for a new slot."),
    )
    approved_window_days = forms.IntegerField(
        label=_("Approved window, in days"),
        min_value=1,
        help_text=_("So far may a scheduler move an approved post without a compliance officer."),
    )

    @staticmethod
    def zones() -> list[str]:
        """Known zones, for the list behind the field."""
        return sorted(zone for zone in available_timezones() if "/" in zone or zone == "UTC")


class ChoosePasswordForm(forms.Form):
    password = forms.CharField(
        label=_("New password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "autofocus": True}),
    )
    again = forms.CharField(
        label=_("The same once more"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person
        self.fields["password"].help_text = " ".join(str(text) for text in password_validators_help_texts())

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("password"):
            try:
                validate_password(data["password"], self.person)
            except forms.ValidationError as error:
                self.add_error("password", error)
        if data.get("password") and data.get("again") and data["password"] != data["again"]:
            self.add_error("again", _("The two passwords differ."))
        return data


class DemoClockForm(forms.Form):
    """How far the clock of a demo runs ahead of real time."""

    days = forms.IntegerField(
        label=_("Days ahead of real time"),
        min_value=0,
        max_value=3650,
        help_text=_("0 is real time. Slots that fall into these days are missed or published at once."),
    )
