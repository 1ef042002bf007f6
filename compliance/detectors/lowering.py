"""Context that makes a claim harmless: it lowers a finding to a note and says so; it never removes one."""

from __future__ import annotations

import re

from compliance.detectors.view import Hit, View

_NEGATION = re.compile(
    r"\b(?:not(?! only\b)|no(?! wonder| matter| longer| need\b)|never|cannot|can't|don't(?! wait| miss)|doesn't|didn't|"
    r"isn't|aren't|wasn't|won't|wouldn't|couldn't|shouldn't|haven't|hasn't|without|neither|nor|nobody|nothing|none)\b",
    re.IGNORECASE,
)
_MYTH = re.compile(
    r"\b(?:myths?|fiction|hoax(?:es)?|scams?|rumou?rs?|misinformation|debunk\w*|unproven|not true|untrue|false claims?|"
    r"too good to be true|beware|be wary|watch out for|fall for|no (?:good |scientific |reliable )?evidence|"
    r"(?:isn't|aren't|not) supported|not intended to|fact[- ]?check\w*|ads? promising|claims? (?:like|such as)|"
    r"(?:you may have|you've) (?:seen|heard))\b",
    re.IGNORECASE,
)
_REBUTTAL = re.compile(
    r"\s*[\"')\]]*\s*(?:[-\u2013\u2014]\s*)?(?:fact\b|truth\b|no[,.:!]|nope|false\b|not true|not quite|"
    r"that(?:'s| is| claim)\b[^.]{0,20}\b(?:not|n't|false|myth|wrong)|there(?:'s| is) no|it (?:does not|doesn't|can't)|"
    r"(?:this|these|that|those) (?:claims? )?(?:is|are|do|does)(?: not|n't))",
    re.IGNORECASE,
)
_QUESTION = re.compile(
    r"\s*(?:does|do|can|is|are|will|should|could|would|what|why|how|which|who|when|where)\b", re.IGNORECASE
)
_YES = re.compile(r"\s*(?:yes|absolutely|of course|you bet|try|our |we |it does|it can)", re.IGNORECASE)
_YOURS = re.compile(r"\b(?:your|you)\b", re.IGNORECASE)
_AGENCY = re.compile(
    r"\b(?:CDC|FDA|WHO|NIH|USPSTF|EPA|American \w+ (?:Association|Society|Academy)|World Health Organization|"
    r"surgeon general)(?: also| now)? (?:says?|said|recommends?|advises?|warns?|estimates?|reports?|urges?|notes?|"
    r"found)\b|\baccording to (?:the )?(?:CDC|FDA|WHO|NIH|American|U\.?S\.?)|@?\bCDC\w*:",
    re.IGNORECASE,
)
_FDA_WORDS = frozenset({"fda_status_misuse", "misinformation"})


def lower(hit: Hit, view: View) -> str:
    """Why this finding counts as a note only; empty when it keeps its severity."""
    if not hit.rule.match.lowers:
        return ""
    if claim := _approved(hit, view):
        return f"covered: approved claim {claim}"
    low, high = view.sentence(hit.start)
    sentence = view.text[low:high]
    after = view.text[high : high + 160]
    if _MYTH.search(sentence) or _REBUTTAL.match(after) or _rebutted_quote(view, hit.end):
        return "lowered: quoted myth or denial"
    if _negated(hit, view):
        return "lowered: negated"
    asked = sentence.rstrip(" \n\"')").endswith("?") and _QUESTION.match(sentence)
    if asked and not _YES.match(after) and not _YOURS.search(sentence):
        return "lowered: asked, not claimed"
    if hit.rule.flag not in _FDA_WORDS and _AGENCY.search(sentence):
        return "lowered: attributed to an agency"
    return ""


def _negated(hit: Hit, view: View) -> bool:
    """A negation in the same clause, close before the words, or between the parts of a frame."""
    start, _ = view.clause(hit.start)
    near, _ = view.window(hit.start, hit.start, 8)
    inside = hit.rule.match.kind in ("all_of", "tokens") or hit.rule.match.negated_inside
    end = hit.end if inside else hit.start
    return _NEGATION.search(view.text, max(start, near), end) is not None


def _rebutted_quote(view: View, end: int) -> bool:
    closing = re.compile(r"[\"']").search(view.text, end, end + 120)
    return bool(closing) and bool(_REBUTTAL.match(view.text, closing.end() if closing else end))


def _approved(hit: Hit, view: View) -> str:
    """The approved claim whose exact wording holds the finding, if the rule lets a claim clear it."""
    if "claim" not in hit.rule.clears_with:
        return ""
    folded = view.text.casefold()
    for claim in view.context.approved_claims:
        if claim.flags and hit.rule.flag not in claim.flags:
            continue
        today = view.context.as_of
        if (claim.valid_from and today < claim.valid_from) or (claim.valid_until and today > claim.valid_until):
            continue
        words = " ".join(claim.text.casefold().split())
        at = folded.find(words) if words and len(folded) == len(view.text) else -1
        while at >= 0:
            if at <= hit.start and hit.end <= at + len(words):
                return claim.id
            at = folded.find(words, at + 1)
    return ""
