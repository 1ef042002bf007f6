"""Forms of the page about checkpoints and exports."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from healthsocial.audit import export
from healthsocial.audit.forms import DayField
from healthsocial.org.enums import ExportReason

LARGEST = 10**18


class CheckpointMailForm(forms.Form):
    address = forms.EmailField(
        label=_("Mail checkpoints to"),
        required=False,
        max_length=254,
        help_text=_("Somebody outside this server, such as an auditor. Each mail holds numbers only. Empty: nobody."),
    )


class ExportForm(forms.Form):
    """A range of days or of numbers, or nothing: everything. Days are whole days in the organisation's zone."""

    reason = forms.ChoiceField(label=_("Why"), choices=[("", _("Choose …")), *ExportReason.choices])
    since = DayField(label=_("From"), required=False)
    until = DayField(label=_("To"), required=False)
    first = forms.IntegerField(label=_("First event"), required=False, min_value=1, max_value=LARGEST)
    last = forms.IntegerField(label=_("Last event"), required=False, min_value=1, max_value=LARGEST)

    def __init__(self, *args: Any, zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = ZoneInfo(zone)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("since") and data.get("until") and data["until"] < data["since"]:
            self.add_error("until", _("This day is before the first one."))
        if data.get("first") and data.get("last") and data["last"] < data["first"]:
            self.add_error("last", _("This number is below the first one."))
        if not self.errors:
            data["extract"] = export.choose(
                first=data.get("first"),
                last=data.get("last"),
                since=self._start_of(data.get("since")),
                until=self._start_of(data.get("until"), plus=1),
            )
            if data["extract"] is None:
                self.add_error(None, _("No event lies in this range."))
        return data

    def _start_of(self, day: date | None, plus: int = 0) -> datetime | None:
        if day is None:
            return None
        return datetime.combine(day + timedelta(days=plus), time.min, tzinfo=self.zone).astimezone(UTC)
