"""Small rule packs of the model: real files through the real engine, but quick to load."""

from pathlib import Path

from django.conf import settings

from compliance.packs import load_packs

RULE = """  - id: model.{name}
    flag: {flag}
    severity: {severity}
    hard: {hard}
    message: Uses the word of the rule {name}.
    why: The model says so.
    source: none, this is a test
    status: recalled
    rewrite: Use another word.
    clears_with: [{clears}]
    anchors: [{word}]
    match: {{phrases: [{word}]}}
    flags: ["We say {word} here.", "{word} again"]
    passes: ["We say nothing of the kind.", "Another sentence."]
"""
HEAD = """pack: model
jurisdiction: us
version: "1.0"
title: Rules of the model
maintainers: [HealthSocial]
rules:
"""
RULES = (
    ("warned", "misinformation", "warn", "false", "remove", "bargain"),
    ("blocked", "misinformation", "block", "false", "remove", "miracle"),
    ("story", "patient_story", "block", "false", "authorization, not_identifiable", "volunteer"),
    ("number", "identifier", "block", "true", "remove", "recordnumber"),
)
# What "the rules changed" adds: first a word that no text has, then one that most texts have.
ADDED = (None, "zeppelin", "saturday")


class Packs:
    """The folders, and which one is active."""

    def __init__(self, folder: Path) -> None:
        self.before = settings.RULEPACK_DIR
        self.folders = [self._write(folder / f"packs-{number}", word) for number, word in enumerate(ADDED)]
        self.digests = [load_packs(path).digest for path in self.folders]
        self.missing = folder / "nothing-here"
        self.active = 0

    def _write(self, target: Path, word: str | None) -> Path:
        target.mkdir()
        rules = RULES if word is None else (*RULES, ("added", "misinformation", "warn", "false", "remove", word))
        names = ("name", "flag", "severity", "hard", "clears", "word")
        text = HEAD + "".join(RULE.format(**dict(zip(names, rule, strict=True))) for rule in rules)
        (target / "model.yaml").write_text(text, encoding="utf-8")
        return target

    @property
    def digest(self) -> str:
        return self.digests[self.active]

    def use(self, number: int) -> None:
        self.active = number
        settings.RULEPACK_DIR = self.folders[number]

    def break_down(self) -> None:
        """The checker cannot work: its rules are not where they should be."""
        settings.RULEPACK_DIR = self.missing
