"""Races with real connections: one winner, and the loser told why. Each has a control that shows the race is real."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from uuid import UUID

import pytest
from django.db import OperationalError, connection, transaction

from compliance.actions.register import add_subject
from compliance.models import Authorization
from healthsocial.audit.log import Actor, Refused, action
from healthsocial.audit.models import Event
from healthsocial.audit.verify import verify_chain
from healthsocial.org.actions.deactivate_person import deactivate_person
from healthsocial.org.queries import organisation
from posts import canonical
from posts.actions.approve import approve
from posts.actions.decide import reject
from posts.actions.deliver import claim_delivery, deliver
from posts.actions.schedule import schedule
from posts.actions.submit import submit
from posts.enums import DeliveryState, State
from posts.models import Delivery, LocalPublication, Post, WorkingCopy
from tests.conftest import PASSWORD, Cast
from tests.posts import moves, people

pytestmark = pytest.mark.usefixtures("real_connections")


def at_once(*steps: Callable[[], object]) -> list[object]:
    """Run the steps on connections of their own, started together; returns results or the exceptions raised."""
    gate = threading.Barrier(len(steps))
    results: list[object] = [None] * len(steps)

    def run(number: int, step: Callable[[], object]) -> None:
        gate.wait()
        try:
            results[number] = step()
        except (Refused, OperationalError) as error:
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(steps)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return results


def codes(results: list[object]) -> Counter[str]:
    return Counter(r.reasons[0].code if isinstance(r, Refused) else type(r).__name__ for r in results)


def test_approve_and_reject_at_once_have_one_winner(cast: Cast) -> None:
    for _n in range(5):
        post = moves.in_review(cast)
        version = post.current_version_id
        assert version is not None
        results = at_once(
            lambda pk=post.pk, v=version: approve(pk, by=cast.rita, version_id=v, password=PASSWORD),  # type: ignore[misc]
            lambda pk=post.pk, v=version: reject(
                pk, by=cast.rob, version_id=v, reason="other", words="We said this already."
            ),  # type: ignore[misc]
        )
        assert codes(results) == {"Post": 1, "wrong_state": 1}
        verbs = Event.objects.filter(target_id=str(post.pk), verb__in=("post.approve", "post.reject"))
        assert verbs.count() == 1


def test_eight_submits_are_one_transition(cast: Cast) -> None:
    post = moves.draft(cast)
    results = at_once(*[lambda: submit(post.pk, by=cast.alice)] * 8)
    assert codes(results) == {"Post": 1, "wrong_state": 7}
    assert Event.objects.filter(target_id=str(post.pk), verb="post.submit").count() == 1


def test_four_workers_on_the_same_deliveries_publish_each_once(cast: Cast) -> None:
    posts = [moves.approved(cast, f"Notice number {n} about the flu clinic.") for n in range(4)]
    for post in posts:
        schedule(post.pk, by=cast.rita, publish_now=True)
    ids = list(Delivery.objects.values_list("pk", flat=True))

    def work() -> list[str]:
        return [deliver(pk) for pk in ids]

    results = at_once(*[work] * 4)
    outcomes = Counter(outcome for result in results if isinstance(result, list) for outcome in result)
    assert outcomes == {DeliveryState.SENT: 4, "not_ours": 12}
    assert LocalPublication.objects.count() == 4
    assert {moves.fresh(post).state for post in posts} == {State.PUBLISHED}


def test_control_without_the_conditional_update_several_would_claim(cast: Cast) -> None:
    post = moves.approved(cast)
    schedule(post.pk, by=cast.rita, publish_now=True)
    pk = Delivery.objects.get(post=post).pk
    gate = threading.Barrier(4)

    def careless(delivery: UUID = pk) -> bool:
        seen = Delivery.objects.get(pk=delivery).state
        gate.wait()
        return seen == DeliveryState.DUE

    assert at_once(*[careless] * 4) == [True] * 4
    assert [claim is not None for claim in at_once(*[lambda: claim_delivery(pk)] * 4)].count(True) == 1


def test_writers_with_refusals_make_one_chain_without_a_gap(cast: Cast) -> None:
    def write(number: int) -> None:
        for turn in range(12):
            try:
                with action("test.wrote", actor=Actor("command", "", f"writer {number}")) as act, transaction.atomic():
                    act.record("test.wrote", data={"turn": turn})
                    if turn % 3 == 0:
                        raise Refused()
            except Refused:
                pass

    before = Event.objects.count()
    assert at_once(*[lambda n=n: write(n) for n in range(6)]) == [None] * 6  # type: ignore[misc]
    assert Event.objects.count() - before == 6 * 12
    assert verify_chain().ok


def test_a_submit_that_waits_behind_a_save_freezes_what_was_saved(cast: Cast) -> None:
    """After waiting for the post's lock, everything is read again, not only the locked row."""
    post = moves.draft(cast)
    result: list[object] = []

    def late() -> None:
        result.append(submit(post.pk, by=cast.alice))
        connection.close()

    thread = threading.Thread(target=late)
    with transaction.atomic():
        Post.objects.select_for_update().get(pk=post.pk)
        thread.start()
        time.sleep(0.5)  # long enough to reach the lock; too short only means that the race was not tried
        WorkingCopy.objects.filter(post=post).update(text="Saved while the submit waited.")
    thread.join(timeout=30)
    version = moves.fresh(post).current_version
    assert version is not None
    assert canonical.read(version)["text"] == "Saved while the submit waited."


@pytest.mark.postgres
def test_a_leaver_who_waits_on_the_lock_cannot_approve(cast: Cast) -> None:
    post = moves.in_review(cast)
    version = post.current_version_id
    assert version is not None
    result: list[str] = []

    def late() -> None:
        try:
            approve(post.pk, by=cast.rita, version_id=version, password=PASSWORD)
            result.append("approved")
        except Refused as refused:
            result.append(refused.reasons[0].code)
        finally:
            connection.close()

    organisation()
    thread = threading.Thread(target=late)
    with transaction.atomic():
        Post.objects.select_for_update().get(pk=post.pk)
        thread.start()
        time.sleep(0.5)
        deactivate_person(cast.rita, by=cast.adam)
    thread.join(timeout=30)
    assert result == ["role_missing"]


def test_wrong_passwords_tried_side_by_side_are_all_counted(cast: Cast) -> None:
    post = moves.in_review(cast)
    version = post.current_version_id
    assert version is not None
    tries = [lambda: approve(post.pk, by=cast.rita, version_id=version, password="wrong") for _n in range(12)]
    assert codes(at_once(*tries)) == {"signature_wrong": 5, "signature_paused": 7}
    assert Event.objects.filter(verb="post.approve.refused").count() == 12
    with pytest.raises(Refused) as refused:
        approve(post.pk, by=cast.rita, version_id=version, password=PASSWORD)
    assert (refused.value.reasons[0].code, refused.value.status) == ("signature_paused", 429)
    # Somebody else's tries are their own.
    approve(post.pk, by=cast.rob, version_id=version, password=PASSWORD)
    assert moves.fresh(post).state == State.APPROVED


def test_authorizations_registered_side_by_side_have_numbers_of_their_own(cast: Cast) -> None:
    subject = add_subject(by=cast.priya, kind="patient")
    results = at_once(*[lambda: people.authorization(cast, subject) for _n in range(6)])
    assert sorted(record.number for record in results if isinstance(record, Authorization)) == [*range(1001, 1007)]
    assert verify_chain().ok
