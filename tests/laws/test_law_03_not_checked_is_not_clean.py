"""Law 3: not checked is not clean."""

import signal
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from pytest_django import Settings

from compliance.actions.runs import claim_run
from compliance.enums import OPEN_RUN_STATES, RunState, Severity
from compliance.models import CheckRun, Finding
from healthsocial import clock
from healthsocial.audit.log import Refused
from healthsocial.org.models import Alert
from posts import rounds
from posts.actions.answer import answer
from posts.actions.approve import approve
from posts.actions.check import run_check
from posts.actions.submit import submit
from posts.enums import State
from posts.models import Post
from posts.time_limit import TookTooLong, at_most
from tests.conftest import PASSWORD, Cast
from tests.posts import moves

pytestmark = pytest.mark.django_db
# The test tools have a callback of the garbage collector, in which an alarm may be lost as in any other.
swallowing = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

SPANISH = "La clínica de la gripe abre el sábado. Venga entre las nueve y las doce; no necesita cita previa."


def _try_all(post: Post) -> list[str]:
    """Run the open check until it is settled, moving each next try to now."""
    states: list[str] = []
    for _n in range(5):
        CheckRun.objects.filter(thread=post.pk, state__in=OPEN_RUN_STATES).update(next_attempt_at=clock.now())
        for run in CheckRun.objects.filter(thread=post.pk, state__in=OPEN_RUN_STATES):
            run_check(run.pk)
            states.append(CheckRun.objects.get(pk=run.pk).state)
    return states


@pytest.fixture
def broken_checker(settings: Settings, tmp_path: Path) -> Path:
    """Rule packs that are not there: the real engine fails to load them."""
    settings.RULEPACK_DIR = tmp_path / "no-packs"
    return tmp_path


def test_a_checker_that_fails_three_times_blocks_with_could_not_check(cast: Cast, broken_checker: Path) -> None:
    post = moves.draft(cast)
    submit(post.pk, by=cast.alice)
    assert _try_all(post) == [RunState.ERROR, RunState.ERROR, RunState.COULD_NOT_CHECK]
    after = moves.fresh(post)
    assert (after.state, after.reason_code) == (State.CHANGES_REQUESTED, "could_not_check")
    assert list(Alert.objects.values_list("kind", "target_id", "resolved_at")) == [("checker_down", str(post.pk), None)]


def test_between_the_tries_the_post_stays_in_checking(cast: Cast, broken_checker: Path) -> None:
    post = moves.draft(cast)
    submit(post.pk, by=cast.alice)
    run = CheckRun.objects.get(thread=post.pk)
    assert run_check(run.pk) == "failed"
    run.refresh_from_db()
    assert (moves.fresh(post).state, run.state, run.attempt) == (State.CHECKING, RunState.ERROR, 1)
    assert run.next_attempt_at > clock.now()
    assert run_check(run.pk) == "not_ours"


def test_check_again_works_when_the_checker_is_back(cast: Cast, settings: Settings, tmp_path: Path) -> None:
    good = django_settings.RULEPACK_DIR
    settings.RULEPACK_DIR = tmp_path / "no-packs"
    post = moves.draft(cast)
    submit(post.pk, by=cast.alice)
    _try_all(post)
    settings.RULEPACK_DIR = good
    submit(post.pk, by=cast.alice)
    assert moves.checks_done(post).state == State.IN_REVIEW
    assert not Alert.objects.filter(resolved_at__isnull=True).exists()


