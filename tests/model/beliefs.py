"""What the model holds to be true, told by the moves it made: who edited which words, who holds which role, what is stopped.

Kept apart from the product's own bookkeeping, so that the two can disagree.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from posts.actions.edit import Content

Words = tuple[Any, ...]


def words_of(content: Content) -> Words:
    """What a reader could see, and who is shown on what grounds."""
    return (
        content.text,
        tuple(sorted(str(pk) for pk in content.channels)),
        tuple(sorted(content.channel_texts.items())),
        content.first_comment,
        tuple(content.links),
        content.kind,
        content.person_answer,
        tuple(sorted((str(p["subject"]), tuple(sorted(p["information"]))) for p in content.persons)),  # type: ignore[call-overload]
        tuple(sorted(content.authorizations)),
    )


def words_of_form(form: dict[str, Any]) -> Words:
    """The same, of a version's stored bytes."""
    return (
        form["text"],
        tuple(sorted(form["channels"])),
        tuple(sorted(form["channel_texts"].items())),
        form["first_comment"],
        tuple(form["links"]),
        form["kind"],
        form["person_answer"],
        tuple(sorted((p["subject"], tuple(sorted(p["information"]))) for p in form["persons"])),
        tuple(sorted(form["authorizations"])),
    )


@dataclass
class Belief:
    """One post: the words on the author's desk, and whose they are."""

    pk: UUID
    creator: UUID
    content: Content
    since_approval: set[UUID]
    makers: dict[Words, set[UUID]] = field(default_factory=dict)  # words -> their editors when first submitted
    signed: Content | None = None
    tampered: bool = False  # somebody wrote into the database behind our back

    @property
    def words(self) -> Words:
        return words_of(self.content)

    def edited(self, user: UUID, content: Content) -> None:
        if words_of(content) != self.words:
            self.since_approval.add(user)
        self.content = content
        self.tampered = False

    def submitted(self) -> None:
        self.makers.setdefault(self.words, set(self.since_approval))

    def barred(self) -> set[UUID]:
        """Nobody of these may approve the words on the desk."""
        return {self.creator} | self.since_approval | self.makers.get(self.words, set())


@dataclass
class Record:
    """An authorization."""

    subject: UUID
    valid_from: datetime
    valid_until: datetime | None
    revoked: bool = False

    def stands(self, at: datetime) -> bool:
        return not self.revoked and self.valid_from <= at and (self.valid_until is None or at < self.valid_until)


@dataclass
class Stop:
    channels: frozenset[UUID]
    emergency_goes_on: bool


@dataclass
class Facts:
    """Everything outside the posts. A grant is (role, channels)."""

    groups: dict[UUID, frozenset[UUID]]
    grants: dict[UUID, dict[UUID, tuple[str, frozenset[UUID]]]] = field(default_factory=dict)
    stops: dict[UUID, Stop] = field(default_factory=dict)
    off: set[UUID] = field(default_factory=set)
    records: dict[UUID, Record] = field(default_factory=dict)
    posts: dict[UUID, Belief] = field(default_factory=dict)

    def holds(self, user: UUID, roles: frozenset[str], channels: frozenset[UUID]) -> bool:
        """One of the roles, on every one of the channels (by one grant or several)."""
        covered: dict[str, set[UUID]] = {}
        for role, where in self.grants.get(user, {}).values():
            covered.setdefault(role, set()).update(where)
        return any(channels <= covered.get(role, set()) for role in roles)

    def stopped(self, channel: UUID, *, emergency: bool) -> bool:
        return any(
            channel in stop.channels and not (emergency and stop.emergency_goes_on) for stop in self.stops.values()
        )
