"""The only door to the detectors. Pure: same text, packs and context give the same report; no clock, no network."""

from __future__ import annotations

import hashlib
import platform
import unicodedata
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from compliance import normalise as norm
from compliance.context import Context
from compliance.detectors import language
from compliance.packs import PackSet, default_packs
from compliance.report import SEVERITY_RANK, Finding, Report

if TYPE_CHECKING:
    from compliance.detectors.view import Hit

__all__ = ["MAX_LENGTH", "EngineError", "check_text", "default_packs", "engine_digest"]

MAX_LENGTH = 20_000
Placed = tuple["Hit", int, int]  # a hit and its range in the original text


class EngineError(Exception):
    """The text could not be checked; the caller blocks. ``code`` is safe to show, the text is never in it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@lru_cache(maxsize=1)
def engine_digest() -> str:
    """SHA-256 over the engine's sources and the versions that decide tokens and characters."""
    here = Path(__file__).resolve().parent
    digest = hashlib.sha256()
    names = ("normalise.py", "packs.py", "pipeline.py", "engine.py", "context.py", "report.py")
    for path in [*(here / name for name in names), *sorted((here / "detectors").glob("*.py"))]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    versions = (version("spacy"), unicodedata.unidata_version, platform.python_version_tuple()[:2])
    digest.update(repr(versions).encode())
    return digest.hexdigest()


def check_text(text: str, *, packs: PackSet, context: Context) -> Report:
    """Check one field. Raises EngineError when it could not be checked wholly: that is never "clean"."""
    if not any(pack.rules for pack in packs.packs):
        raise EngineError("empty_packs")
    if len(text) > MAX_LENGTH:
        raise EngineError("too_long")
    try:
        return _check(text, packs, context)
    except EngineError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever fails, the caller must block
        # The cause may quote the text in its message, so it must not travel further up.
        raise EngineError(f"detector_failed:{type(error).__name__}") from None


def _check(text: str, packs: PackSet, context: Context) -> Report:
    from compliance.pipeline import pipeline_for  # spaCy is imported at the first check, not at start-up

    pipeline = pipeline_for(packs)
    base = norm.normalise(text)
    main, foreign = language.guess(base.text)
    hits, sentences = pipeline.analyse(base, context)
    placed = [(hit, *base.span(hit.start, hit.end)) for hit in hits]
    for reading in norm.readings(base, text, pipeline.lexicon):
        more, _ = pipeline.analyse(reading, context)
        placed.extend((hit, *reading.span(hit.start, hit.end)) for hit in more)
    kept = _without_echoes([item for item in placed if item[2] > item[1]], pipeline.order)
    return Report(
        findings=tuple(_findings(kept, base, sentences)),
        language=main,
        not_checked=tuple(f"language:{code}" for code in foreign),
        text_digest=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
        packs_digest=packs.digest,
        context_digest=context.digest(),
        engine_digest=engine_digest(),
    )


def _without_echoes(placed: list[Placed], order: dict[str, int]) -> list[Placed]:
    """One finding per rule and place, and one class per identifier: hard and earlier rules come first."""
    ranked = sorted(
        placed,
        key=lambda p: (not p[0].rule.hard, order[p[0].rule.id], -SEVERITY_RANK[p[0].severity], p[1] - p[2], p[1]),
    )
    kept: list[Placed] = []
    for hit, start, end in ranked:
        clash = False
        for other, low, high in kept:
            if (
                start < high
                and low < end
                and (other.rule.id == hit.rule.id or _same_thing(other, hit, (low, high), (start, end)))
            ):
                clash = True
                break
        if not clash:
            kept.append((hit, start, end))
    return sorted(kept, key=lambda p: (p[1], p[2], order[p[0].rule.id]))


def _same_thing(first: Hit, second: Hit, outer: tuple[int, int], inner: tuple[int, int]) -> bool:
    """Two identifier rules on the same characters: the second would only repeat the first."""
    if first.rule.flag != "identifier" or second.rule.flag != "identifier":
        return False
    return outer[0] <= inner[0] and inner[1] <= outer[1]


def _findings(placed: list[Placed], base: norm.Normalised, sentences: list[tuple[int, int]]) -> list[Finding]:
    ranges = [(*base.span(low, high), base.text[low:high]) for low, high in sentences] or [(0, 0, "")]
    seen: dict[tuple[str, str], int] = {}
    out: list[Finding] = []
    for hit, start, end in placed:
        low, high, sentence = next((r for r in reversed(ranges) if r[0] <= start), ranges[0])
        key = " ".join(sentence.casefold().split())
        number = seen.get((hit.rule.id, key), 0) + 1
        seen[hit.rule.id, key] = number
        rule = hit.rule
        out.append(
            Finding(
                rule_id=rule.id,
                rule_digest=rule.digest,
                flag=rule.flag,
                severity=hit.severity,
                hard=rule.hard,
                label=rule.label,
                start=start,
                end=end,
                sentence_start=low,
                sentence_end=max(high, low),
                sentence=key,
                occurrence=number,
                message=rule.message,
                why=rule.why,
                citation=rule.source,
                rewrite=rule.rewrite,
                clears_with=rule.clears_with,
                context_note=hit.note,
            )
        )
    return out
