"""The only module that imports spaCy: a blank English pipeline made of our own components.

Built once per process and packs (the import costs 0.7 s). Texts run inside a memory zone, so the words of a
draft do not stay behind in spaCy's string store; the zone is not thread safe, hence the lock.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import spacy
from spacy import attrs
from spacy.language import Language
from spacy.matcher import Matcher, PhraseMatcher
from spacy.tokens import Doc

from compliance.context import Context
from compliance.detectors import frames, language, lowering, names, patient, patterns
from compliance.detectors.view import Hit, View
from compliance.normalise import Normalised
from compliance.packs import PackSet, Rule

GROUP = "findings"
SENTENCE_ENDS = (".", "!", "?", "\n", "\u2026", "\u3002")
_PYTHON: dict[str, Callable[[Rule, View], Iterator[Hit]]] = {"name": names.find, "story": patient.find}


class Pipeline:
    """The detectors for one set of packs."""

    def __init__(self, packs: PackSet) -> None:
        self.packs = packs
        self.rules = packs.rules
        self.order = {rule.id: number for number, rule in enumerate(self.rules)}
        self.lexicon = frozenset(a for rule in self.rules for a in rule.anchors if a.isalpha())
        self._vocab = {name: frozenset(words) for name, words in packs.vocab.items()}
        self._lock = threading.Lock()
        self.nlp = spacy.blank("en")
        # spaCy searches the whole rest of a word for each suffix: quadratic on a long run of symbols.
        suffix: Callable[[str], Any] = self.nlp.tokenizer.suffix_search
        self.nlp.tokenizer.suffix_search = lambda text: suffix(text[-64:])
        self._matchers = self._token_matchers()
        self._ends = {self.nlp.vocab.strings.add(mark) for mark in SENTENCE_ENDS}
        if self._matchers:  # a token pattern may ask for any attribute, and for the start of a sentence
            self.nlp.add_pipe("sentencizer", config={"punct_chars": list(SENTENCE_ENDS)})
        else:
            self._forget_unused_attributes()
        for name in ("view", "anchors", "rules", "context"):
            self.nlp.add_pipe(f"healthsocial_{name}", config={})
        self._anchors, self._by_anchor = self._index()
        self._warm()

    def analyse(self, reading: Normalised, context: Context) -> tuple[list[Hit], list[tuple[int, int]]]:
        """Hits and sentences of one reading, as plain values; nothing of spaCy leaves."""
        with self._lock, self.nlp.memory_zone():
            doc = self.nlp.make_doc(reading.text)
            doc.user_data["pipeline"] = self
            doc.user_data["text"] = reading.text  # asking the Doc would join its tokens again
            doc.user_data["context"] = context
            doc = self.nlp(doc)
            hits: list[Hit] = doc.user_data["hits"]
            return list(hits), list(doc.user_data["view"].sentences)

    def _warm(self) -> None:
        """Common words enter the store now, outside any zone: they come from the packs, never from a draft."""
        words = [word for terms in self.packs.vocab.values() for term in terms for word in term.split()]
        words += [
            word
            for rule in self.rules
            for text in (*rule.flags, *rule.passes, rule.message, rule.why, rule.rewrite)
            for word in text.split()
        ]
        words += language.function_words()
        for word in dict.fromkeys(words):
            for form in (word, word.capitalize(), word + ",", word + "."):
                self.nlp.make_doc(form)

    def _index(self) -> tuple[PhraseMatcher, dict[str, list[int]]]:
        """Anchor words in one matcher; each says which rules to run."""
        by_anchor: dict[str, list[int]] = {}
        for number, rule in enumerate(self.rules):
            for anchor in rule.anchors:
                by_anchor.setdefault(anchor, []).append(number)
        matcher = PhraseMatcher(self.nlp.vocab, attr="LOWER")
        for anchor in by_anchor:
            if not anchor.startswith("shape:"):
                matcher.add(anchor, [self.nlp.make_doc(anchor)])
        return matcher, by_anchor

    def _forget_unused_attributes(self) -> None:
        """A new word costs as much as its attributes do: only those that anchors and sentences read are kept."""
        kept = (attrs.LOWER, attrs.NORM, attrs.IS_PUNCT, attrs.IS_SPACE)
        getters = self.nlp.vocab.lex_attr_getters
        self.nlp.vocab.lex_attr_getters = {name: getters[name] for name in kept}

    def _token_matchers(self) -> dict[str, Matcher]:
        out: dict[str, Matcher] = {}
        for rule in self.rules:
            if rule.match.kind == "tokens":
                out[rule.id] = Matcher(self.nlp.vocab, validate=True)
                out[rule.id].add(rule.id, [list(pattern) for pattern in rule.match.tokens], greedy="LONGEST")
        return out

    def add_view(self, doc: Doc) -> None:
        rows = doc.to_array([attrs.IDX, attrs.LENGTH, attrs.ORTH, attrs.IS_PUNCT]).tolist()
        tokens = [(start, start + length) for start, length, _orth, _punct in rows]
        sentences = _sentences(tokens, [(orth in self._ends, bool(punct)) for _start, _length, orth, punct in rows])
        doc.user_data["view"] = View(doc.user_data["text"], tokens, sentences, doc.user_data["context"], self._vocab)
        doc.user_data["hits"] = []
        doc.spans[GROUP] = []

    def add_anchors(self, doc: Doc) -> None:
        view: View = doc.user_data["view"]
        view.anchors = {self.nlp.vocab.strings[key] for key, _, _ in self._anchors(doc)} | view.shapes

    def run_rules(self, doc: Doc) -> None:
        view: View = doc.user_data["view"]
        numbers = sorted({number for anchor in view.anchors for number in self._by_anchor.get(anchor, ())})
        for number in numbers:
            rule = self.rules[number]
            if _dropped(rule, view):
                continue
            for hit in self._hits(rule, view, doc):
                self._keep(doc, hit)

    def _hits(self, rule: Rule, view: View, doc: Doc) -> Iterator[Hit]:
        kind = rule.match.kind
        if kind == "detector":
            return _PYTHON[rule.match.detector](rule, view)
        if kind == "all_of":
            return frames.find(rule, view)
        if kind == "tokens":
            return self._token_hits(rule, view, doc)
        return patterns.find(rule, view)

    def _token_hits(self, rule: Rule, view: View, doc: Doc) -> Iterator[Hit]:
        if view.applies(rule.match):
            for span in self._matchers[rule.id](doc, as_spans=True):
                if not view.excused(rule.match, span.start_char):
                    yield Hit(rule, span.start_char, span.end_char, rule.severity)

    def _keep(self, doc: Doc, hit: Hit) -> None:
        """The span group may overlap and carries the rule id; exact offsets stay in the hit beside it."""
        span = doc.char_span(hit.start, hit.end, label=hit.rule.flag, span_id=hit.rule.id, alignment_mode="expand")
        if span is not None:
            doc.spans[GROUP].append(span)
            doc.user_data["hits"].append(hit)

    def judge(self, doc: Doc) -> None:
        view: View = doc.user_data["view"]
        doc.user_data["hits"] = [_judged(hit, view) for hit in doc.user_data["hits"]]


def _dropped(rule: Rule, view: View) -> bool:
    """Asked before the rule is run: what it would find does not count in a text that speaks of no patient."""
    return rule.match.alone == "drop" and not patient.about_a_patient(view)


def _sentences(tokens: list[tuple[int, int]], marks: list[tuple[bool, bool]]) -> list[tuple[int, int]]:
    """Ranges of the sentences; `marks` says of each token whether it ends a sentence and whether it is punctuation.

    spaCy's sentencizer, without a Python object per token: a sentence begins at the first word behind an end.
    """
    starts, ended = [0], False
    for number, (ends, punct) in enumerate(marks):
        if ended and not punct and not ends:
            starts.append(number)
            ended = False
        elif ends:
            ended = True
    bounds = [*starts, len(tokens)]
    return [(tokens[a][0], tokens[b - 1][1]) for a, b in itertools.pairwise(bounds) if b > a]


def _judged(hit: Hit, view: View) -> Hit:
    """Severity after context. Hard identifiers are never lowered."""
    if hit.rule.hard or hit.severity == "note":
        return hit
    note = lowering.lower(hit, view)
    if not note and hit.rule.match.alone == "note" and not patient.about_a_patient(view):
        note = "lowered: nothing here speaks of a patient"
    return Hit(hit.rule, hit.start, hit.end, "note", note) if note else hit


def _component(name: str, step: Callable[[Pipeline, Doc], None]) -> None:
    def factory(nlp: Language, name: str) -> Any:
        def run(doc: Doc) -> Doc:
            step(doc.user_data["pipeline"], doc)
            return doc

        return run

    Language.factory(f"healthsocial_{name}", func=factory)


_component("view", Pipeline.add_view)
_component("anchors", Pipeline.add_anchors)
_component("rules", Pipeline.run_rules)
_component("context", Pipeline.judge)


_build_lock = threading.Lock()


@lru_cache(maxsize=4)
def _pipeline(digest: str, holder: _Packs) -> Pipeline:
    return Pipeline(holder.packs)


class _Packs:
    """Hashable holder: packs are equal when their digests are."""

    def __init__(self, packs: PackSet) -> None:
        self.packs = packs

    def __hash__(self) -> int:
        return hash(self.packs.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Packs) and other.packs.digest == self.packs.digest


def pipeline_for(packs: PackSet) -> Pipeline:
    """The pipeline of these packs, built once per process."""
    with _build_lock:
        return _pipeline(packs.digest, _Packs(packs))
