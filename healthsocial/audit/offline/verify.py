#!/usr/bin/env python3
"""Checks an export of a HealthSocial audit record. Needs Python 3.8 or newer and nothing else: no network, no HealthSocial.

    python verify.py EXPORT.zip [--checkpoint FILE | --checkpoint SEQ:DIGEST]... [--key PUBLIC_KEY] [--part]

Exit code 0: everything that was checked is in order; 1: something is not; 2: it could not be checked.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import sys
import zipfile
from collections.abc import Iterator
from typing import Any, Tuple  # noqa: UP035

GENESIS = "0" * 64
FILES = ("audit.jsonl", "checkpoints.jsonl", "README.txt", "verify.py")
MOST_PROBLEMS = 20
MOST_SIGNATURES = 100  # arithmetic in plain Python is slow; the newest signature covers everything before it


class Unusable(Exception):
    """The export or an argument cannot be read."""


class Export:
    """A ZIP, or the folder it was unpacked to."""

    def __init__(self, path: str) -> None:
        self.folder = path if os.path.isdir(path) else ""
        self.archive = None if self.folder else zipfile.ZipFile(path)
        found = os.listdir(path) if self.folder else self.archive.namelist()  # type: ignore[union-attr]
        self.names = sorted(found)

    def lines(self, name: str) -> Iterator[bytes]:
        if name not in self.names:
            raise Unusable(name + " is missing")
        with self.archive.open(name) if self.archive else open(os.path.join(self.folder, name), "rb") as handle:
            yield from handle

    def sha256(self, name: str) -> str:
        digest = hashlib.sha256()
        for line in self.lines(name):
            digest.update(line)
        return digest.hexdigest()


class Report:
    """What was found."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.notes: list[str] = []

    def wrong(self, text: str) -> None:
        self.problems.append(text)


def canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def check_files(export: Export, report: Report) -> dict[str, Any]:
    """The manifest, and every file against it."""
    try:
        manifest: dict[str, Any] = json.loads(b"".join(export.lines("manifest.json")).decode("ascii"))
        sums = dict(manifest["files"])
        first, last, _digests = manifest["first"], manifest["last"], manifest["previous"] + manifest["digest"]
        _instance = manifest["instance"] + ""
        if manifest["format"] != 1 or type(first) is not int or type(last) is not int:
            raise Unusable("manifest.json is of a newer format; use the verify.py that came with the export")
    except (ValueError, KeyError, TypeError) as error:
        raise Unusable("manifest.json is damaged") from error
    wanted = sorted((*FILES, "manifest.json"))
    if export.names != wanted or sorted(sums) != sorted(FILES):
        report.wrong("The files are not the ones an export has: " + ", ".join(export.names) + ".")
    for name in FILES:
        if name in export.names and export.sha256(name) != sums.get(name):
            report.wrong(name + " is not as the manifest says.")
    return manifest


def check_chain(export: Export, manifest: dict[str, Any], report: Report) -> dict[int, str]:
    """Every event: its hash, its place, and that it follows from the one before. Returns number -> digest."""
    expected, previous = manifest["first"], manifest["previous"]
    if expected == 1 and previous != GENESIS:
        report.wrong("Event 1 does not begin the chain.")
    digests = {expected - 1: previous}
    for line in export.lines("audit.jsonl"):
        try:
            event = json.loads(line.decode("utf-8"))
            seq, body = event["seq"], event["body"]
            told = json.loads(body)["seq"]
            if type(seq) is not int:
                raise ValueError
            computed = hashlib.sha256((event["previous"] + "\n" + body).encode("utf-8")).hexdigest()
        except (ValueError, KeyError, TypeError):
            report.wrong(f"A line where event {expected} should be cannot be read.")
            expected += 1
            continue
        if seq != expected:
            report.wrong(f"Event {seq} stands where event {expected} should be.")
        if told != seq:
            report.wrong(f"Event {seq} was given another number: its content says {told}.")
        if event["previous"] != previous:
            report.wrong(f"Event {seq} does not follow from the one before it.")
        if event["digest"] != computed:
            report.wrong(f"Event {seq} was changed after it was written.")
        digests[seq], previous, expected = computed, event["digest"], expected + 1
    if expected != manifest["last"] + 1 or previous != manifest["digest"]:
        report.wrong("The last event is not the one of the manifest (number {}).".format(manifest["last"]))
    return digests