def test_an_empty_pack_is_an_error_not_a_pass(cast: Cast, settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    settings.RULEPACK_DIR = folder
    post = moves.draft(cast)
    submit(post.pk, by=cast.alice)
    assert run_check(CheckRun.objects.get(thread=post.pk).pk) == "failed"


def test_an_unread_language_needs_a_named_persons_word(cast: Cast) -> None:
    post = moves.in_review(cast, SPANISH)
    finding = Finding.objects.get(run__thread=post.pk, flag="not_checked")
    assert (finding.severity, finding.field) == (Severity.WARN, "base")
    assert post.current_version_id is not None
    with pytest.raises(Refused) as refused:
        approve(post.pk, by=cast.rita, version_id=post.current_version_id, password=PASSWORD)
    assert "finding_unanswered" in [reason.code for reason in refused.value.reasons]
    for open_finding in Finding.objects.filter(run__thread=post.pk).exclude(severity=Severity.NOTE):
        answer(
            post.pk, open_finding.pk, by=cast.rita, side="officer", kind="accepted", words="I read Spanish; it is fine."
        )
    approve(post.pk, by=cast.rita, version_id=post.current_version_id, password=PASSWORD)
    assert moves.fresh(post).state == State.APPROVED


def test_a_late_result_of_an_older_version_moves_nothing(cast: Cast) -> None:
    post = moves.draft(cast)
    submit(post.pk, by=cast.alice)
    old = CheckRun.objects.get(thread=post.pk)
    from posts.actions.copy import content_of
    from posts.actions.edit import Content, save_post

    now = moves.fresh(post)
    save_post(
        post.pk,
        by=cast.alice,
        edit_no=now.edit_no,
        content=Content(**{**content_of(now).__dict__, "text": "Newer words."}),
    )
    submit(post.pk, by=cast.alice)
    assert run_check(old.pk) == "not_ours"
    old.refresh_from_db()
    assert (old.state, moves.fresh(post).state) == (RunState.SUPERSEDED, State.CHECKING)


def test_a_check_whose_worker_died_is_taken_again_after_its_lease(cast: Cast) -> None:
    post = moves.draft(cast)
    submit(post.pk, by=cast.alice)
    run = CheckRun.objects.get(thread=post.pk)
    assert claim_run(run.pk) is not None
    assert run_check(run.pk) == "not_ours"
    CheckRun.objects.filter(pk=run.pk).update(lease_until=datetime.now(UTC) - timedelta(seconds=1))
    assert run_check(run.pk) == "checked"
    assert moves.fresh(post).state == State.IN_REVIEW


def _worker_dies(run: CheckRun) -> bool:
    """Somebody claims the run and is never heard of again; False when the claim was refused."""
    claimed = claim_run(run.pk)
    CheckRun.objects.filter(pk=run.pk).update(lease_until=datetime.now(UTC) - timedelta(seconds=1))
    return claimed is not None


def test_a_check_that_kills_its_worker_every_time_ends_in_could_not_check(cast: Cast, settings: Settings) -> None:
    settings.BROKER_CONFIGURED = False  # dispatch does the work itself
    post = moves.draft(cast)
    submit(post.pk, by=cast.alice)
    run = CheckRun.objects.get(thread=post.pk)
    assert [_worker_dies(run) for _n in range(5)] == [True, True, True, False, False]
    assert moves.fresh(post).state == State.CHECKING
    rounds.run_round()  # dispatch finds it
    run.refresh_from_db()
    after = moves.fresh(post)
    assert (run.state, run.error_code) == (RunState.COULD_NOT_CHECK, "died")
    assert (after.state, after.reason_code) == (State.CHANGES_REQUESTED, "could_not_check")
    assert list(Alert.objects.values_list("kind", "target_id", "code")) == [("checker_down", str(post.pk), "died")]


@swallowing
def test_a_check_that_takes_too_long_is_a_failed_try(cast: Cast, settings: Settings) -> None:
    moves.in_review(cast)  # the packs are loaded
    type(cast.harbor).objects.update(character_limit=20_000)
    post = moves.draft(cast, "A long notice about the flu clinic. " * 500)
    submit(post.pk, by=cast.alice)
    run = CheckRun.objects.get(thread=post.pk)
    handler = signal.getsignal(signal.SIGALRM)
    settings.CHECK_TIME_LIMIT_SECONDS = 0.02
    assert run_check(run.pk) == "failed"
    run.refresh_from_db()
    assert (run.state, run.error_code.rpartition(":")[2]) == (RunState.ERROR, "TookTooLong")
    assert (signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)) == (handler, (0.0, 0.0))
    settings.CHECK_TIME_LIMIT_SECONDS = 30
    CheckRun.objects.filter(pk=run.pk).update(next_attempt_at=clock.now())
    assert run_check(run.pk) == "checked"


@swallowing
def test_an_alarm_that_python_swallows_rings_again() -> None:
    class Slow:
        def __del__(self) -> None:
            end = time.monotonic() + 0.1
            while time.monotonic() < end:
                pass

    def work() -> None:
        Slow()  # its finalizer runs here, and the first alarms are lost in it
        time.sleep(5)

    with pytest.raises(TookTooLong), at_most(0.01):
        work()


def test_outside_the_main_thread_there_is_no_limit_and_no_error() -> None:
    seen: list[str] = []

    def work() -> None:
        with at_most(0.001):
            time.sleep(0.01)
        seen.append("done")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == ["done"]
    with pytest.raises(TookTooLong), at_most(0.001):
        time.sleep(5)
