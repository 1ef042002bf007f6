"""Runs in an environment of its own: answers how long presidio-analyzer takes. It must not import our code."""

import json
import sys
import time

import spacy
from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import NerModelConfiguration, SpacyNlpEngine


class Blank(SpacyNlpEngine):
    """A blank pipeline: no model is loaded, as in our engine."""

    def __init__(self) -> None:
        super().__init__(
            models=[{"lang_code": "en", "model_name": "blank"}], ner_model_configuration=NerModelConfiguration()
        )

    def load(self) -> None:
        self.nlp = {"en": spacy.blank("en")}


def main() -> None:
    blank = Blank()
    blank.load()
    analyzer = AnalyzerEngine(nlp_engine=blank, supported_languages=["en"])
    analyzer.analyze(text="Call 212-555-0100.", language="en")
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        found = []
        for _n in range(request["times"]):
            begin = time.process_time()
            analyzer.analyze(text=request["text"], language="en")
            found.append(time.process_time() - begin)
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
