"""Rule packs: data in, frozen rules out. Whatever is wrong with a pack is loud and names its rule."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from compliance.detectors import terms
from compliance.detectors.terms import TermError, Vocab
from compliance.report import Severity

HERE = Path(__file__).resolve().parent
CLAIM_FLAGS = (
    "disease_claim",
    "unapproved_use",
    "efficacy_overstatement",
    "safety_overstatement",
    "risk_omission",
    "superiority",
    "fda_status_misuse",
    "supplement_disclaimer",
    "endorsement_disclosure",
    "investigational",
    "misinformation",
    "before_after",
    "guarantee",
    "urgency_inducement",
)
PATIENT_FLAGS = ("identifier", "patient_story", "reply_confirms_patient")
FLAGS = frozenset(CLAIM_FLAGS + PATIENT_FLAGS)
LABELS = frozenset(
    [
        "NAME",
        "GEO",
        "DATE",
        "AGE_OVER_89",
        "PHONE",
        "FAX",
        "EMAIL",
        "SSN",
        "MRN",
        "HEALTH_PLAN",
        "ACCOUNT",
        "LICENSE",
        "VEHICLE",
        "DEVICE",
        "URL",
        "IP",
        "BIOMETRIC",
        "PHOTO",
        "OTHER_ID",
    ]
)
SHAPES = frozenset({"shape:digits", "shape:at", "shape:url", "shape:name", "shape:initials"})
DETECTORS = frozenset({"name", "story"})
NAME_LISTS = frozenset({"given_names", "family_names", "ambiguous_names", "not_names"})
VALIDATORS = frozenset(
    {
        "luhn",
        "iban",
        "ssn",
        "ip",
        "age_over_89",
        "phone",
        "vin",
        "own_phone",
        "own_email",
        "own_url",
        "own_address",
        "date",
    }
)
PACK_KEYS = frozenset({"pack", "jurisdiction", "version", "title", "maintainers", "rules"})
RULE_KEYS = frozenset(
    [
        "id",
        "flag",
        "severity",
        "hard",
        "label",
        "message",
        "why",
        "source",
        "status",
        "checked_on",
        "rewrite",
        "clears_with",
        "anchors",
        "match",
        "flags",
        "passes",
    ]
)
RULE_NEEDED = RULE_KEYS - {"hard", "label", "checked_on"}
KINDS = ("regex", "phrases", "tokens", "all_of", "detector")
MATCH_KEYS = frozenset(
    {
        *KINDS,
        "case",
        "validate",
        "cues",
        "within",
        "scope",
        "ordered",
        "unless",
        "unless_text",
        "needs_text",
        "context",
        "alone",
        "post_kinds",
        "roles",
    }
)


class PackError(Exception):
    """A pack that must not be used: names the file, the rule and what is wrong."""

    def __init__(self, where: str, rule: str, problem: str) -> None:
        super().__init__(f"{where}: {rule}: {problem}" if rule else f"{where}: {problem}")
        self.where, self.rule, self.problem = where, rule, problem


@dataclass(frozen=True, slots=True)
class Match:
    """The compiled logic of a rule. ``slots`` is one pattern for regex/phrases and several for all_of."""

    kind: str
    slots: tuple[re.Pattern[str], ...] = ()
    tokens: tuple[Any, ...] = ()
    detector: str = ""
    roles: frozenset[str] = frozenset()
    validate: tuple[str, ...] = ()
    cues: re.Pattern[str] | None = None
    within: int = 5
    scope: str = "clause"
    ordered: bool = False
    unless: re.Pattern[str] | None = None
    unless_text: re.Pattern[str] | None = None
    needs_text: re.Pattern[str] | None = None
    lowers: bool = True
    negated_inside: bool = False
    alone: str = ""
    post_kinds: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. ``digest`` covers what decides a finding and its words, vocabularies included, not its examples."""

    id: str
    flag: str
    severity: Severity
    hard: bool
    label: str
    message: str
    why: str
    source: str
    status: str
    rewrite: str
    clears_with: tuple[str, ...]
    anchors: tuple[str, ...]
    flags: tuple[str, ...]
    passes: tuple[str, ...]
    digest: str
    match: Match = field(compare=False, repr=False)

    @property
    def pack(self) -> str:
        return self.id.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Pack:
    name: str
    jurisdiction: str
    version: str
    title: str
    rules: tuple[Rule, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class PackSet:
    """All active packs; order of packs and rules is fixed, so results are too."""

    packs: tuple[Pack, ...]
    vocab: Mapping[str, tuple[str, ...]] = field(repr=False, compare=False)
    digest: str

    @property
    def rules(self) -> tuple[Rule, ...]:
        return tuple(rule for pack in self.packs for rule in pack.rules)

    def rule(self, rule_id: str) -> Rule:
        """Raises KeyError for a rule that is not in these packs."""
        for rule in self.rules:
            if rule.id == rule_id:
                return rule
        raise KeyError(rule_id)


def digest_of(data: object) -> str:
    canonical = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()


@lru_cache(maxsize=1)
def default_packs() -> PackSet:
    """The packs shipped with the application, loaded once per process."""
    return load_packs(HERE / "rulepacks")


def load_packs(folder: Path, knowledge: Path | None = None) -> PackSet:
    """Read every ``*.yaml`` of a folder; files that name the same pack are joined in file order.

    Raises PackError. ``knowledge`` defaults to the vocabularies shipped with the application.
    """
    try:
        vocab = terms.load_vocab(knowledge or HERE / "knowledge")
    except TermError as error:
        raise PackError("knowledge", "", str(error)) from error
    heads: dict[str, dict[str, Any]] = {}
    rules: dict[str, list[Rule]] = {}
    for path in sorted(Path(folder).glob("*.yaml")):
        data = _read(path)
        name = data["pack"]
        head = {key: str(data[key]) for key in ("jurisdiction", "version", "title")}
        if heads.setdefault(name, head) != head:
            raise PackError(path.name, "", "another file gives this pack a different version or title")
        for raw in data["rules"]:
            rule = _rule(path.name, name, raw, vocab)
            if any(rule.id == other.id for other in rules.setdefault(name, [])):
                raise PackError(path.name, rule.id, "the id exists twice")
            rules[name].append(rule)
    if not rules:
        raise PackError(str(Path(folder).name), "", "no rule packs")
    packs = tuple(
        Pack(
            name,
            **heads[name],
            rules=tuple(found),
            digest=digest_of([name, heads[name], [[r.digest, r.flags, r.passes] for r in found]]),
        )
        for name, found in sorted(rules.items())
    )
    return PackSet(packs, vocab, digest_of([[pack.digest for pack in packs], dict(vocab)]))


def _read(path: Path) -> dict[str, Any]:
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise PackError(path.name, "", "is not valid YAML") from error
    if not isinstance(data, dict):
        raise PackError(path.name, "", "is empty")
    _keys(path.name, "", set(data), PACK_KEYS, PACK_KEYS - {"maintainers"})
    if not isinstance(data["rules"], list) or not data["rules"]:
        raise PackError(path.name, "", "the pack has no rules")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", str(data["pack"])):
        raise PackError(path.name, "", "the pack name must be lower-case letters, digits and _")
    return data


def _keys(where: str, rule: str, found: set[str], known: frozenset[str], needed: frozenset[str]) -> None:
    if found - known:
        raise PackError(where, rule, "unknown key " + ", ".join(sorted(map(str, found - known))))
    if needed - found:
        raise PackError(where, rule, "missing " + ", ".join(sorted(needed - found)))


def _rule(where: str, pack: str, raw: Any, vocab: Vocab) -> Rule:
    if not isinstance(raw, dict):
        raise PackError(where, "", "a rule must be a mapping")
    name = str(raw.get("id", "?"))
    _keys(where, name, set(raw), RULE_KEYS, RULE_NEEDED)
    for key in ("message", "why", "source", "rewrite"):
        if not isinstance(raw[key], str) or not raw[key].strip():
            raise PackError(where, name, f"{key} is empty")
    for key in ("anchors", "flags", "passes", "clears_with"):
        if not isinstance(raw[key], list) or not raw[key] or not all(isinstance(item, str) for item in raw[key]):
            raise PackError(where, name, f"{key} must be a list of words that is not empty")
    _choice(where, name, "flag", raw["flag"], FLAGS)
    _choice(where, name, "severity", raw["severity"], frozenset({"note", "warn", "block"}))
    _choice(where, name, "status", raw["status"], frozenset({"recalled", "checked"}))
    _choice(where, name, "label", raw.get("label", ""), LABELS | {""})
    if raw["status"] == "checked" and "checked_on" not in raw:
        raise PackError(where, name, "checked needs checked_on, the day the source text was read")
    if raw.get("hard") and raw["severity"] != "block":
        raise PackError(where, name, "only a block can be hard")
    if not re.fullmatch(r"[a-z0-9][a-z0-9.\-]*", name):
        raise PackError(where, name, "the id must be lower-case letters, digits, dots and hyphens")
    try:
        match, used = _match(where, name, raw["match"], vocab)
        anchors = _anchors(where, name, raw["anchors"], vocab)
    except TermError as error:
        raise PackError(where, name, str(error)) from error
    shown = {key: raw[key] for key in sorted(raw) if key not in ("flags", "passes", "status", "checked_on")}
    return Rule(
        id=f"{pack}/{name}",
        flag=raw["flag"],
        severity=raw["severity"],
        hard=bool(raw.get("hard", False)),
        label=raw.get("label", ""),
        message=raw["message"].strip(),
        why=raw["why"].strip(),
        source=raw["source"].strip(),
        status=raw["status"],
        rewrite=raw["rewrite"].strip(),
        clears_with=tuple(raw["clears_with"]),
        anchors=anchors,
        flags=tuple(raw["flags"]),
        passes=tuple(raw["passes"]),
        match=match,
        digest=digest_of([pack, shown, {ref: vocab[ref] for ref in sorted(used)}, anchors]),
    )


def _choice(where: str, rule: str, key: str, value: object, known: frozenset[str]) -> None:
    if value not in known:
        raise PackError(where, rule, f"unknown {key} {value!r}")


def _anchors(where: str, rule: str, raw: list[str], vocab: Vocab) -> tuple[str, ...]:
    out = tuple(dict.fromkeys(terms.expand(raw, vocab)))
    for anchor in out:
        if anchor.startswith("shape:") and anchor not in SHAPES:
            raise PackError(where, rule, f"unknown shape {anchor!r}")
        if anchor.endswith("*"):
            raise PackError(where, rule, f"an anchor is a whole word, not {anchor!r}")
    return out


def _match(where: str, rule: str, raw: Any, vocab: Vocab) -> tuple[Match, set[str]]:
    if not isinstance(raw, dict):
        raise PackError(where, rule, "match must be a mapping")
    _keys(where, rule, set(raw), MATCH_KEYS, frozenset())
    kinds = [kind for kind in KINDS if kind in raw]
    if len(kinds) != 1:
        raise PackError(where, rule, "match needs exactly one of " + ", ".join(KINDS))
    kind = kinds[0]
    validate = raw.get("validate", [])
    validate = tuple([validate] if isinstance(validate, str) else validate)
    for check in validate:
        _choice(where, rule, "validate", check, VALIDATORS)
    _choice(where, rule, "scope", raw.get("scope", "clause"), frozenset({"clause", "sentence", "text"}))
    _choice(where, rule, "context", raw.get("context", "claims"), frozenset({"claims", "inside", "off"}))
    _choice(where, rule, "alone", raw.get("alone", ""), frozenset({"", "note", "drop"}))
    used: set[str] = set()

    def pattern(value: Any) -> re.Pattern[str]:
        """A string is a pattern; a list is a choice of terms."""
        if isinstance(value, list):
            used.update(ref for item in value for ref in terms.references(item))
            return re.compile(terms.terms_pattern(terms.expand(value, vocab)), re.IGNORECASE)
        used.update(terms.references(str(value)))
        return terms.compile_pattern(str(value), vocab, case=bool(raw.get("case", False)))

    def optional(key: str) -> re.Pattern[str] | None:
        return pattern(raw[key]) if key in raw else None

    if kind == "detector":
        _choice(where, rule, "detector", raw[kind], DETECTORS)
        used.update(NAME_LISTS & set(vocab))
    slots: tuple[re.Pattern[str], ...] = ()
    if kind in ("regex", "phrases"):
        slots = (pattern(raw[kind]),)
    elif kind == "all_of":
        slots = tuple(pattern(slot) for slot in raw[kind])
    return Match(
        kind=kind,
        slots=slots,
        tokens=tuple(raw.get("tokens", ())),
        detector=str(raw.get("detector", "")),
        roles=frozenset(raw.get("roles", ())),
        validate=validate,
        cues=optional("cues"),
        within=int(raw.get("within", 5)),
        scope=raw.get("scope", "clause"),
        ordered=bool(raw.get("ordered", False)),
        unless=optional("unless"),
        unless_text=optional("unless_text"),
        needs_text=optional("needs_text"),
        lowers=raw.get("context", "claims") != "off",
        negated_inside=raw.get("context") == "inside",
        alone=raw.get("alone", ""),
        post_kinds=frozenset(raw.get("post_kinds", ())),
    ), used
