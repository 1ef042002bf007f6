"""Does a text speak of one identifiable patient? Person x health x our own contact, minus what is general."""

from __future__ import annotations

import re
from collections.abc import Iterator

from compliance.detectors import names
from compliance.detectors.view import Hit, View
from compliance.packs import Rule

_PERSON_WORDS = (
    r"patient|pt|client|resident|man|woman|guy|lady|gentleman|boy|girl|kid|child|baby|toddler|teen(?:ager)?|mom|mother|"
    r"dad|father|driver|cyclist|passenger|victim|amputee|vip|survivor|graduate|preemie|grandma|grandpa|"
    r"fellow|dude|newborn|infant|student|teacher|lawyer|judge|pilot|coach|priest|principal|politician|firefighter|cop|veteran|player|athlete|pastor|anchor|mayor|celebrity"
)
_ONE = re.compile(
    rf"\b(?:a|an|this|that|the|one|our|my|had a|another|some)(?: one of our)? (?:(?!of\b|for\b|in\b|and\b|to\b|with\b|your\b|every\b)[\w\-']+ ){{0,4}}?"
    rf"(?:{_PERSON_WORDS})\b(?! (?:care|portal|safety|experience|education|advocate|satisfaction|advisory|rights|rooms?|seats?|family|"
    rf"services?|access|relations|bill|support|navigat\w+|volunteers?|population|center|unit|ward|stories|story|records?|forms?|"
    rf"day|health|life|development))",
    re.IGNORECASE,
)
_CAME_IN = re.compile(rf"\b(?:{_PERSON_WORDS}) (?:came|comes|walked|rolled|was brought|was rushed) in\b", re.IGNORECASE)
_AGE = re.compile(
    r"\b(?:\d{1,3}|\w+)[- ](?:years?|yrs?|months?|weeks?|days?)[- ](?:old|young)\b|\b\d{1,3} ?(?:yo|y/o)\b|\b\d{2}[MF]\b|"
    r"\bat (?:age )?\d{1,2},? (?:s?he|they)\b|\b(?:is|turned|was) \d{2,3}\b(?! ?[%\-\u2013]| (?:of|percent|people|patients|"
    r"minutes|hours|days|degrees))|(?:^|[.!?] )(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:-\w+)?,",
    re.IGNORECASE,
)
_UNIQUE = re.compile(
    r"\b(?:guess (?:who(?:se)?|which)|the only|(?:our|the) (?:first|oldest|youngest|smallest|tiniest)|everyone saw|on the news|"
    r"(?:was|were|got|boy|girl|man|woman|child|kids?|teens?|rider|driver|cyclist|victims?) (?:hurt|injured|shot|hit|rescued|pulled) (?:in|on|by|at|from)|made headlines|famous|hint:)",
    re.IGNORECASE,
)
_OURS = re.compile(
    r"\b(?:(?:our|my) (?:[\w\-']+ ){0,4}?(?:patient|pt|client|graduate|resident|vip)\b(?!s| care)|in our (?:[\w\-]+ ){0,2}(?:icu|nicu|picu|er|ed|"
    r"clinic|unit|hospice|ward|care|center|office|hospital|program|practice|department)|in the (?:icu|er|ed|or|nicu|trauma bay)|"
    r"(?:room|rm|bed|bay) ?#?\d+|on (?:my|our) (?:shift|unit|floor)|at work|with us\b|patient in \d+\w?|\bi (?:delivered|treated|operated on|cared for|took care of|scrubbed in)|\d (?:west|east|north|south)|walked out of here|"
    r"(?:to see|thank(?:s|ed)?) (?:us|our)\b|one of (?:my|our) regulars|our (?:\d{1,2}(?::\d\d)? ?[ap]m|next|last|first) (?:patient|appointment|today|was)|"
    r"with our (?:[\w\-]+ )?(?:team|program|nurses)|"
    r"our (?:[\w\-]+ ){0,2}(?:team|program|staff|nurses|surgeons?) (?:saved|treated|cared|delivered|helped (?:him|her)|transplanted|operated))",
    re.IGNORECASE,
)
_WHEN = re.compile(
    r"\b(?:today|tonight|last night|at \d{1,2} ?[ap]m|yesterday|this (?:morning|week|afternoon|evening|shift)|last (?:week|month|mon|tue|wed|thu|fri|sat|sun)\w*|"
    r"(?:on )?(?:mon|tues|wednes|thurs|fri|satur|sun)day|before (?:lunch|noon|breakfast)|overnight|last (?:spring|summer|fall|winter|year)|just (?:now|got|went|walked|left)|after \d+ days|earlier)\b",
    re.IGNORECASE,
)
_HEALTH = re.compile(
    r"\b(?:cancer|tumou?rs?|leuk\w+|lymphoma|carcinoma|surger\w+|surgical|operation|transplant\w*|chemo\w*|radiation|diabet\w+|stroke|"
    r"heart (?:attack|failure|surgery|transplant)|cardiac arrest|code blue|coded|intubat\w+|ventilator|icu|nicu|er\b|\bed\b|trauma|"
    r"overdos\w+|od'?d|rehab|sober|detox|suboxone|dialysis|amput\w+|biops\w+|x-?ray|mri|ct scan|ultrasound|colonoscop\w+|mastectomy|"
    r"bypass|replacement|fractur\w+|broke\w*|swallow\w+|gsw|gunshot|stab\w+|crash|drown\w+|died|passed away|who passed|rest in peace|"
    r"lost (?:a|my|our)|stage (?:\d|iv|i{1,3})\b|(?:kidney |gall)?stones?\b|restrain\w*|drunk|intoxicated|bitten|bites?\b|hurt|injur\w+|off insulin|smile\b|teeth|symptom\w*|diagnos\w+|ms\b|lost \d+|stillb\w+|miscarr\w+|pregnan\w+|labor and|preemie|born (?:at|weigh)|arrived \d|\d+ lbs?\b|\d+ oz|diagnos\w+|"
    r"disease|syndrome|disorder|infection|sepsis|hiv|std|syphilis|herpes|hepatitis|covid|measles|flu\b|pneumonia|asthma|seizure\w*|epilep\w+|"
    r"depress\w+|suicid\w+|psych\w*|schizo\w+|bipolar|anxiety|recover\w+|rang the bell|discharged|went home|remission|scar|veneers|"
    r"root canal|braces|botox|implants?|filler|makeover|weight loss|lost \d+|knee|hip\b|acl|lupus|troponin|chest pain|a1c|cpap|"
    r"thyroid|mole|rash|wound|burn\w*|bleed\w*|ruptured?|hospice|iop\b|treat(?:ed|ing)|admitted|hospitali[sz]ed|stable|hysterical|"
    r"combative|physical therapy|therapy session|walk(?:ed|ing)? again)\b",
    re.IGNORECASE,
)
_GENERAL = re.compile(
    r"\b(?:fictional|fictitious|hypothetical|case example|simulat\w+|training (?:scenario|mannequin)|illustrations? only|actor portrayal|"
    r"stock photo|teaching (?:collection|file|case)|not (?:an )?actual patients?|composite|if (?:you|your|someone|a child)|when (?:someone|your|you)|"
    r"every (?:patient|child)|1 in \d+|one in \w+|\d+ (?:percent|%)|talk (?:to|with) your|ask your|learn (?:the|more|how)|symptoms (?:of|include)|"
    r"therapy dog(?! spent)|call (?:911|988|us)|register|support group|class\b|we(?:'re| are) hiring|arrives|coming soon|myth|did you know|awareness)\b",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"\b(?:(?:our|my|this|a|the|one of (?:our|my)) (?:[\w\-']+ ){0,3}?(?:patient|pt|client)\b(?!s| (?:care|portal|safety|experience|education|"
    r"advocate|satisfaction|rights|room|relations|services))|pt\b|mrn|dob|date of birth|(?:was|were|been|is|got|being|who) (?:\w+ )?(?:admitted|"
    r"discharged|diagnosed|hospitali[sz]ed|treated|intubated|operated|transferred|referred|prescribed|scheduled for)|came in (?:with|for|after|last|on)|"
    r"present(?:ed|s|ing) (?:with|to|in|for|at)|underwent|s/p|\d{2}[mf] (?:admitted|with|s/p|who|swallowed|presents?)|complain\w* of|\d+[- ]?(?:year|yr|y)[-/ ]?(?:old|o)\b|lab results|code blue|"
    r"(?:his|her|their|\w's) (?:[\w\-]+ ){0,2}(?:surgery|chemo\w*|diagnosis|cancer|biopsy|results|mri|scan|recovery|treatment|appointment|claim|"
    r"prescription|procedure|mastectomy|transplant|sleep study|bypass|lab|labs|insulin|meds|medications?|stroke|session|botox|visit|chart|"
    r"a1c|baby|delivery|condition|symptoms|test|intake|care|knee|hip)|you (?:were (?:seen|treated|admitted|a)|never had|came in)|your (?:root canal|colonoscopy|procedure|filling|lab|test|biopsy|mri|scan|surgery|results|claim|appointment on|ssn)|"
    r"history of|patient (?:id|name|record)|medical record|member (?:id|name)|seen (?:at|in|on|by)|insurance (?:id|member)|social security|"
    r"patient,|patient:|patient named|ssn|dos|admission)\b",
    re.IGNORECASE,
)


