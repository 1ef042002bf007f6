"""The pipeline finds sentences itself, for speed; they are those of spaCy's sentencizer."""

from datetime import date

import spacy

from compliance.context import Context
from compliance.engine import default_packs
from compliance.normalise import normalise
from compliance.pipeline import SENTENCE_ENDS, pipeline_for

ODD = [
    "",
    "   ",
    "...",
    "No end",
    "One. Two! Three? Four",
    'Wait... what?! (Yes.) "No." end',
    "a\n\nb\n",
    "3.5 mg. Dr. No",
    "\U0001f600! ok\u2026 fine\u3002 done",
    "!! ?? start",
]


def test_sentences_are_those_of_the_sentencizer() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer", config={"punct_chars": list(SENTENCE_ENDS)})
    packs = default_packs()
    pipeline = pipeline_for(packs)
    texts = ODD + [" ".join(rule.flags + rule.passes) for rule in packs.rules]
    for text in texts:
        reading = normalise(text)
        _hits, found = pipeline.analyse(reading, Context(as_of=date(2026, 1, 1)))
        assert found == [(sent.start_char, sent.end_char) for sent in nlp(reading.text).sents]
