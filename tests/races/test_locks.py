"""The order of locks: authorizations, posts, deliveries, and the audit head last of all, foreign keys included."""

import re
import threading
import time
from functools import partial
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction

from compliance.actions.register import revoke_authorization
from compliance.models import Finding
from healthsocial.audit import log
from healthsocial.audit.log import Actor, Refused, action
from healthsocial.audit.models import Event
from healthsocial.audit.verify import verify_chain
from healthsocial.org.actions.grant_role import grant_role
from healthsocial.org.models import Channel
from healthsocial.org.roles import Role
from posts import canonical
from posts.actions.answer import answer
from posts.actions.channels import disable_channel
from posts.actions.schedule import schedule
from posts.actions.submit import submit
from posts.models import Post, WorkingCopy
from tests.conftest import Cast
from tests.posts import moves, people
from tests.races.together import alone, at_once, codes, hold_head, in_order, rounds

APPS = ("healthsocial", "compliance", "posts")


def test_no_action_locks_out_foreign_keys() -> None:
    """`FOR UPDATE` blocks whoever refers to the row; `FOR NO KEY UPDATE` is enough where no key changes.

    The audit head is exempt: nothing refers to it.
    """
    found = [
        f"{path.relative_to(settings.BASE_DIR)}: {line.strip()}"
        for app in APPS
        for path in sorted(Path(settings.BASE_DIR, app).rglob("*.py"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"select_for_update\((?!.*no_key=True)", line) and "Head.objects" not in line
    ]
    assert found == []


@pytest.mark.postgres
def test_whoever_refers_to_a_locked_row_does_not_deadlock(cast: Cast) -> None:
    """A delivery refers to its channel, an answer to its authorization, a draft to its author."""
    post = moves.approved(cast)
    plan = partial(schedule, post.pk, by=cast.rita, slot=moves.tomorrow())
    record = people.authorization(cast)
    story = people.story(cast, record, text=f"{people.STORY} My patient Wilma Testperson was cured.")
    finding = Finding.objects.filter(run__version=story.current_version_id, severity__in=("warn", "block"))[0]
    say = partial(
        answer, story.pk, finding.pk, by=cast.rita, side="officer", kind="authorised", authorization_id=record.pk
    )
    revoke = partial(revoke_authorization, record.pk, by=cast.priya, words="They changed their mind.")
    give = partial(grant_role, cast.alice, role=Role.SCHEDULER, by=cast.adam)
    pairs = [(plan, partial(disable_channel, cast.harbor.pk, by=cast.adam)), (say, revoke)]
    for pair in [*pairs, (partial(moves.draft, cast), give)]:
        results = in_order(hold_head, *pair)
        assert not [result for result in results if isinstance(result, Exception)], results


@pytest.mark.postgres
def test_control_a_foreign_key_checked_after_the_head_closes_a_circle(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What happens with both guards off: a key-blocking lock, and foreign keys left for the commit."""
    monkeypatch.setattr(log, "_check_foreign_keys", lambda: None)
    post = moves.approved(cast)

    def blocking() -> None:
        with transaction.atomic():
            Channel.objects.select_for_update().get(pk=cast.harbor.pk)
            hold_head()

    results = in_order(hold_head, partial(schedule, post.pk, by=cast.rita, slot=moves.tomorrow()), blocking)
    assert codes(results)["OperationalError"] == 1
    assert "deadlock" in str(next(result for result in results if isinstance(result, Exception)))


def test_writers_with_refusals_make_one_chain_without_a_gap(cast: Cast) -> None:
    turns = rounds(12, 200)

    def write(number: int) -> None:
        for turn in range(turns):
            try:
                with action("test.wrote", actor=Actor("command", "", f"writer {number}")) as act, transaction.atomic():
                    act.record("test.wrote", data={"turn": turn})
                    if turn % 3 == 0:
                        raise Refused()
            except Refused:
                pass

    before = Event.objects.count()
    assert at_once(*[partial(write, n) for n in range(6)]) == [None] * 6
    assert Event.objects.count() - before == 6 * turns
    assert verify_chain().ok


def test_a_submit_that_waits_behind_a_save_freezes_what_was_saved(cast: Cast) -> None:
    """After waiting for the post's lock, everything is read again, not only the locked row."""
    post = moves.draft(cast)
    result: list[object] = []
    thread = threading.Thread(target=lambda: result.append(alone(lambda: submit(post.pk, by=cast.alice))))
    with transaction.atomic():
        Post.objects.select_for_update().get(pk=post.pk)
        thread.start()
        time.sleep(0.3)  # long enough to reach the lock; too short only means that the race was not tried
        WorkingCopy.objects.filter(post=post).update(text="Saved while the submit waited.")
    thread.join(timeout=30)
    version = moves.fresh(post).current_version
    assert version is not None
    assert canonical.read(version)["text"] == "Saved while the submit waited."
