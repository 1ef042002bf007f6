"""Checks that finish late, twice, or after the words or the rules changed: a result belongs to the words it read."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from pytest_django import Settings

from compliance import checking
from compliance.dependents import TextUnit
from compliance.enums import RunState
from compliance.models import CheckRun, Finding
from healthsocial.audit.log import Refused
from posts.actions.approve import approve
from posts.actions.check import run_check
from posts.actions.copy import content_of
from posts.actions.edit import Content, save_post
from posts.actions.recheck import recheck_everything_outdated
from posts.actions.submit import submit
from posts.enums import State
from posts.models import Post
from tests.conftest import PASSWORD, Cast
from tests.laws.packs import with_rule_on
from tests.posts import moves
from tests.races.together import alone, events

CURES = "Our tincture cures arthritis. Our flu clinic opens on Saturday."
RUNS = ("check.completed", "post.pass_checks", "post.block")


class Slow:
    """The real examination of versions that are to be slow, finished when the test says so."""

    def __init__(self) -> None:
        self.real = checking.examine
        self.reading, self.go_on = threading.Event(), threading.Event()
        self.pool = ThreadPoolExecutor(1)

    def __call__(self, unit: TextUnit, **options: object) -> checking.Examination:
        result = self.real(unit, **options)  # type: ignore[arg-type]
        if threading.current_thread() is not threading.main_thread():
            self.reading.set()
            assert self.go_on.wait(timeout=60)
        return result

    def start(self, run: UUID) -> "Future[object]":
        outcome = self.pool.submit(alone, lambda: run_check(run))
        assert self.reading.wait(timeout=60)
        return outcome


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slow]:
    examine = Slow()
    monkeypatch.setattr(checking, "examine", examine)
    yield examine
    examine.go_on.set()
    examine.pool.shutdown()


def open_run_of(post: Post) -> UUID:
    return CheckRun.objects.filter(thread=post.pk).order_by("-turn").values_list("pk", flat=True)[0]


def submitted(cast: Cast, text: str) -> Post:
    post = moves.draft(cast, text)
    submit(post.pk, by=cast.alice)
    return moves.fresh(post)


def change_and_submit(cast: Cast, post: Post, text: str) -> Post:
    content = Content(**{**content_of(post).__dict__, "text": text})
    save_post(post.pk, by=cast.alice, edit_no=post.edit_no, content=content)
    submit(post.pk, by=cast.alice)
    return moves.fresh(post)


def test_a_check_of_the_old_words_says_nothing_about_the_new_ones(cast: Cast, slow: Slow) -> None:
    """Version 1 is still being read when version 2 is submitted; its result comes before and after that of version 2."""
    for late in (True, False):
        slow.reading.clear()
        slow.go_on.clear()
        post = submitted(cast, CURES)
        old = slow.start(open_run_of(post))
        post = change_and_submit(cast, post, moves.CLEAN)
        new = open_run_of(post)
        if not late:
            slow.go_on.set()
            assert old.result(timeout=60) == "lost"
            assert moves.fresh(post).state == State.CHECKING
        assert run_check(new) == "checked"
        slow.go_on.set()
        assert old.result(timeout=60) == "lost"
        assert moves.fresh(post).state == State.IN_REVIEW
        assert events(post, *RUNS) == ["check.completed", "post.pass_checks"]
        assert set(Finding.objects.filter(run__thread=post.pk).values_list("run", flat=True)) <= {new}
    # Control: those words by themselves are stopped, so the old result would have been seen.
    assert moves.checks_done(submitted(cast, CURES)).state == State.CHANGES_REQUESTED


def test_a_try_whose_lease_ran_out_does_not_answer_again(cast: Cast, slow: Slow) -> None:
    """Two tries of one run finish in reverse order: the fence takes the newer one."""
    post = submitted(cast, CURES)
    run = open_run_of(post)
    first = slow.start(run)
    CheckRun.objects.filter(pk=run).update(lease_until=datetime.now(UTC) - timedelta(seconds=1))
    assert run_check(run) == "checked"
    found = Finding.objects.filter(run=run).count()
    slow.go_on.set()
    assert first.result(timeout=60) == "lost"
    assert (found > 0, Finding.objects.filter(run=run).count()) == (True, found)
    assert CheckRun.objects.get(pk=run).attempt == 2
    assert events(post, *RUNS) == ["check.completed", "post.block"]


def test_the_rules_change_while_a_check_is_read(cast: Cast, slow: Slow, settings: Settings, tmp_path: Path) -> None:
    """The old rules' result may move the post to review, but nobody can approve on it; the recheck finds the new rule."""
    post = submitted(cast, moves.CLEAN)
    check = slow.start(open_run_of(post))
    settings.RULEPACK_DIR = with_rule_on("clinic", tmp_path)
    slow.go_on.set()
    assert check.result(timeout=60) == "checked"
    post = moves.fresh(post)
    assert post.state == State.IN_REVIEW
    refusal = refused(lambda: approve(post.pk, by=cast.rita, version_id=post.current_version_id, password=PASSWORD))  # type: ignore[arg-type]
    assert refusal == "check_outdated"
    assert recheck_everything_outdated() == 1
    moves.checks_done(post)
    newest = CheckRun.objects.get(pk=open_run_of(post))
    assert newest.state == RunState.COMPLETE
    assert "house_rules/wording.test" in newest.findings.values_list("rule_id", flat=True)


def refused(step: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refusal:
        step()
    return refusal.value.reasons[0].code