# Words that say "patient" by themselves, so no illness has to be named.
_SURE = re.compile(
    r"\b(?:our resident|(?:my|our) (?:[\w\-]+ )?(?:patient|client)\b(?!s)|one of (?:my|our) regulars|our \d{1,2}(?::\d\d)? ?[ap]m)\b",
    re.IGNORECASE,
)
_OUTCOME = re.compile(
    r"\b(?:he|she|him|her|his|is (?:recovering|stable|doing|resting|awake|back home)|made it|survived|got (?:approved|better|home|back))\b",
    re.IGNORECASE,
)
_LIES_HERE = re.compile(
    r"\b(?:is|was|are) (?:now |still )?(?:in|on|at) our (?:[\w\-]+ )?(?:icu|er|ed|unit|ward|floor|hospital|trauma center|clinic)\b",
    re.IGNORECASE,
)


def about_a_patient(view: View) -> bool:
    """True when the text speaks of one person's care: identifiers then count in full."""
    if "about" not in view.memo:
        view.memo["about"] = bool(_ABOUT.search(view.text)) or any(n.role == "patient" for n in names.names(view))
    return bool(view.memo["about"])


def find(rule: Rule, view: View) -> Iterator[Hit]:
    """At most one story per text: the rules ask for ``named``, ``unnamed`` or ``scene``."""
    if "story" not in view.memo:
        view.memo["story"] = _story(view)
    story: tuple[str, int, int] | None = view.memo["story"]
    if story and story[0] in rule.match.roles:
        yield Hit(rule, story[1], story[2], rule.severity)


def _story(view: View) -> tuple[str, int, int] | None:
    text = view.text
    if not (_HEALTH.search(text) or _SURE.search(text) or view.names_illness()):
        return None
    named = [name for name in names.names(view) if name.role == "patient"]
    if named:
        return "named", named[0].start, named[0].end
    if _GENERAL.search(text):
        return None
    one, age, unique = _ONE.search(text) or _CAME_IN.search(text), _AGE.search(text), _UNIQUE.search(text)
    ours, when = _OURS.search(text), _WHEN.search(text)
    person = one or age or unique
    if person and ours and (when or age or unique or _OUTCOME.search(text)):
        return "unnamed", person.start(), person.end()
    if person and when and (age or unique or _OUTCOME.search(text)):
        return "unnamed", person.start(), person.end()
    if person and ((age and (unique or ours)) or _LIES_HERE.search(text)):
        return "unnamed", person.start(), person.end()
    if one and re.search(r"\b(?:patient|pt|client)\b", one.group(), re.IGNORECASE) and when:
        return "unnamed", one.start(), one.end()
    if ours and when and (age or re.search(r"\b(?:room|bed|bay) ?#?\d", text, re.IGNORECASE)):
        return "scene", ours.start(), ours.end()
    return None
