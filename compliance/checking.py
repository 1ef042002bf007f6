"""Run the engine over all fields of one version. Reads no database; what it returns is ready to be stored."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from compliance.context import Context, DirectoryEntry
from compliance.dependents import TextUnit
from compliance.engine import check_text, engine_digest
from compliance.packs import PackSet, load_packs
from compliance.report import Finding as EngineFinding
from healthsocial import crypto
from healthsocial.audit.log import canonical

# Rows of findings that say what could not be read. They need a named person's word like any warning (law 3).
NOT_CHECKED_RULE = "engine/not-checked"


@dataclass(frozen=True)
class Found:
    """A finding of one field, with the key its answers hang on."""

    field: str
    finding: EngineFinding
    sentence_key: str


@dataclass(frozen=True)
class Examination:
    """The result over all fields, and the digests that let the run be replayed."""

    found: tuple[Found, ...]
    not_checked: tuple[str, ...]
    text_digest: str
    context_digest: str
    packs_digest: str
    engine_digest: str


@dataclass(frozen=True)
class Active:
    """Digests of what a check would use now; a run made with others is outdated."""

    packs: str
    engine: str
    directory: str


def packs() -> PackSet:
    """The active rule packs: the folder of the settings, read once per process."""
    return _load(Path(settings.RULEPACK_DIR))


@lru_cache(maxsize=8)
def _load(folder: Path) -> PackSet:
    return load_packs(folder)


def directory() -> tuple[DirectoryEntry, ...]:
    """The organisation's own phones, staff and domains. Its page comes with the patient-information issue: empty."""
    return ()


def directory_digest() -> str:
    entries = sorted([entry.kind, entry.value] for entry in directory())
    return hashlib.sha256(canonical(entries).encode("utf-8")).hexdigest()


def active() -> Active:
    return Active(packs().digest, engine_digest(), directory_digest())


def text_digest(fields: dict[str, str]) -> str:
    return hashlib.sha256(canonical(fields).encode("utf-8", "surrogatepass")).hexdigest()


def examine(unit: TextUnit, *, as_of: date) -> Examination:
    """Check every field. Raises what the engine raises: the caller must treat that as not checked."""
    context = Context(as_of=as_of, kind=unit.kind, directory=directory())  # type: ignore[arg-type]
    active_packs = packs()
    found: list[Found] = []
    not_checked: list[str] = []
    for name, text in sorted(unit.fields.items()):
        if not text.strip():
            continue
        report = check_text(text, packs=active_packs, context=context)
        found += [Found(name, item, crypto.mac(str(unit.thread), name, item.sentence)) for item in report.findings]
        for code in report.not_checked:
            not_checked.append(f"{name}:{code}")
            found.append(_unread(unit, name, text, code))
    return Examination(
        tuple(found),
        tuple(not_checked),
        text_digest(unit.fields),
        context.digest(),
        active_packs.digest,
        engine_digest(),
    )


def check_now(fields: dict[str, str], *, kind: str, as_of: date) -> list[tuple[str, EngineFinding]]:
    """A live check while writing. Nothing of it is stored."""
    context = Context(as_of=as_of, kind=kind, directory=directory())  # type: ignore[arg-type]
    active_packs = packs()
    results: list[tuple[str, EngineFinding]] = []
    for name, text in sorted(fields.items()):
        if text.strip():
            report = check_text(text, packs=active_packs, context=context)
            results += [(name, item) for item in report.findings]
            results += [(name, _unread_finding(text, code)) for code in report.not_checked]
    return results


def _unread(unit: TextUnit, name: str, text: str, code: str) -> Found:
    return Found(name, _unread_finding(text, code), crypto.mac(str(unit.thread), name, code, text))


def _unread_finding(text: str, code: str) -> EngineFinding:
    return EngineFinding(
        rule_id=NOT_CHECKED_RULE,
        rule_digest=hashlib.sha256(code.encode()).hexdigest(),
        flag="not_checked",
        severity="warn",
        hard=False,
        label="",
        start=0,
        end=len(text),
        sentence_start=0,
        sentence_end=len(text),
        sentence="",
        occurrence=0,
        message="This part could not be checked.",
        why="The checks read English only. Not checked is not clean: a person who can read it must give their word.",
        citation="45 CFR 164.502(a)",
        rewrite="",
        clears_with=("accepted",),
        context_note=code,
    )


def risk_of(findings: Sequence[Found]) -> int:
    """A number for the queue's order: hard 1000, block 100, warn 10, note 1 each."""
    weight = {"block": 100, "warn": 10, "note": 1}
    return sum(1000 if item.finding.hard else weight[item.finding.severity] for item in findings)
