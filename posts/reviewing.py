"""What an officer needs to decide in a minute: the words with their marks, what changed, what was found, who is covered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from compliance import checking, coverage
from compliance import queries as checks
from compliance.enums import Information
from compliance.models import Answer, Authorization, CheckRun, Finding, Subject
from compliance.packs import default_packs
from compliance.queries import Answered
from healthsocial.org.models import Channel, User
from posts import canonical
from posts.diffing import Change, word_diff
from posts.enums import PersonAnswer
from posts.marking import Mark, Segment, segments
from posts.models import Post, PostVersion

FIELD_LABELS = {
    "links": gettext_lazy("Links"),
    "media": gettext_lazy("Pictures"),
    "channels": gettext_lazy("Channels"),
    "kind": gettext_lazy("Kind of post"),
    "person_answer": gettext_lazy("The answer about persons"),
    "persons": gettext_lazy("The persons linked"),
    "authorizations": gettext_lazy("The authorizations relied on"),
}


@dataclass(frozen=True)
class Block:
    """One text as it will be published, and where."""

    title: str
    channels: list[str]
    segments: list[Segment]
    length: int


@dataclass(frozen=True)
class Card:
    """A finding with both sides' newest answers."""

    finding: Finding
    look: dict[str, Any]  # what components/finding_card.html reads
    where: str
    author: Answer | None
    officer: Answer | None

    @property
    def open(self) -> bool:
        """Waits for the officer's word."""
        return self.finding.needs_answer and not self.finding.hard and self.officer is None


@dataclass(frozen=True)
class Comparison:
    """What changed between an earlier version and the one on screen."""

    label: str
    number: int
    texts: list[tuple[str, list[Change]]]
    others: list[str]


@dataclass(frozen=True)
class Person:
    """Someone the post shows, as a token, and whether what they signed covers it."""

    token: str
    kind: str
    information: list[str]
    records: list[Authorization]
    covered: bool


@dataclass(frozen=True)
class CheckInfo:
    """When and with what the version was checked."""

    run: CheckRun | None
    current: bool
    just_now: bool
    packs: list[str]
    not_checked: list[str]


def names_of(form: Mapping[str, Any], channels: Sequence[Channel]) -> dict[str, str]:
    """Field name -> what a person calls it."""
    by_id = {str(channel.pk): channel.name for channel in channels}
    names = {"base": _("Text"), "comment": _("First comment")}
    for key in form["channel_texts"]:
        names[f"channel:{key}"] = _("Text for %(channel)s") % {"channel": by_id.get(key, _("another channel"))}
    for number, digest in enumerate(form["media"], start=1):
        names[f"alt:{digest}"] = _("Description of picture %(number)d") % {"number": number}
    for number in range(1, len(form["links"]) + 1):
        names[f"link:{number}"] = _("Link %(number)d") % {"number": number}
    return names


def blocks(form: Mapping[str, Any], channels: Sequence[Channel], cards: Sequence[Card]) -> list[Block]:
    """Every text of the version, with where it goes. Links are listed elsewhere; here only those with a finding."""
    names = names_of(form, channels)
    taking: dict[str, list[str]] = {}
    for channel in channels:
        own = f"channel:{channel.pk}"
        taking.setdefault(own if own in names else "base", []).append(channel.name)
    everywhere = [channel.name for channel in channels]
    found = []
    for name, text in sorted(canonical.checked_fields(dict(form)).items(), key=lambda item: _order(item[0])):
        marks = [
            Mark(c.finding.start, c.finding.end, str(c.finding.pk), c.look["severity"])
            for c in cards
            if c.finding.field == name
        ]
        if name.startswith("link:") and not marks:
            continue
        places = taking.get(name, []) if name == "base" or name.startswith("channel:") else everywhere
        found.append(Block(names.get(name, name), places, segments(text, marks), len(text)))
    return found


def published(form: Mapping[str, Any]) -> list[str]:
    """Every word that leaves, as it leaves: links as they are written, not as a browser shows them."""
    texts = canonical.checked_fields(dict(form)).items()
    return [*(text for name, text in texts if not name.startswith("link:")), *form["links"]]


def _order(name: str) -> tuple[int, str]:
    kinds = ("base", "channel", "comment", "alt", "link")
    kind, _sep, rest = name.partition(":")
    return kinds.index(kind), rest.zfill(4)  # link:10 comes after link:9


def cards(run: CheckRun | None, names: Mapping[str, str]) -> list[Card]:
    """Findings of the check: open ones first, then answered ones, then notes; the strongest first in each."""
    if run is None:
        return []
    found = [_card(item, names) for item in checks.with_answers(run)]
    rank = {"hard": 0, "block": 1, "warn": 2, "note": 3}
    return sorted(
        found,
        key=lambda card: (not card.open and not card.finding.hard, rank[card.look["severity"]], card.finding.position),
    )


def _card(item: Answered, names: Mapping[str, str]) -> Card:
    row = item.finding
    look = {
        "id": str(row.pk),
        "severity": "hard" if row.hard else row.severity,
        "message": row.message,
        "why": row.why,
        "rewrite": row.rewrite,
        "citation": row.citation,
    }
    return Card(row, look, names.get(row.field, row.field), item.author, item.officer)


def linked(reasons: list[dict[str, Any]], cards: Sequence[Card]) -> list[dict[str, Any]]:
    """Reasons that speak of a finding lead to its card."""
    waiting = [card for card in cards if card.open]
    found = []
    for reason in reasons:
        card = next((card for card in waiting if reason["message"].endswith(card.finding.message)), None)
        if card is not None:
            waiting.remove(card)
        found.append({**reason, "url": f"#finding-{card.finding.pk}"} if card is not None else reason)
    return found


