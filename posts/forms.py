"""Forms of the author's pages: they read what was typed. Whether it is allowed is decided by the actions."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from compliance.enums import AnswerKind
from compliance.models import Authorization
from healthsocial.audit.forms import DayField
from healthsocial.audit.log import Refused
from healthsocial.org.models import Channel
from healthsocial.org.naming import visible_title
from posts import slots
from posts.actions.edit import MAX_LINKS, MAX_TEXT, Content
from posts.enums import PersonAnswer, PostKind, PublicState
from posts.lists import Filters
from posts.persons import LinkedPerson, linked_persons, token_of

MAX_WORDS = 100
MAX_TAGS = 12


def zone_names() -> list[str]:
    """Known zones, for the list behind a zone field."""
    return sorted(zone for zone in available_timezones() if "/" in zone or zone == "UTC")


class WantedField(forms.CharField):
    """Not marked as optional, yet a draft may be saved without it; sending it asks for it."""

    def validate(self, value: Any) -> None:
        """Nothing to refuse."""


class WallTimeMixin(forms.Form):
    """Three fields that make one slot: wall time, zone, and which of two when clocks show the time twice."""

    wall = forms.CharField(
        label=_("Date and time"),
        required=False,
        max_length=25,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )
    zone = forms.CharField(
        label=_("Time zone"),
        required=False,
        max_length=64,
        widget=forms.TextInput(attrs={"list": "zones", "autocomplete": "off", "spellcheck": "false"}),
    )
    second = forms.ChoiceField(
        label=_("Clocks show this time twice on that day"),
        required=False,
        choices=[("first", _("The first time")), ("second", _("The second time, an hour later"))],
        widget=forms.RadioSelect,
    )
    ask_which = False  # draw `second`: the clocks of the zone show the chosen time twice

    def chosen_slot(self) -> slots.Slot | None:
        """The slot behind the fields; None when no time was typed. Errors go to the field they belong to."""
        data = self.cleaned_data
        if not data.get("wall"):
            return None
        if not data.get("zone"):
            self.add_error("zone", _("Name the time zone, such as America/Chicago."))
            return None
        which = {"first": False, "second": True}.get(data.get("second", ""))
        try:
            found = slots.resolve(data["wall"], data["zone"], second=which)
        except Refused as refusal:
            reason = refusal.reasons[0]
            self.ask_which = reason.code == "time_doubled"
            self.add_error("zone" if reason.code == "zone_unknown" else "wall", reason.message)
            return None
        self.ask_which = which is not None and self._doubled(data["wall"], data["zone"])
        return found

    @staticmethod
    def _doubled(wall: str, zone: str) -> bool:
        return len(slots.readings(datetime.fromisoformat(wall).replace(second=0, microsecond=0), ZoneInfo(zone))) == 2


class SlotForm(WallTimeMixin):
    """When an approved post goes out."""

    now = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.slot: slots.Slot | None = None
        for name in ("wall", "zone"):
            self.fields[name].required = not self.data.get("now")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("now"):
            self.slot = self.chosen_slot()
        return data


class ComposerForm(WallTimeMixin):
    """The working copy. Channel texts and linked persons are fields of the rows they stand in, so they are read here."""

    post = forms.UUIDField(required=False, widget=forms.HiddenInput)
    edit_no = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)
    title = WantedField(
        label=_("Title"),
        max_length=160,
        validators=[visible_title],
        help_text=_("Only your organisation sees it, administrators too: no patient's name."),
    )
    kind = forms.ChoiceField(label=_("Kind"), choices=PostKind.choices)
    channels = forms.MultipleChoiceField(label=_("Channels"), required=False)
    text = WantedField(label=_("Text"), strip=False, max_length=MAX_TEXT, widget=forms.Textarea(attrs={"rows": 9}))
    first_comment = forms.CharField(
        label=_("First comment"),
        required=False,
        strip=False,
        max_length=MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Posted under the post, where the network has comments."),
    )
    links = forms.CharField(
        label=_("Links"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "inputmode": "url", "spellcheck": "false"}),
        help_text=_("One per line, in full: https://…"),
    )
    person_answer = forms.ChoiceField(
        label=_("Does it show or describe a person?"),
        required=False,
        choices=PersonAnswer.choices,
        widget=forms.RadioSelect,
        help_text=_("Left open, it is recorded as “Nobody”. “Not sure” can be sent to review, but not approved."),
    )
    token = forms.CharField(
        label=_("Add a person by their token"),
        required=False,
        max_length=12,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "placeholder": "P-"}),
        help_text=_("It stands on the form they signed. Names stay with the privacy officer."),
    )
    notes = forms.CharField(
        label=_("Notes for colleagues"),
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Never published. Changing them keeps an approval."),
    )
    tags = forms.CharField(label=_("Tags"), required=False, max_length=400, help_text=_("Separated by commas."))
    emergency = forms.BooleanField(
        label=_("Emergency post"),
        required=False,
        help_text=_(
            "Only for closures, evacuations and the like: it may go out during a crisis stop that lets emergencies pass. "
            "It is checked and approved like any other."
        ),
    )

    def __init__(self, data: QueryDict | None = None, *, writable: Sequence[Channel], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.writable = list(writable)
        self.slot: slots.Slot | None = None
        field = self.fields["channels"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(str(channel.pk), channel.name) for channel in self.writable]
        for named in self.fields.values():
            if isinstance(named.widget, forms.Textarea):
                # A browser would cut a long paste without a word; the server refuses it and keeps all of it on the page.
                named.widget.attrs.pop("maxlength", None)
        self.fields["wall"].label = _("Proposed time")
        self.fields["wall"].help_text = _("A wish, not a schedule: an officer or scheduler gives the time.")
        self.persons: list[LinkedPerson] = self._persons()

    # --- rows -------------------------------------------------------------------------------------------------
    def _persons(self) -> list[LinkedPerson]:
        if not self.is_bound:
            return list(self.initial.get("persons", ()))
        assert isinstance(self.data, QueryDict)
        return linked_persons(self.data)

    @property
    def channel_rows(self) -> list[dict[str, Any]]:
        """Channels by group, each with whether it is chosen and its own text."""
        chosen = set(self["channels"].value() or ())
        return [
            {
                "channel": channel,
                "key": str(channel.pk),
                "chosen": str(channel.pk) in chosen,
                "text": self._own_text(channel),
                "problem": self._own_problem(channel),
            }
            for channel in self.writable
        ]

    def _own_text(self, channel: Channel) -> str:
        if self.is_bound:
            return str(self.data.get(f"text-{channel.pk}", ""))
        texts: Mapping[str, str] = self.initial.get("channel_texts", {})
        return texts.get(str(channel.pk), "")

    def _own_problem(self, channel: Channel) -> str:
        return str(_("This text is too long to be stored.")) if len(self._own_text(channel)) > MAX_TEXT else ""

    @property
    def limits(self) -> list[dict[str, Any]]:
        """The different character limits of the channels, with the names of those that have them."""
        names: dict[int, list[str]] = {}
        for channel in self.writable:
            names.setdefault(channel.character_limit, []).append(channel.name)
        shown = []
        for limit in sorted(names):
            some, more = ", ".join(names[limit][:3]), len(names[limit]) - 3
            label = str(_("%(names)s and %(n)d more")) % {"names": some, "n": more} if more > 0 else some
            shown.append({"limit": limit, "label": label})
        return shown

    # --- reading ----------------------------------------------------------------------------------------------
    def clean_links(self) -> tuple[str, ...]:
        links = tuple(part for part in self.cleaned_data["links"].split() if part)
        if len(links) > MAX_LINKS or any(not link.startswith(("https://", "http://")) for link in links):
            raise forms.ValidationError(_("Write each link in full (https://…), at most twenty."))
        return links

    def clean_tags(self) -> tuple[str, ...]:
        found = [part.strip()[:40] for part in self.cleaned_data["tags"].split(",") if part.strip()]
        return tuple(dict.fromkeys(found))[:MAX_TAGS]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        self.slot = self.chosen_slot()
        if any(self._own_problem(channel) for channel in self.writable):
            self.add_error("text", _("The text of a channel is too long to be stored."))
        return data

    def add_person(self) -> None:
        """Link the person whose token was typed; an unknown token is an error of its field."""
        subject = token_of(self.cleaned_data.get("token", ""))
        if subject is None:
            self.add_error("token", _("No person in the register has this token."))
        elif all(person.subject != str(subject.pk) for person in self.persons):
            self.persons.append(LinkedPerson(str(subject.pk), subject.token, str(subject.get_kind_display())))

    def content(self) -> Content:
        """What a save stores."""
        data = self.cleaned_data
        chosen = [UUID(pk) for pk in data["channels"]]
        answer = data["person_answer"]
        return Content(
            text=data["text"],
            channels=tuple(chosen),
            channel_texts={str(c.pk): self._own_text(c) for c in self.writable if c.pk in set(chosen)},
            first_comment=data["first_comment"],
            links=data["links"],
            kind=data["kind"],
            person_answer=answer or PersonAnswer.NOBODY,
            person_answer_explicit=bool(answer),
            persons=tuple({"subject": p.subject, "information": list(p.information)} for p in self.persons),
            authorizations=tuple(sorted({pk for person in self.persons for pk in person.relied_on})),
            title=data["title"],
            notes=data["notes"],
            tags=data["tags"],
            proposed=self.slot,
            emergency=data["emergency"],
        )


class FilterForm(forms.Form):
    q = forms.CharField(
        label=_("Words"), required=False, max_length=MAX_WORDS, widget=forms.TextInput(attrs={"data-search": True})
    )
    state = forms.ChoiceField(label=_("State"), required=False, choices=[("", _("Any state")), *PublicState.choices])
    channel = forms.ChoiceField(label=_("Channel"), required=False)
    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=[("", _("Any kind")), *PostKind.choices])
    mine = forms.ChoiceField(label=_("Begun by"), required=False, choices=[("", _("Anybody")), ("me", _("Me"))])
    since = DayField(label=_("Changed from"), required=False)
    until = DayField(label=_("Changed until"), required=False)

    def __init__(self, *args: Any, channels: Sequence[Channel], zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.place = ZoneInfo(zone)
        field = self.fields["channel"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("Any channel")), *((str(c.pk), f"{c.group.name} · {c.name}") for c in channels)]

    def filters(self) -> Filters:
        """Days are whole days in the organisation's zone."""
        data = self.cleaned_data
        return Filters(
            words=data["q"].strip(),
            state=data["state"],
            channel=UUID(data["channel"]) if data["channel"] else None,
            kind=data["kind"],
            mine=bool(data["mine"]),
            since=self._first_instant(data["since"]) if data["since"] else None,
            until=self._first_instant(data["until"] + timedelta(days=1)) if data["until"] else None,
        )

    def _first_instant(self, day: Any) -> datetime:
        return datetime.combine(day, time.min, tzinfo=self.place).astimezone(UTC)


