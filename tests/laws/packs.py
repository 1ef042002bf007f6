"""Rule packs with one more rule, so that "the rules changed" is a real change of real files."""

import shutil
from pathlib import Path

from django.conf import settings

RULE = """pack: house_rules
jurisdiction: us
version: "1.0"
title: House rules of the tests
maintainers: [HealthSocial]
rules:
  - id: wording.test
    flag: misinformation
    severity: warn
    message: Uses a word of the test.
    why: The test says so.
    source: none, this is a test
    status: recalled
    rewrite: Use another word.
    clears_with: [remove]
    anchors: [{word}]
    match: {{phrases: [{word}]}}
    flags: ["We say {word} here.", "{word} again"]
    passes: ["We say nothing of the kind.", "Another sentence."]
"""


def with_rule_on(word: str, folder: Path) -> Path:
    """A copy of the shipped packs plus a warning on one word."""
    target = folder / f"packs-{word}"
    shutil.copytree(settings.RULEPACK_DIR, target)
    (target / "house_rules.yaml").write_text(RULE.format(word=word), encoding="utf-8")
    return target
