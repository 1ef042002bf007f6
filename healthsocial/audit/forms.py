"""The filter of the audit page."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from healthsocial.audit import queries, words

FIRST_YEAR, LAST_YEAR = 1900, 2200


class DayField(forms.DateField):
    """A day that every zone can turn into an instant: years near either end of the calendar overflow."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.DateInput(attrs={"type": "date"}), **kwargs)

    def validate(self, value: Any) -> None:
        super().validate(value)
        if isinstance(value, date) and not FIRST_YEAR <= value.year <= LAST_YEAR:
            raise forms.ValidationError(_("Choose a day between the years 1900 and 2200."), code="day_too_far")


class AuditFilterForm(forms.Form):
    """All fields optional; days are whole days in the organisation's zone."""

    q = forms.CharField(
        label=_("Person"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"data-search": True, "placeholder": _("Name")}),
    )
    verb = forms.ChoiceField(label=_("What happened"), required=False)
    kind = forms.ChoiceField(label=_("To what"), required=False)
    since = DayField(label=_("From"), required=False)
    until = DayField(label=_("To"), required=False)
    refused = forms.BooleanField(label=_("Only refused attempts"), required=False)
    actor = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    target = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, zone: str = "UTC", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = ZoneInfo(zone)
        self._choices(
            "verb", _("Anything"), [(verb, words.verb_words(verb)) for verb in queries.distinct_values("verb")]
        )
        self._choices(
            "kind", _("Anything"), [(kind, words.kind_words(kind)) for kind in queries.distinct_values("target_type")]
        )

    def _choices(self, name: str, empty: Any, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = [("", empty), *sorted(choices, key=lambda choice: choice[1])]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("since") and data.get("until") and data["until"] < data["since"]:
            self.add_error("until", _("This day is before the first one."))
        return data

    def filters(self) -> queries.Filters:
        """What the valid fields ask for; a field with an error asks for nothing."""
        self.is_valid()  # fills cleaned_data with the fields that are right
        data = self.cleaned_data
        return queries.Filters(
            who=data.get("q", "").strip(),
            actor=data.get("actor", ""),
            verb=data.get("verb", ""),
            target_type=data.get("kind", ""),
            target_id=data.get("target", ""),
            since=self._start_of(data.get("since")),
            until=self._start_of(data.get("until"), plus=1),
            refused_only=bool(data.get("refused")),
        )

    def _start_of(self, day: date | None, plus: int = 0) -> datetime | None:
        if day is None:
            return None
        return datetime.combine(day + timedelta(days=plus), time.min, tzinfo=self.zone).astimezone(UTC)
