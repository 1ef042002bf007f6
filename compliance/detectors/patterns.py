"""Rules by form: a pattern, checksums, and cue words close by."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date

from compliance.detectors.patient import about_a_patient
from compliance.detectors.view import Hit, View
from compliance.packs import Rule

_DIGITS = re.compile(r"\d")
_OWN_CUE = re.compile(
    r"\b(?:call|text|dial|phone|ring|reach|contact|visit|e-?mail|fax|message|write|register|rsvp|tel|info|questions|"
    r"schedule|book|appointments?|sign up|learn more|read|more (?:info|at|details)|apply|donate|join us|walk in|stop by|"
    r"located|open|hours|location|address|hotline|line|office|front desk|manager|clinic)\b",
    re.IGNORECASE,
)
_THEIRS = re.compile(
    r"\b(?:his|her|their|patient'?s?|pt|mom|mother|dad|father|my|client|member|cell|home number|she|he|"
    r"reach (?:him|her|them))\b",
    re.IGNORECASE,
)
_OURS = re.compile(r"\b(?:us|our|call (?:the|to book)|front desk)\b", re.IGNORECASE)
_NINETY = {"ninety": 90, "hundred": 100}


def find(rule: Rule, view: View) -> Iterator[Hit]:
    """Hits of a regex or phrases rule; the group named ``x`` (else ``y``) is the span when it took part."""
    match = rule.match
    if not view.applies(match):
        return
    pattern = match.slots[0]
    groups = [name for name in ("x", "y") if name in pattern.groupindex]
    for found in pattern.finditer(view.text):
        start, end = next((found.span(name) for name in groups if found.start(name) >= 0), found.span())
        if start == end or view.excused(match, start):
            continue
        if match.cues:
            low, high = view.window(start, end, match.within)
            if not (match.cues.search(view.text, low, start) or match.cues.search(view.text, end, high)):
                continue
        if all(VALIDATORS[name](view.text[start:end], view, start, end) for name in match.validate):
            yield Hit(rule, start, end, rule.severity)


def luhn(text: str, *_: object) -> bool:
    digits = [int(char) for char in text if char.isdigit()]
    doubled = [d * 2 - 9 if d > 4 else d * 2 for d in digits[-2::-2]]
    return 13 <= len(digits) <= 19 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def iban(text: str, *_: object) -> bool:
    compact = re.sub(r"\s", "", text).upper()
    if not 15 <= len(compact) <= 34 or not compact.isalnum() or not compact.isascii():
        return False
    return int("".join(str(int(char, 36)) for char in compact[4:] + compact[:4])) % 97 == 1


def ssn(text: str, *_: object) -> bool:
    """Numbers the authority never issued are dropped (area 000, 666, 9xx; group 00; serial 0000)."""
    digits = "".join(_DIGITS.findall(text))
    if len(digits) != 9:
        return False
    return digits[:3] not in ("000", "666") and digits[0] != "9" and digits[3:5] != "00" and digits[5:] != "0000"


def ip_address(text: str, *_: object) -> bool:
    if ":" in text:
        return text.count(":") >= 2
    return all(int(part) <= 255 for part in text.split("."))


def over_89(text: str, *_: object) -> bool:
    """Ages of 90 and more; 89 itself may stay (the rule says over 89)."""
    number = re.search(r"\d+", text)
    if number:
        return 90 <= int(number.group()) <= 125
    words = text.casefold()
    return any(word in words for word in _NINETY)


def phone(text: str, *_: object) -> bool:
    count = len(_DIGITS.findall(text))
    return 7 <= count <= 15


def vin(text: str, *_: object) -> bool:
    compact = text.upper()
    return len(compact) == 17 and not set("IOQ") & set(compact) and any(c.isdigit() for c in compact)


def calendar_date(text: str, *_: object) -> bool:
    """A numeric date must exist in one of the two orders; 120/80 and 24/7 must not pass."""
    if re.search(r"[A-Za-z]{3}", text):
        return True
    parts = [int(part) for part in re.findall(r"\d+", text)]
    if len(parts) == 3 and parts[0] > 31:
        parts = [parts[1], parts[2], parts[0]]
    if len(parts) < 2:
        return True
    if parts[:2] == [24, 7]:
        return False
    year = parts[2] if len(parts) == 3 else 2024
    year += 2000 if year < 100 else 0
    for month, day in ((parts[0], parts[1]), (parts[1], parts[0])):
        try:
            date(year, month, day)
        except ValueError:
            continue
        return True
    return False


def _said_to_be_own(view: View, start: int, end: int) -> bool:
    """ "Call our office at ..." is the organisation's contact unless the clause speaks of somebody else's."""
    low, _ = view.sentence(start)
    before = view.text[max(low, start - 90) : start]
    high = min(len(view.text), end + 40)
    if about_a_patient(view) and not _OURS.search(before):
        return False
    return bool(_OWN_CUE.search(before)) and not _THEIRS.search(before) and not _THEIRS.search(view.text, end, high)


def _digits(text: str) -> str:
    return "".join(_DIGITS.findall(text))


def not_own_phone(text: str, view: View, start: int, end: int) -> bool:
    own = {_digits(value)[-10:] for value in view.context.values("phone")}
    return _digits(text)[-10:] not in own and not _said_to_be_own(view, start, end)


def not_own_email(text: str, view: View, start: int, end: int) -> bool:
    address = text.casefold()
    if address in {value.casefold() for value in view.context.values("email")}:
        return False
    domains = tuple(value.casefold().removeprefix("www.") for value in view.context.values("domain"))
    if any(address.endswith("@" + domain) for domain in domains):
        return False
    local = re.split(r"@|\s", address)[0]
    shared = re.fullmatch(
        r"(?:info|contact|appointments?|careers|jobs|events|media|press|hello|office|billing|hr|"
        r"foundation|volunteers?|privacy|marketing|admin|frontdesk|support|help)",
        local,
    )
    return not shared


def not_own_url(text: str, view: View, start: int, end: int) -> bool:
    host = re.sub(r"^(?:https?://)?(?:www\.)?", "", text.casefold()).split("/")[0]
    domains = [value.casefold().removeprefix("www.") for value in view.context.values("domain")]
    if any(host == domain or host.endswith("." + domain) for domain in domains):
        return False
    return not _said_to_be_own(view, start, end)


def not_own_address(text: str, view: View, start: int, end: int) -> bool:
    found = re.sub(r"\W+", " ", text.casefold()).strip()
    own = [re.sub(r"\W+", " ", value.casefold()) for value in view.context.values("address")]
    if any(found in value or value in found for value in own):
        return False
    return not _said_to_be_own(view, start, end)


VALIDATORS: dict[str, Callable[[str, View, int, int], bool]] = {
    "luhn": luhn,
    "iban": iban,
    "ssn": ssn,
    "ip": ip_address,
    "age_over_89": over_89,
    "phone": phone,
    "vin": vin,
    "date": calendar_date,
    "own_phone": not_own_phone,
    "own_email": not_own_email,
    "own_url": not_own_url,
    "own_address": not_own_address,
}