# --- what changed ------------------------------------------------------------------------------------------------
def comparisons(post: Post, viewer: User, channels: Sequence[Channel], opened: UUID | None = None) -> list[Comparison]:
    """The current version against earlier ones that matter: yours, approved, sent back, the one your form was made from."""
    current = post.current_version
    if current is None:
        return []
    labels: dict[UUID, list[str]] = {}
    for version_id, label in _earlier(post, viewer, opened):
        if version_id != current.pk and label not in labels.get(version_id, []):
            labels.setdefault(version_id, []).append(label)
    versions = list(PostVersion.objects.filter(post=post).exclude(pk=current.pk).order_by("-number"))
    known = {version.pk: version for version in versions if version.redacted_at is None}
    if not any(pk in known for pk in labels) and versions and versions[0].pk in known:
        labels[versions[0].pk] = [_("Since the version before")]
    return [_comparison(known[pk], current, " · ".join(words), channels) for pk, words in labels.items() if pk in known]


def _earlier(post: Post, viewer: User, opened: UUID | None) -> list[tuple[UUID, str]]:
    approvals = list(post.approvals.order_by("-at").values_list("version_id", "by_id", "at"))
    decisions = list(post.decisions.order_by("-at").values_list("version_id", "by_id", "at"))
    mine = sorted((row for row in [*approvals, *decisions] if row[1] == viewer.pk), key=lambda row: row[2])
    found = [(opened, _("Since the version you had open"))] if opened else []
    found += [(mine[-1][0], _("Since your last decision"))] if mine else []
    found += [(approvals[0][0], _("Since the last approval"))] if approvals else []
    found += [(decisions[0][0], _("Since it was sent back"))] if decisions else []
    return found


def _comparison(old: PostVersion, new: PostVersion, label: str, channels: Sequence[Channel]) -> Comparison:
    return Comparison(label, old.number, *changes(old, new, channels))


def changes(
    old: PostVersion, new: PostVersion, channels: Sequence[Channel]
) -> tuple[list[tuple[str, list[Change]]], list[str]]:
    """Changed texts by name, and the names of everything else that changed."""
    before, after = canonical.read(old), canonical.read(new)
    names = names_of(before, channels) | names_of(after, channels)
    one, other = canonical.checked_fields(before), canonical.checked_fields(after)
    differing = [name for name in sorted({*one, *other}, key=_order) if one.get(name) != other.get(name)]
    texts = [(names.get(name, name), word_diff(one.get(name, ""), other.get(name, ""))) for name in differing]
    unseen = canonical.differing_fields(old.canonical, new.canonical)
    if any(name.startswith("link:") for name in differing):
        unseen.remove("links")
    return texts, [str(FIELD_LABELS[name]) for name in unseen if name in FIELD_LABELS]


# --- persons and the check ---------------------------------------------------------------------------------------
def relied_on(form: Mapping[str, Any]) -> list[Authorization]:
    return list(
        Authorization.objects.filter(pk__in=form["authorizations"]).select_related("subject").order_by("number")
    )


def person_answer(form: Mapping[str, Any], *, explicit: bool) -> str:
    """The answer about persons; one that nobody gave says so."""
    if form["person_answer"] == PersonAnswer.NOBODY and not explicit:
        return _("No answer: recorded as Nobody")
    return str(PersonAnswer(form["person_answer"]).label)


def persons(form: Mapping[str, Any], records: Sequence[Authorization], at: datetime) -> list[Person]:
    """Everyone linked, as tokens, with the records that stand behind them and what is missing at `at`."""
    linked = form["persons"]
    if not linked:
        return []
    subjects = {str(s.pk): s for s in Subject.objects.filter(pk__in=[p["subject"] for p in linked])}
    missing = coverage.gaps(
        linked,
        form["authorizations"],
        [UUID(pk) for pk in form["channels"]],
        at=at,
        needs_hipaa=form["person_answer"] == PersonAnswer.PATIENTS,
    )
    uncovered = {gap.token for gap in missing}
    return [
        Person(
            token=subjects[p["subject"]].token if p["subject"] in subjects else "?",
            kind=subjects[p["subject"]].get_kind_display() if p["subject"] in subjects else "",
            information=[str(Information(item).label) for item in p["information"] if item in Information.values],
            records=[record for record in records if str(record.subject_id) == p["subject"]],
            covered=p["subject"] in subjects and subjects[p["subject"]].token not in uncovered,
        )
        for p in linked
    ]


def check_info(run: CheckRun | None, names: Mapping[str, str], now: datetime) -> CheckInfo:
    packs = [f"{pack.title} {pack.version}" for pack in default_packs().packs]
    if run is None:
        return CheckInfo(None, False, False, packs, [])
    unread = [_unread(code, names) for code in run.not_checked]
    young = run.finished_at is not None and now - run.finished_at < timedelta(minutes=1)
    return CheckInfo(run, checks.is_current(run, checking.active()), young, packs, unread)


def _unread(code: str, names: Mapping[str, str]) -> str:
    """`base:language:es` in words. Field names may hold colons themselves, so the known ones are tried first."""
    for name, words in names.items():
        if code.startswith(f"{name}:"):
            kind, _sep, detail = code[len(name) + 1 :].partition(":")
            if kind == "language":
                return _("%(field)s: a part seems to be in another language (%(language)s)") % {
                    "field": words,
                    "language": detail,
                }
            return _("%(field)s: could not be read") % {"field": words}
    return code
