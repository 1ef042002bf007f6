"""What every network looks like to us: send once, find what was sent, remove."""

import re
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

CODE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_:.-]{0,79}")
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9:/._~=-]{0,119}")


def code_of(said: object) -> str:
    """A code, or the word that there is none: what a network says about a post often repeats the post."""
    return said if isinstance(said, str) and CODE.fullmatch(said) else "unreadable_answer"


def id_for_record(remote_id: str) -> str:
    """The network's id as the audit trail may hold it; an id made of words stays in the delivery's row only."""
    return remote_id if ID.fullmatch(remote_id) else ""


@dataclass(frozen=True)
class Order:
    """What goes to one channel. `key` is the same for every try of one delivery."""

    channel: UUID
    key: str
    text: str
    first_comment: str = ""
    links: tuple[str, ...] = ()


@dataclass(frozen=True)
class Receipt:
    """The network's word that it has the post."""

    remote_id: str
    url: str = ""


class Permanent(Exception):
    """The network refused, provably: nothing was accepted, and trying again will not help. `code` holds no text."""

    def __init__(self, code: str) -> None:
        self.code = code_of(code)
        super().__init__(self.code)


class Retryable(Exception):
    """Provably not accepted, and worth another try (DNS, connection refused, TLS, 401, 429)."""

    def __init__(self, code: str, after_seconds: int | None = None) -> None:
        self.code = code_of(code)
        super().__init__(self.code)
        self.after_seconds = after_seconds


class Unknown(Exception):
    """Nobody can say whether it was accepted. Never tried again by machine."""

    def __init__(self, code: str) -> None:
        self.code = code_of(code)
        super().__init__(self.code)


class NetworkAdapter(Protocol):
    def send(self, order: Order) -> Receipt:
        """Publish. Raises Permanent, Retryable or Unknown; anything else counts as Unknown."""

    def find(self, channel: UUID, key: str) -> Receipt | None:
        """Read back what was published under this key. None proves absence; raises Unknown when it cannot tell."""

    def remove(self, channel: UUID, key: str) -> str:
        """Take down what was published under this key; returns the proof in words. Removing what is gone already succeeds."""
