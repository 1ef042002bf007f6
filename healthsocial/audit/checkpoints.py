"""Checkpoints: what the head of the record was at a time, signed, in a file outside the database.

The chain alone cannot show that its end was cut off, that all of it was rewritten, or that an older backup was brought
back. A checkpoint kept elsewhere can: the record must still hold its number with its digest. One line of JSON each; the
file is only ever appended to.
"""

import errno
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings

from healthsocial import crypto
from healthsocial.audit.log import canonical, database_now, stamp
from healthsocial.audit.models import Event, Head

TAIL_BYTES = 64 * 1024  # more than a hundred lines: enough to find the last one that can be read


@dataclass(frozen=True)
class Checkpoint:
    """`instance` names the record, `key` the public half of the key that signed. Numbers and digests only."""

    seq: int
    digest: str
    at: str
    version: str
    instance: str
    key: str
    signature: str = ""

    @property
    def name(self) -> str:
        """As verify_audit takes it: SEQ:DIGEST."""
        return f"{self.seq}:{self.digest}"

    @property
    def moment(self) -> datetime:
        return datetime.strptime(self.at, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)

    def line(self) -> str:
        return canonical(asdict(self))

    def signed_text(self) -> str:
        return canonical({name: value for name, value in asdict(self).items() if name != "signature"})

    def signature_holds(self) -> bool:
        """Signed by the key it names. Whether that key is ours is for the reader to compare."""
        try:
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.key))
            key.verify(bytes.fromhex(self.signature), self.signed_text().encode("utf-8"))
        except (InvalidSignature, ValueError):
            return False
        return True

    def is_ours(self) -> bool:
        return self.signature_holds() and self.key == crypto.public_key()


class Standing(StrEnum):
    """How the record stands to the last checkpoint."""

    NONE = "none"  # no checkpoint yet
    AGREES = "agrees"
    AHEAD = "ahead"  # the checkpoint names an event that the record does not have any more
    DIFFERS = "differs"  # the record has another event under that number
    OTHER = "other"  # the checkpoint is of another record
    FORGED = "forged"  # the checkpoint was not signed with the key of this installation
    UNREADABLE = "unreadable"  # the file is there and cannot be read

    @property
    def agrees(self) -> bool:
        return self in {Standing.NONE, Standing.AGREES}


def path() -> Path:
    return Path(settings.AUDIT_CHECKPOINT_FILE)


def parse(line: str) -> Checkpoint | None:
    """A line of the file; None when it is not a checkpoint (cut off by a power failure, or damaged)."""
    try:
        data = json.loads(line)
        found = Checkpoint(**data)
        found.moment  # noqa: B018  (raises when it is no time)
    except (ValueError, TypeError):
        return None
    numbers = isinstance(found.seq, int) and not isinstance(found.seq, bool) and found.seq > 0
    texts = all(isinstance(getattr(found, field.name), str) for field in fields(found) if field.name != "seq")
    return found if numbers and texts else None


def read(file: Path) -> Iterator[tuple[int, Checkpoint | None]]:
    """Every line with its number, from 1; None where it cannot be read."""
    with file.open(encoding="utf-8", errors="replace") as handle:
        for number, line in enumerate(handle, 1):
            if line.strip():
                yield number, parse(line)


def last(file: Path | None = None) -> Checkpoint | None:
    """The newest line of this record, else the newest of any; None when there is none yet.

    Raises OSError when the file cannot be read.
    """
    try:
        with (file or path()).open("rb") as handle:
            handle.seek(max(0, handle.seek(0, os.SEEK_END) - TAIL_BYTES))
            text = handle.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return None
    found = list(filter(None, map(parse, reversed(text.split("\n")))))
    if not found and text.strip():
        raise OSError(errno.EILSEQ, "no line of it is a checkpoint", str(file or path()))
    instance = instance_of_record()
    return next((line for line in found if line.instance == instance), found[0] if found else None)


def instance_of_record() -> str:
    head = Head.objects.filter(id=1).first()
    return str(head.instance) if head else ""


def of_now() -> Checkpoint | None:
    """A signed checkpoint of the present head; None while nothing has happened."""
    head = Head.objects.filter(id=1).first()
    if head is None or head.seq == 0:
        return None
    at, instance = stamp(database_now()), str(head.instance)
    unsigned = Checkpoint(head.seq, head.digest, at, settings.VERSION, instance, crypto.public_key())
    return Checkpoint(**{**asdict(unsigned), "signature": crypto.sign(unsigned.signed_text())})


@contextmanager
def held_file() -> Iterator[int]:
    """The file, opened for appending and locked, so that two processes do not write the same checkpoint."""
    file = path()
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def append(descriptor: int, checkpoint: Checkpoint) -> None:
    """One line, on the disk before this returns. A line that was cut off before stays a line of its own."""
    size = os.fstat(descriptor).st_size
    torn = size and os.pread(descriptor, 1, size - 1) != b"\n"
    line = (("\n" if torn else "") + checkpoint.line() + "\n").encode("utf-8")
    if os.write(descriptor, line) != len(line):
        raise OSError(errno.ENOSPC, "there was no room for the whole line", str(path()))
    os.fsync(descriptor)
    if not size:
        folder = os.open(path().parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def holds(seq: int, digest: str) -> bool:
    """Whether the record has this event with this digest."""
    return Event.objects.filter(seq=seq, digest=digest).exists()


def compare(checkpoint: Checkpoint | None) -> Standing:
    """Read the checkpoint before calling this: the record only grows, so a true one is always held."""
    if checkpoint is None:
        return Standing.NONE
    head = Head.objects.filter(id=1).first()
    if head is not None and holds(checkpoint.seq, checkpoint.digest):
        return Standing.AGREES if checkpoint.is_ours() else Standing.FORGED
    if not checkpoint.is_ours():
        return Standing.FORGED
    if head is None or str(head.instance) != checkpoint.instance:
        return Standing.OTHER
    return Standing.AHEAD if checkpoint.seq > head.seq else Standing.DIFFERS


def standing() -> tuple[Standing, Checkpoint | None]:
    """How the record stands to the newest checkpoint of the file."""
    try:
        newest = last()
    except OSError:
        return Standing.UNREADABLE, None
    return compare(newest), newest
