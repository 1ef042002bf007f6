"""Two people at the same moment: the second one sees what the first one did."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from healthsocial.audit.log import Refused
from healthsocial.audit.models import Head
from healthsocial.audit.verify import verify_chain
from healthsocial.org.actions.deactivate_person import deactivate_person
from healthsocial.org.actions.end_grant import end_grant
from healthsocial.org.actions.invite_person import invite_person
from healthsocial.org.actions.redeem_link import redeem_link
from healthsocial.org.actions.reset_link import reset_link
from healthsocial.org.guards import other_administrators
from healthsocial.org.links import token_digest
from healthsocial.org.models import User
from healthsocial.org.queries import open_link, organisation
from healthsocial.org.roles import Role
from tests.conftest import Cast, give

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def at_once(*calls: Callable[[], object]) -> list[str]:
    """Start all calls together; "done" or the reason codes of each, in order.

    The audit head is held meanwhile, so that no call can finish before every call has come as far as it gets: without
    a lock of their own they would all have passed their checks by then.
    """

    def one(call: Callable[[], object]) -> str:
        try:
            call()
            return "done"
        except Refused as refusal:
            return ",".join(reason.code for reason in refusal.reasons)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        with transaction.atomic():
            Head.objects.select_for_update().get(id=1)
            outcomes = [pool.submit(one, call) for call in calls]
            _wait_until_waiting(len(calls))
        return [outcome.result(timeout=20) for outcome in outcomes]


def _wait_until_waiting(count: int) -> None:
    """Until so many other connections of this database wait for a lock."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")  # inside a transaction the view does not move by itself
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone()[0] >= count:
                return
        time.sleep(0.02)
    raise TimeoutError("the calls did not come to a lock")


@pytest.fixture
def two(real_connections: None, cast: Cast) -> tuple[User, User]:
    """Two administrators of everything."""
    organisation()
    Head.objects.get_or_create(id=1)
    give(cast.rita, Role.ADMINISTRATOR)
    return cast.adam, cast.rita


def test_two_administrators_who_remove_each_other_leave_one(two: tuple[User, User]) -> None:
    adam, rita = two
    outcome = at_once(lambda: deactivate_person(rita, by=adam), lambda: deactivate_person(adam, by=rita))
    assert sorted(outcome) == ["done", "not_allowed"]
    assert other_administrators()
    assert verify_chain().ok


def test_two_administrators_who_step_down_leave_one(two: tuple[User, User]) -> None:
    adam, rita = two
    grants = [person.grants.get(role=Role.ADMINISTRATOR) for person in (adam, rita)]
    outcome = at_once(lambda: end_grant(grants[0], by=adam), lambda: end_grant(grants[1], by=rita))
    assert sorted(outcome) == ["done", "last_administrator"]
    assert other_administrators()


def test_a_link_used_twice_at_once_sets_one_password(two: tuple[User, User], cast: Cast) -> None:
    link = open_link(token_digest(reset_link(cast.nobody, by=cast.adam)))
    assert link is not None
    passwords = ("seven quiet harbour lanterns", "eight quiet harbour lanterns")
    outcome = at_once(*(lambda password=word: redeem_link(link, password=password) for word in passwords))
    assert sorted(outcome) == ["done", "link_dead"]
    assert User.objects.get(pk=cast.nobody.pk).check_password(passwords[outcome.index("done")])


def test_one_address_invited_twice_at_once_is_one_person(two: tuple[User, User]) -> None:
    outcome = at_once(*(lambda by=by: invite_person(email="new@example.org", name="Newcomer", by=by) for by in two))
    assert sorted(outcome) == ["done", "email_in_use"]
    assert verify_chain().ok
