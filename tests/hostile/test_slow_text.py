"""Fault 38 and ReDoS: text made to take long. Work grows with the length, not with its square; what does not is given up."""

import re
import time
from datetime import date, timedelta

import pytest
from django.test import Client
from pytest_django import Settings

from compliance import checking
from compliance.context import Context
from compliance.engine import check_text
from compliance.models import CheckRun
from compliance.normalise import segment
from healthsocial import clock
from posts.actions.check import run_check
from posts.actions.submit import submit
from posts.diffing import word_diff
from posts.enums import State
from posts.time_limit import TookTooLong, at_most
from tests.conftest import Cast
from tests.posts import moves
from tests.thorough import THOROUGH

SMALL, LARGE = 2_500, 20_000  # characters; the larger is the most a text may hold
# A run that is eight times as long may take eight times as long, and a busy machine adds noise; a square would be 64.
MOST = 8 * 4
# One word of twenty thousand characters full of slashes: spaCy's own tokenizer takes time by the square. It is bounded.
ONE_WORD, BOUND = {"url"}, 10.0
SEEDS = {
    "digits": "1", "spaces": "a ", "blank": " ", "at": "a@", "ats": "@", "dots": "a.", "hash": "#a", "hashes": "#",
    "letters": "a", "camel": "aB", "spaced": "c u r e ", "dashes": "1-", "brackets": "[at] ", "open": "[ ( {",
    "entity": "&#", "entities": "&amp;", "zero-width": "a\u200b", "marks": "e\u0301", "quotes": "q''", "newline": "a\n",
    "phones": "555-", "names": "Maria Gonzalez ", "slashes": "1/1/", "url": "http://", "commas": "1,", "mrn": "MRN 1",
    "cyrillic": "\u0441\u0443", "not": "not ", "cure": "cure ", "guarantee": "guarantee results ", "tags": "#GuaranteedCure",
}  # fmt: skip
CHOSEN = (
    SEEDS
    if THOROUGH
    else {n: SEEDS[n] for n in ("digits", "at", "camel", "spaced", "brackets", "zero-width", "phones")}
)


def seconds(text: str) -> float:
    context = Context(as_of=date(2026, 11, 21))
    start = time.process_time()
    check_text(text, packs=checking.packs(), context=context)
    return time.process_time() - start


@pytest.mark.parametrize("name", CHOSEN)
def test_the_engine_takes_time_by_length_and_not_by_its_square(name: str) -> None:
    seed = SEEDS[name]
    seconds("Our flu clinic opens.")  # loads the engine
    small = min(seconds((seed * SMALL)[:SMALL]) for _try in range(2))
    large = min(seconds((seed * LARGE)[:LARGE]) for _try in range(2))
    assert large < (BOUND if name in ONE_WORD else max(0.4, small * MOST)), (
        f"{small:.3f} s for {SMALL}, {large:.3f} s for {LARGE} characters"
    )


def test_the_measure_sees_a_square() -> None:
    """The control: a step that looks at every earlier character at each character fails the same comparison."""

    def square(length: int) -> float:
        start = time.process_time()
        sum(len(set("x" * at)) for at in range(0, length, 10))
        return time.process_time() - start

    assert square(LARGE) > square(SMALL) * MOST


def test_a_spaced_word_of_any_length_is_still_read() -> None:
    """What the mend of the quadratic step must not lose."""
    words = frozenset({"cure", "guaranteed"})
    assert segment("guaranteedcure", words) == ["guaranteed", "cure"]
    assert segment("acure", words) == ["a", "cure"]
    assert segment("guaranteedxcure", words) == []
    assert segment("a" * 9_000, words) == []  # small words only
    assert segment("a" * 9_000 + "cure", words)[-1] == "cure"


# --- what takes too long is not checked, and not checked is not clean ---------------------------------------------------
def test_a_pattern_that_would_run_for_years_is_given_up() -> None:
    started = time.monotonic()
    with pytest.raises(TookTooLong), at_most(0.2):
        re.match(r"^(a+)+$", "a" * 40 + "b")
    assert time.monotonic() - started < 20


@pytest.mark.django_db
def test_a_check_that_takes_too_long_ends_as_could_not_check(cast: Cast, settings: Settings) -> None:
    settings.CHECK_TIME_LIMIT_SECONDS = 0.000_1
    post = moves.draft(cast, "Ask Maria Gonzalez how it went. " * 50)
    submit(post.pk, by=cast.alice)
    for _try in range(settings.CHECK_MAX_ATTEMPTS):
        run = CheckRun.objects.get(thread=post.pk)
        CheckRun.objects.filter(pk=run.pk).update(next_attempt_at=clock.now() - timedelta(minutes=1))
        assert run_check(run.pk) == "failed"
    post = moves.fresh(post)
    assert (post.state, post.reason_code) == (State.CHANGES_REQUESTED, "could_not_check")
    assert CheckRun.objects.get(thread=post.pk).state == "could_not_check"


@pytest.mark.django_db
def test_with_time_enough_the_same_text_is_checked(cast: Cast) -> None:
    """The control."""
    post = moves.in_review(cast, "Ask Maria Gonzalez how it went. " * 50)
    assert CheckRun.objects.get(thread=post.pk).state == "complete"


# --- comparing and searching ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("seed", ["a b ", "ab", "a\n", "\n", " ", "\u0301", "<", "a\u200b"])
def test_comparing_two_long_texts_takes_bounded_time(seed: str) -> None:
    old, new = (seed * LARGE)[:LARGE], ("x" + seed * LARGE)[: LARGE - 1] + "y"
    started = time.process_time()
    changes = word_diff(old, new)
    assert time.process_time() - started < 5
    assert "".join(change.text for change in changes if change.op != "insert") == old
    assert "".join(change.text for change in changes if change.op != "delete") == new


@pytest.mark.django_db
@pytest.mark.parametrize(
    "words", ["%" * 100, "_" * 100, "%a" * 50, "(a+)+" * 20, "\\" * 100, "[a-" * 30, "' OR 1=1 --", '"' * 100]
)
def test_searching_for_a_pattern_looks_for_its_characters(cast: Cast, words: str) -> None:
    """Wagtail CVE-2024-39317: no search text is a pattern, and none takes long."""
    post = moves.draft(cast, "a" * 19_000)
    client = Client()
    client.force_login(cast.alice)
    started = time.process_time()
    got = client.get("/posts/", {"q": words})
    assert time.process_time() - started < 5
    assert got.status_code == 200
    assert str(post.pk) not in got.content.decode()
    assert str(post.pk) in client.get("/posts/", {"q": post.title}).content.decode()  # the control
