"""Names of people: word lists plus evidence, then a role. One lucky list hit never makes a name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from compliance.detectors.view import Hit, View
from compliance.packs import Rule

_CAP = r"[^\W\d_a-z][\w]*(?:['\-][^\W\d_]\w+)*"
_SEQUENCE = re.compile(
    rf"(?<![\w@.])(?:{_CAP}|[A-Z]\.)(?:(?:\s(?:de|da|dos|van|von|der|bin|al|el|del|di|du)){{0,2}}\s?(?:{_CAP}|(?<=\s)[A-Z]\b\.?"
    r"|(?<=\.)[A-Z]\.)){0,3}"
)
_STAFF_TITLE = re.compile(
    r"(?:Drs?\.?|Doctors?|Nurses?|Prof(?:essor)?\.?|Chef|Chaplain|Surgeon|Pharmacist|Therapist|Director|"
    r"Chief|President|CEO|Rev\.?|Provider|Volunteer)$"
)
_TITLE = re.compile(
    r"(?:Mrs?\.?|Ms\.?|Miss|Mx\.?|Master|Uncle|Aunt(?:ie)?|Grandma|Grandpa|Baby(?: girl| boy)?|Coach|Officer|"
    r"Little|Father|Brother|Sister)$",
    re.IGNORECASE,
)
_CREDENTIAL = re.compile(
    r",?\s(?:M\.?D|D\.?O|R\.?N|N\.?P|PA-C|PA|DPT|LPN|CNA|PhD|PharmD|DDS|DMD|LCSW|RDN?|OTR|BSN|MSN|CRNA|FACS|"
    r"CEO|CNO|CMO)\b"
)
_STAFF_CUE = re.compile(
    r"\b(?:joins?|joined|joining|welcom(?:e|es|ing)|shout-?outs?|kudos|years? of service|of the (?:month|year|quarter)|"
    r"retir(?:es|ing|ed|ement)|our (?:new )?(?:\w+ )?(?:nurses?|surgeons?|physicians?|doctors?|volunteers?|pharmacists?|"
    r"therapists?|dietitians?|chaplain|chef|team|staff|colleagues?|CEO|director|midwife|educators?|technologists?)|"
    r"team member|co-?workers?|employees?|board[- ]certified|fellowship|published|will (?:speak|present|teach|lead|share)|speaks|"
    r"presents|hosts?|led by|taught by|works? (?:in|on|at)|worked|staff|volunteers?|daisy award|nominated|award|"
    r"internship|residency|ask for|in (?:billing|radiology|housekeeping|registration|the lab)|accepting new patients)\b",
    re.IGNORECASE,
)
_PUBLIC_CUE = re.compile(
    r"\b(?:we remember|in memory of the|founder|pioneers?|first (?:black|african|woman|female)|inventor|discovered|senator|governor|mayor|"
    r"president|named (?:after|for)|eagle scout|author of|artist|born (?:in|on) 1[789]\d\d|donat(?:ed|ion)|gift|therapy (?:dog|cat|pony)|"
    r"golden retriever|labrador|dog|puppy|horse|movie|book|novel|show|band|hurricane|library|scholarship|singer|"
    r"game|album|song|film|team)\b",
    re.IGNORECASE,
)
_PATIENT_CUE = re.compile(
    r"\b(?:patients?|pt|client|survivor|diagnos\w+|surger(?:y|ies)|chemo\w*|transplant|cancer|leukemia|lymphoma|recover(?:y|ing|ed)|"
    r"treated|treatment|admitted|discharged|passed away|who passed|rest in peace|rehab|hospice|rang the bell|icu|nicu|stroke|"
    r"biopsy|results|mastectomy|bypass|sober|overdose|injur\w+|broke|trusting us|weigh(?:s|ed|ing)|lbs?|born|arrived|"
    r"makeover|procedure|appointments?|dialysis|scan|mri|insulin|medication|meds|prescription|relapse|therapy session|"
    r"year[- ]old|y/?o|mrn|dob|ssn|knee|hip|replacement|went home|is resting|our resident|off insulin|pounds|smile|braces|teeth|stable|trauma center|in critical|pregnan\w+|delivered|miscarr\w+|fell|fall)\b",
    re.IGNORECASE,
)
_OWN_CARE = re.compile(
    r"\b(?:(?:his|her|their) (?:own )?(?:\w+ )?(?:surgery|cancer|chemo|treatment|recovery|diagnosis|stroke|transplant)|"
    r"(?:recover\w*|recuperat\w+) (?:from|after)|was (?:treated|admitted|diagnosed)|beat (?:\w+ )?(?:cancer|lymphoma|"
    r"leukemia)|fought|as our patient)\b",
    re.IGNORECASE,
)
_DIRECT_CUE = re.compile(
    r"(?:\b(?:our|my|the|a|this) (?:[\w\-]+ ){0,2}?(?:patient|pt|client|resident|member)|\bpts?\.?|\bpatient|"
    r"\bmember|\bclient|name:|\bmeet|\bin peace|\bthank you|\bthanks|\bhi|\bhello|\bdear|\bhey|\bcongrats(?: to)?|"
    r"\bcongratulations(?: to)?|\bsaw|\bvisit|\bfor|\bsays)[,:]?\s$",
    re.IGNORECASE,
)
_WITH_US = re.compile(
    r"\b(?:with|by|from|thanks to) our (?:[\w\-]+ ){0,2}(?:team|staff|nurses|surgeons?|doctors?)\b", re.IGNORECASE
)
_OUR_PATIENT = re.compile(r"\b(?:our|my) (?:[\w\-]+ )?(?:patient|client)\b", re.IGNORECASE)
_PLACE_BEFORE = re.compile(r"\b(?:St\.?|Saint|Mount|Mt\.|Lake|Fort|Port|New|San)\s$")
_SAID_NAME = re.compile(r"\b(?:my name is|name is|(?:patient )?name:|named|signed,|sincerely,)\s$", re.IGNORECASE)
_ORG_AFTER = re.compile(
    r"\s(?:Hospitals?|Clinics?|Cent(?:er|re)|Street|St\b|Ave(?:nue)?|Road|Rd|Blvd|Drive|Park|High|School|University|College|Foundation|"
    r"County|Medical|Health|Church|Award|Disease|Syndrome|Hall|Building|Pavilion|Institute|Memorial|Tower|Wing|Room|Lake|River|"
    r"Beach|City|Island|Company|Inc|Day|Week|Month|Test|Score|Scale|Act|Scholarship|Fund|Cup|Conference|Lecture|Walk|Run|County)\b"
)
_EPONYM = re.compile(
    r"(?:'s)?\s(?:disease|syndrome|palsy|lymphoma|sarcoma|tumou?r|maneuver|test|sign|fracture|procedure|score|thyroiditis|"
    r"esophagus|contracture|stain|catheter|tube)\b"
)
_HANDLE = re.compile(r"(?<![\w.])@(?=\w*[a-z])[\w.]{3,30}(?<!\.)")
_NOT_SPACE = re.compile(r"[^\s]+")
_TAIL = re.compile(r"'s$|[.,]$")
_NO_NAME_CHARACTER = re.compile(r"[^\w'\-]")
_INITIALS = re.compile(r"(?<![\w.])[A-Z]\.\s?[A-Z]\.(?=\W|$)")


@dataclass(frozen=True, slots=True)
class Name:
    """A name with its range in the reading and the role the words around it give it."""

    start: int
    end: int
    role: str  # patient | unknown | titled | staff | public
    evidence: str


def find(rule: Rule, view: View) -> Iterator[Hit]:
    for name in names(view):
        if name.role in rule.match.roles:
            yield Hit(rule, name.start, name.end, rule.severity)


def names(view: View) -> list[Name]:
    """Every name in the reading, worked out once."""
    if "names" not in view.memo:
        found = [*_sequences(view), *_handles(view), *_initials(view)]
        view.memo["names"] = sorted(set(found), key=lambda name: (name.start, name.end))
    kept: list[Name] = view.memo["names"]
    return kept


def _sequences(view: View) -> Iterator[Name]:
    text = view.text
    shouting = sum(map(str.isupper, text)) > 0.7 * max(1, sum(map(str.isalpha, text)))
    for match in _SEQUENCE.finditer(text):
        for start, end in _parts(text, match.start(), match.end(), view):
            evidence = _evidence(view, start, end, shouting)
            if evidence:
                yield Name(start, end, _role(view, start, end, evidence), evidence)


def _parts(text: str, start: int, end: int, view: View) -> Iterator[tuple[int, int]]:
    """Cut a run of capitalised words at words that cannot be names; drop a possessive ending."""
    stop = view.vocab["not_names"]
    low = high = -1
    for word in _NOT_SPACE.finditer(text[start:end]):
        bare = _TAIL.sub("", word.group()).lower()
        wordlike = len(bare) == 1 or bare not in stop
        acronym = (
            bare.isalpha()
            and len(bare) > 1
            and word.group().isupper()
            and (len(bare) < 5 or len(text) > 2 * len(bare) + 12)
        )
        if not wordlike or (acronym and not (bare in view.vocab["given_names"] or bare in view.vocab["family_names"])):
            if low >= 0:
                yield low, high
            low = -1
            continue
        if low < 0:
            low = start + word.start()
        high = start + word.end()
        if word.group().endswith("'s"):
            yield low, high - 2
            low = -1
    if low >= 0:
        yield low, high


def _evidence(view: View, start: int, end: int, shouting: bool) -> str:
    """Why these words are a name; empty when they are not one."""
    text = view.text
    if _ORG_AFTER.match(text, end) or _EPONYM.match(text, end):
        return ""
    before = text[max(0, start - 24) : start]
    if _PLACE_BEFORE.search(before):
        return ""
    words = [_NO_NAME_CHARACTER.sub("", word).lower() for word in text[start:end].split()]
    given = [word in view.vocab["given_names"] for word in words]
    family = [word in view.vocab["family_names"] for word in words]
    doubtful = all(word in view.vocab["ambiguous_names"] for word in words)
    last = before.rstrip()
    if _STAFF_TITLE.search(last) and before != last:
        return "staff title"
    if _TITLE.search(last) and before != last:
        return "title"
    if shouting and len(words) > 3:
        return ""
    if len(words) > 1 and (any(given) or any(family)):
        initial = any(len(word) == 1 for word in words)
        if (any(given) and any(family)) or initial or given[0] or family[-1]:
            return "full name"
    if _DIRECT_CUE.search(before) and (any(given) or any(family)) and len(words[0]) > 1:
        return "cue"
    if _SAID_NAME.search(before):
        return "said name"
    if _CREDENTIAL.match(text, end) and len(words) > 1:
        return "credential"
    if len(words) == 1 and given[0] and not doubtful and not shouting:
        return "given name"
    return ""


def _near(view: View, at: int) -> tuple[int, int]:
    """The sentence around a name; roles need no more than 300 characters either side."""
    low, high = view.sentence(at)
    return max(low, at - 300), min(high, at + 300)


def _role(view: View, start: int, end: int, evidence: str) -> str:
    text = view.text
    low, high = _near(view, start)
    sentence = text[low:high]
    name = text[start:end].casefold()
    own_care = _OWN_CARE.search(text, start, high) is not None
    for kind in ("staff", "public"):
        if any(name in value.casefold() for value in view.context.values(kind)) and not own_care:
            return kind
    if evidence in ("staff title", "credential") or _CREDENTIAL.match(text, end):
        return "patient" if own_care else "staff"
    around = text[max(0, low - 160) : high + 160]
    works_here = _STAFF_CUE.search(_WITH_US.sub("", sentence)) and not own_care and evidence != "title"
    if works_here and not _OUR_PATIENT.search(sentence):
        return "staff"
    if _PUBLIC_CUE.search(sentence) and not own_care and not _PATIENT_CUE.search(sentence):
        return "public"
    if _PATIENT_CUE.search(around) or view.names_illness(max(0, low - 160), high + 160):
        return "patient"
    return "titled" if evidence == "title" else "unknown"


def _handles(view: View) -> Iterator[Name]:
    own = {value.casefold().lstrip("@") for value in view.context.values("handle")}
    for match in _HANDLE.finditer(view.text):
        handle = match.group()[1:].casefold()
        low, high = _near(view, match.start())
        staff = re.search(r"\b(?:dr|md|rn|nurse|hospital|clinic|health|med|cdc|who|nih|fda)", handle)
        credited = re.search(r"\b(?:by|via|cc|photo|follow|with)[:\s]*$", view.text[: match.start()], re.IGNORECASE)
        if handle in own or staff or credited:
            continue
        if _PATIENT_CUE.search(view.text, low, high):
            yield Name(match.start(), match.end(), "patient", "handle")


def _initials(view: View) -> Iterator[Name]:
    for match in _INITIALS.finditer(view.text):
        if match.group().replace(" ", "") in (
            "U.S.",
            "D.C.",
            "N.Y.",
            "L.A.",
            "U.K.",
            "P.O.",
            "P.M.",
            "A.M.",
            "I.V.",
            "M.D.",
            "D.O.",
            "R.N.",
            "E.R.",
            "N.P.",
        ):
            continue
        low, high = _near(view, match.start())
        if _PATIENT_CUE.search(view.text[max(0, low - 80) : high + 80]):
            yield Name(match.start(), match.end(), "patient", "initials")
