"""A small, honest guess: which parts of a text are not English and were therefore not checked."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

_WORDS = {
    "en": "the and to of is are you your for with we our on this that it at be have has was were will can from not "
    "or an by my i they he she his her their what when who how if about more please all get no do does did "
    "today call us here new up out so just than there been one as but a in me any after before every",
    "es": "el la los las de que y en un una por con para del su sus se es al lo como más pero nuestra nuestro está "
    "nuestros este esta son sin también hoy usted tu muy cuando gracias ser hay te",
    "fr": "le la les des et est une pour dans que qui avec sur nous vous votre notre au aux du pas ce cette sont plus "
    "mais ou où être nos vos merci chez il elle",
    "de": "der das und ist ein eine für mit auf wir sie nicht zu den von dem im auch ihr ihre unsere unser bei sind "
    "oder wird haben werden durch nach",
    "pt": "o os um uma para com não que do da dos das em por mais você seu sua nossa nosso é são como hoje está ao "
    "obrigado nos",
    "it": "il lo gli di che e un una per con non del della sono nostro nostra più questo anche le dei alla oggi",
    "vi": "và là của cho các không được một những với có trong bạn chúng tôi này người khi",
    "tl": "ang ng mga sa na at ay para kung hindi po ito inyong aming",
    "pl": "i w na z się nie do jest to że dla o jak po od nasz nasza oraz przez",
    "nl": "de het een en van is voor met niet op wij uw ons onze zijn bij deze ook",
    "ht": "ak nan pou yo nou ou ki sa pa yon gen tout kapab",
}
_CODES: dict[str, list[str]] = {}  # word -> the languages it is a function word of
for _code, _words in _WORDS.items():
    for _word in dict.fromkeys(_words.split()):
        _CODES.setdefault(_word, []).append(_code)
_SCRIPTS = {
    "CYRILLIC": "ru",
    "GREEK": "el",
    "ARABIC": "ar",
    "HEBREW": "he",
    "CJK": "zh",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "HANGUL": "ko",
    "DEVANAGARI": "hi",
    "THAI": "th",
    "BENGALI": "bn",
    "GUJARATI": "gu",
    "GURMUKHI": "pa",
    "ARMENIAN": "hy",
    "GEORGIAN": "ka",
    "ETHIOPIC": "am",
    "KHMER": "km",
    "TAMIL": "ta",
}
_PART = re.compile(r"[^.!?\n]+")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")


def function_words() -> list[str]:
    """The English function words, in a fixed order."""
    return _WORDS["en"].split()


def guess(text: str) -> tuple[str, tuple[str, ...]]:
    """The main language, and every language other than English that a part is written in (sorted)."""
    foreign: Counter[str] = Counter()
    english = 0
    if not text.isascii():
        foreign.update(_scripts(text))
    for part in _PART.findall(text):
        words = [word.lower() for word in _WORD.findall(part)]
        code = _of_words(words)
        if code == "en":
            english += sum(map(len, words))
        else:
            foreign[code] += sum(map(len, words))
    found = tuple(sorted(foreign))
    main = "en" if not foreign or english >= max(foreign.values()) else foreign.most_common(1)[0][0]
    return main, found


def _of_words(words: list[str]) -> str:
    """English is assumed until two different function words of another language outweigh its own."""
    if len(words) < 3:
        return "en"
    scores = Counter(code for word in set(words) for code in _CODES.get(word, ()))
    english = scores.pop("en", 0)
    if not scores:
        return "en"
    code, best = min(scores.items(), key=lambda pair: (-pair[1], pair[0]))
    return code if best >= 2 and best > english else "en"


def _scripts(text: str) -> Counter[str]:
    """Letters by foreign script, when there are enough of them to be words rather than decoration."""
    counts: Counter[str] = Counter()
    for char in text:
        if char.isalpha() and ord(char) > 0x36F:
            counts[_SCRIPTS.get(unicodedata.name(char, "?").split()[0].split("-")[0], "und")] += 1
    counts.pop("und", None)
    if counts["ja"] and counts["zh"]:
        counts["ja"] += counts.pop("zh")
    return Counter({code: n for code, n in counts.items() if n >= 5 or (n >= 2 and code in ("zh", "ja", "ko"))})