def check_checkpoint(digests: dict[int, str], found: dict[str, Any], where: str, report: Report, part: bool) -> int:
    """Whether the events say what a checkpoint says; 0 when its event is not in this export, else 1."""
    seq, low, high = found["seq"], min(digests), max(digests)
    if seq > high and not part:
        report.wrong(
            f"{where} is of event {seq}, and the export ends at event {high}: the end of the record is missing. "
            "If only a part was asked for, say so with --part."
        )
        return 0
    if not low <= seq <= high:
        report.notes.append(f"{where} is of event {seq}, which is not in this export ({low + 1} to {high}).")
        return 0
    if digests.get(seq) != found["digest"]:
        report.wrong(f"{where}: the events are not those that were there: event {seq} has another digest.")
    return 1


def read_lines(lines: Iterator[bytes], where: str, report: Report) -> list[dict[str, Any]]:
    found = []
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line.decode("utf-8"))
            if type(entry["seq"]) is not int or not re.match("[0-9a-f]{64}$", entry["digest"]):
                raise ValueError
            found.append(entry)
        except (ValueError, KeyError, TypeError):
            if line.strip():
                report.wrong(f"{where}, line {number}: not a checkpoint.")
    return found


def from_outside(argument: str, report: Report) -> list[dict[str, Any]]:
    """SEQ:DIGEST, or a file of checkpoints (or one mail's line)."""
    if re.match(r"\d{1,18}:[0-9a-f]{64}$", argument):
        seq, digest = argument.split(":")
        return [{"seq": int(seq), "digest": digest}]
    with open(argument, "rb") as handle:
        found = read_lines(iter(handle), argument, report)
    if not found:
        raise Unusable(argument + " holds no checkpoint")
    return found


def check_signatures(
    manifest: dict[str, Any], signed: list[dict[str, Any]], key: str | None, report: Report
) -> tuple[int, int]:
    """The manifest and the newest checkpoints; returns how many signatures were checked, and how many left out."""
    newest = sorted(signed, key=lambda entry: entry["seq"])[-MOST_SIGNATURES:]
    for entry, name in [(manifest, "manifest.json")] + [(e, "Checkpoint {}".format(e["seq"])) for e in newest]:
        unsigned = {field: value for field, value in entry.items() if field != "signature"}
        if not ed25519_verifies(str(entry.get("key")), str(entry.get("signature")), canonical(unsigned)):
            report.wrong(name + " does not carry the signature of the key that it names.")
        elif key is not None and entry["key"] != key:
            report.wrong(name + " was signed with another key than the one you gave.")
    return len(newest) + 1, len(signed) - len(newest)


# --- Ed25519 (RFC 8032), verification only: no secret is handled here, so nothing needs to take constant time -------------
P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
Point = Tuple[int, int, int, int]  # noqa: UP006  evaluated, and 3.8 knows no tuple[...]


def add(a: Point, b: Point) -> Point:
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = f - e, h - g, h + g, f + e
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number: int, point: Point) -> Point:
    result = (0, 1, 1, 0)
    while number:
        if number & 1:
            result = add(result, point)
        point, number = add(point, point), number >> 1
    return result


