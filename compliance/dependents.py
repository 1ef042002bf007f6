"""The one door from compliance to whatever its acts reach. `posts` implements and registers it.

Compliance actions call it inside their own transaction and refuse when nothing is registered.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from healthsocial.audit.log import Actor


class NothingRegistered(Exception):
    """An act of compliance would reach nobody; refusing is safer than acting half."""


@dataclass(frozen=True)
class Scope:
    """Which texts are meant: given versions, else everything that stands (in review, approved, scheduled, missed)."""

    versions: tuple[UUID, ...] = ()


@dataclass(frozen=True)
class TextUnit:
    """The fields of one version as they will be published: field name -> text."""

    thread: UUID
    version: UUID
    seal: str
    kind: str
    fields: dict[str, str] = field(default_factory=dict)


class Dependents(Protocol):
    def texts(self, scope: Scope) -> Sequence[TextUnit]:
        """Texts of versions."""

    def authorizations_ended(self, ids: Sequence[UUID], by: Actor) -> None:
        """Hold what relies on these authorizations, cancel its deliveries, ask for takedowns (law 7)."""

    def claims_ended(self, ids: Sequence[UUID], by: Actor) -> None:
        """Hold what relies on these approved claims."""

    def packs_changed(self, by: Actor) -> None:
        """Recheck everything that stands."""


_registered: list[Dependents] = []


def register(dependents: Dependents) -> None:
    _registered[:] = [dependents]


def get() -> Dependents:
    if not _registered:
        raise NothingRegistered("no app has registered itself as dependent on compliance")
    return _registered[0]