AUTHOR_ANSWERS = (
    ("", _("Choose")),
    (AnswerKind.FALSE_ALARM, _("It is a false alarm")),
    (AnswerKind.NOT_IDENTIFIABLE, _("Nobody can be identified")),
    (AnswerKind.SUBSTANTIATED, _("A source proves it")),
    (AnswerKind.AUTHORISED, _("An authorization covers it")),
    (AnswerKind.ACCEPTED, _("It is acceptable as it is")),
)


class AnswerForm(forms.Form):
    """The author's word on one finding. Whether words, a source or a record are needed depends on the kind of answer."""

    use_required_attribute = False

    kind = forms.ChoiceField(
        label=_("Your answer"),
        choices=AUTHOR_ANSWERS,
    )
    words = WantedField(label=_("Why (a sentence)"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))
    source_url = forms.URLField(label=_("Source (https://…)"), required=False, max_length=500, assume_scheme="https")
    authorization = forms.ModelChoiceField(
        label=_("Authorization"), required=False, queryset=Authorization.objects.none()
    )

    def __init__(self, *args: Any, authorizations: Sequence[UUID | str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if authorizations:
            field = self.fields["authorization"]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = Authorization.objects.filter(pk__in=list(authorizations)).order_by("number")
        else:
            kind = self.fields["kind"]
            assert isinstance(kind, forms.ChoiceField)
            kind.choices = [choice for choice in AUTHOR_ANSWERS if choice[0] != AnswerKind.AUTHORISED]
            del self.fields["authorization"]


class WordsForm(forms.Form):
    """A reason, in a person's own words."""

    words = forms.CharField(
        label=_("Why"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("A sentence of at least ten characters. Do not name a patient."),
    )


class ProofForm(forms.Form):
    proof = forms.CharField(
        label=_("What you saw"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Where you looked, and when, in at least ten characters. Do not name a patient."),
    )


class ResolveForm(ProofForm):
    arrived = forms.ChoiceField(
        label=_("Is the post on the channel?"),
        choices=[("yes", _("Yes, it is there")), ("no", _("No, it never arrived"))],
        widget=forms.RadioSelect,
    )
    remote_url = forms.URLField(label=_("Its address"), required=False, max_length=500, assume_scheme="https")
    field_order = ("arrived", "proof", "remote_url")
