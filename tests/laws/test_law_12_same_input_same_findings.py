"""Law 12: same input, same findings; a run stores what makes it repeatable, and `replay` reproduces it."""

from pathlib import Path

import pytest
from pytest_django import Settings

from compliance.models import CheckRun
from compliance.replay import replay
from posts.actions.submit import submit
from tests.conftest import Cast
from tests.laws.packs import with_rule_on
from tests.posts import moves

pytestmark = pytest.mark.django_db
TEXT = "Results guaranteed in three weeks. Our herbal tea cures arthritis."


def test_a_run_stores_its_digests(cast: Cast) -> None:
    run = CheckRun.objects.get(thread=moves.in_review(cast, TEXT).pk)
    assert {len(d) for d in (run.text_digest, run.context_digest, run.packs_digest, run.engine_digest)} == {64}


def test_replay_reproduces_the_run(cast: Cast) -> None:
    run = CheckRun.objects.get(thread=moves.in_review(cast, TEXT).pk)
    assert replay(run.pk).differences == ()


def test_replay_says_when_the_packs_are_others(cast: Cast, settings: Settings, tmp_path: Path) -> None:
    run = CheckRun.objects.get(thread=moves.in_review(cast, TEXT).pk)
    settings.RULEPACK_DIR = with_rule_on("weeks", tmp_path)
    assert replay(run.pk).differences == ("packs",)


def test_two_posts_with_the_same_words_get_the_same_findings(cast: Cast) -> None:
    first, second = moves.in_review(cast, TEXT), moves.in_review(cast, TEXT)
    rows = [
        list(CheckRun.objects.get(thread=p.pk).findings.values_list("rule_id", "start", "end", "severity"))
        for p in (first, second)
    ]
    assert rows[0] == rows[1]
    assert rows[0]


def test_submitting_again_without_a_change_gives_the_same_findings(cast: Cast) -> None:
    post = moves.in_review(cast, TEXT)
    submit(post.pk, by=cast.alice)
    moves.checks_done(post)
    runs = list(CheckRun.objects.filter(thread=post.pk))
    assert len(runs) == 2
    assert runs[0].text_digest == runs[1].text_digest
    assert list(runs[0].findings.values_list("rule_id", "start")) == list(
        runs[1].findings.values_list("rule_id", "start")
    )
