"""The audit record as one ZIP that anybody can check offline, without this program.

Two exports of the same events are equal byte for byte: no time of now, no random, files in a fixed order. The record of
the export itself is the event after the last one in it.
"""

import hashlib
import json
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings

from healthsocial import crypto
from healthsocial.audit import checkpoints
from healthsocial.audit.log import canonical
from healthsocial.audit.models import Event, Head
from healthsocial.audit.verify import GENESIS

FORMAT = 1
OFFLINE = Path(__file__).parent / "offline"
BATCH = 500
STAMP = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Extract:
    """What to hand out: the events `first` to `last`. `previous` is the digest before the first one."""

    first: int
    last: int
    previous: str
    digest: str

    @property
    def count(self) -> int:
        return self.last - self.first + 1

    @property
    def file_name(self) -> str:
        return f"audit-{self.first}-{self.last}.zip"


def choose(
    *, first: int | None = None, last: int | None = None, since: datetime | None = None, until: datetime | None = None
) -> Extract | None:
    """The events of a range of numbers or of days [since, until); None when there are none.

    The order is the number's, so days give the first number not before `since` and the last one before `until`. Begin and
    end are what was asked for, up to the head, and not what is found: a missing event must not go unnoticed.
    """
    events = Event.objects.order_by("seq")
    head = Head.objects.filter(id=1).first() or Head()
    begin, end = first or 1, min(last or head.seq, head.seq)
    if since is not None:
        begin = max(begin, events.filter(at__gte=since).values_list("seq", flat=True).first() or head.seq + 1)
    if until is not None:
        end = min(end, events.filter(at__lt=until).values_list("seq", flat=True).last() or 0)
    if end < begin:
        return None
    return Extract(begin, end, _digest_of(begin - 1), head.digest if end == head.seq else _digest_of(end))


def _digest_of(seq: int) -> str:
    """Of an event that is missing: nothing, so that verify.py finds the hole."""
    return GENESIS if seq == 0 else Event.objects.filter(seq=seq).values_list("digest", flat=True).first() or ""


def stream(extract: Extract) -> Iterator[bytes]:
    """The ZIP in pieces; memory stays flat however long the record is."""
    pipe, sums = _Pipe(), {}
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[call-overload,unused-ignore]
        for name, pieces in _members(extract):
            digest = hashlib.sha256()
            with archive.open(_info(name), "w") as member:
                for piece in pieces:
                    digest.update(piece)
                    member.write(piece)
                    yield pipe.taken()
            sums[name] = digest.hexdigest()
        archive.writestr(_info("manifest.json"), _manifest(extract, sums))
    yield pipe.taken()


def _members(extract: Extract) -> Iterator[tuple[str, Iterable[bytes]]]:
    yield "audit.jsonl", _events(extract)
    yield "checkpoints.jsonl", _checkpoints(extract)
    for name in ("README.txt", "verify.py"):
        yield name, [(OFFLINE / name).read_bytes()]


def _events(extract: Extract) -> Iterator[bytes]:
    """One line per event: the exact text that was hashed, and both digests as they are stored."""
    position = extract.first - 1
    while position < extract.last:
        rows = Event.objects.filter(seq__gt=position, seq__lte=extract.last).order_by("seq")
        batch = list(rows.values("seq", "previous", "digest", "body")[:BATCH])
        if not batch:
            return  # a hole at the end: verify.py says so
        yield "".join(canonical(row) + "\n" for row in batch).encode("utf-8")
        position = batch[-1]["seq"]


def _checkpoints(extract: Extract) -> Iterator[bytes]:
    """Those of this record that fall into the range; the one before the first event ties the range to what was before."""
    instance = checkpoints.instance_of_record()
    try:
        for _number, found in checkpoints.read(checkpoints.path()):
            if found and found.instance == instance and extract.first - 1 <= found.seq <= extract.last:
                yield (found.line() + "\n").encode("utf-8")
    except FileNotFoundError:
        return


def _manifest(extract: Extract, sums: dict[str, str]) -> bytes:
    """What is in the ZIP, signed with the installation's key."""
    facts: dict[str, object] = {
        "format": FORMAT,
        "version": settings.VERSION,
        "instance": checkpoints.instance_of_record(),
        "first": extract.first,
        "last": extract.last,
        "previous": extract.previous,
        "digest": extract.digest,
        "whole": extract.first == 1 and extract.previous == GENESIS,
        "files": sums,
        "key": crypto.public_key(),
    }
    facts["signature"] = crypto.sign(canonical(facts))
    return (json.dumps(facts, indent=2, sort_keys=True) + "\n").encode("ascii")


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, STAMP)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    info.create_system = 3  # the same bytes on every system
    return info


class _Pipe:
    """What ZipFile writes to when nothing can be written twice: it then puts sizes behind each file."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._written = 0

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        self._written += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def taken(self) -> bytes:
        """What was written since the last call."""
        found, self._pieces = b"".join(self._pieces), []
        return found