def same(a: Point, b: Point) -> bool:
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def point_of(data: bytes) -> Point | None:
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    xx = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(xx, (P + 3) // 8, P)
    if (x * x - xx) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - xx) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def ed25519_verifies(key: str, signature: str, message: bytes) -> bool:
    try:
        public, given = bytes.fromhex(key), bytes.fromhex(signature)
    except ValueError:
        return False
    if len(public) != 32 or len(given) != 64:
        return False
    a, r, s = point_of(public), point_of(given[:32]), int.from_bytes(given[32:], "little")
    base = point_of(bytes.fromhex("58" + "66" * 31))
    if a is None or r is None or base is None or s >= Q:
        return False
    h = int.from_bytes(hashlib.sha512(given[:32] + public + message).digest(), "little") % Q
    return same(times(s, base), add(r, times(h, a)))


# --- talking -----------------------------------------------------------------------------------------------------------
def say(text: str) -> None:
    sys.stdout.write(text + "\n")


def verify(path: str, outside: list[str], key: str | None, part: bool) -> Report:
    report = Report()
    export = Export(path)
    manifest = check_files(export, report)
    digests = check_chain(export, manifest, report)
    inside = read_lines(export.lines("checkpoints.jsonl"), "checkpoints.jsonl", report)
    for entry in inside:
        if not check_checkpoint(digests, entry, "A checkpoint of the export", report, part=True):
            report.wrong("A checkpoint of the export lies outside it (event {}).".format(entry["seq"]))
    kept = [entry for argument in outside for entry in from_outside(argument, report)]
    held = sum(check_checkpoint(digests, entry, "Your checkpoint", report, part) for entry in kept)
    if any(entry.get("instance", manifest["instance"]) != manifest["instance"] for entry in inside + kept):
        report.wrong("A checkpoint is of another record than this export.")
    signed = inside + [entry for entry in kept if "signature" in entry]
    checked, left = check_signatures(manifest, signed, key, report)
    say(
        "Events {} to {}, {} checkpoints in the export, {} signatures checked.".format(
            manifest["first"], manifest["last"], len(inside), checked
        )
    )
    if left:
        report.notes.append(f"{left} older signatures were not checked; the newest one covers what came before.")
    if manifest["first"] != 1:
        report.notes.append("It begins at event {}; what was before is not in it.".format(manifest["first"]))
    if not held:
        report.notes.append(
            "Not compared with a checkpoint kept outside (--checkpoint): whoever could write to the database could have rewritten all of it, or cut off its end, before it was exported."
        )
    if key is None:
        report.notes.append(
            "Not compared with a key kept outside (--key): it was signed with {}; ask whoever runs the installation whether that is theirs.".format(
                manifest.get("key")
            )
        )
    return report


def main() -> int:
    parser = argparse.ArgumentParser(description="Check an export of a HealthSocial audit record, offline.")
    parser.add_argument(
        "export",
        nargs="?",
        default=os.path.dirname(os.path.abspath(__file__)),
        help="the ZIP, or its unpacked folder (default: where this file lies)",
    )
    parser.add_argument(
        "--checkpoint",
        action="append",
        default=[],
        metavar="FILE|SEQ:DIGEST",
        help="one that you kept outside; may be repeated",
    )
    parser.add_argument(
        "--key", metavar="PUBLIC_KEY", help="the public key of the installation, 64 hexadecimal digits, kept outside"
    )
    parser.add_argument(
        "--part", action="store_true", help="only a part of the record was asked for: it may end before your checkpoint"
    )
    arguments = parser.parse_args()
    try:
        report = verify(arguments.export, arguments.checkpoint, arguments.key and arguments.key.lower(), arguments.part)
    except (Unusable, OSError, zipfile.BadZipFile, EOFError, RuntimeError) as error:
        say(f"It could not be checked: {error}.")
        return 2
    for note in report.notes:
        say("Note: " + note)
    for problem in report.problems[:MOST_PROBLEMS]:
        say("WRONG: " + problem)
    if len(report.problems) > MOST_PROBLEMS:
        say("... and %s more." % (len(report.problems) - MOST_PROBLEMS))
    say("The export is NOT in order." if report.problems else "Everything that was checked is in order.")
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main())
