"""Case 17: the database dies at the commit of intent and of receipt, or its disk is full."""

from collections.abc import Callable

import pytest
from django.db import Error as DatabaseError
from django.db import connection
from django.db.backends.signals import connection_created
from pytest_django import Settings

from posts import rounds
from posts.actions import deliver as steps
from posts.enums import DeliveryState, State
from posts.models import Delivery
from posts.networks.practice import accepted
from tests.chaos import world
from tests.conftest import Cast
from tests.posts import moves

pytestmark = pytest.mark.usefixtures("real_connections")
D = DeliveryState
INTENT, RECEIPT = 2, 3


@pytest.fixture(autouse=True)
def _own_log(settings: Settings, tmp_path: object) -> None:
    settings.DATA_DIR = tmp_path


def _at_commit(patch: pytest.MonkeyPatch, number: int, hurt: Callable[[], None], *, after: bool = False) -> None:
    """Do something to the database at the n-th commit of a delivery: claim, intent, receipt."""
    count = [0]
    commit = connection.commit

    def counted() -> None:
        count[0] += 1
        if count[0] == number and not after:
            hurt()
        commit()
        if count[0] == number and after:
            hurt()

    patch.setattr(connection, "commit", counted)


def _kill_backend() -> None:
    """Another connection terminates ours, and waits until it is gone."""
    mine = connection.connection.info.backend_pid
    with connection.copy().cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [mine])
        cursor.connection.close()


def deliver_through(patch: pytest.MonkeyPatch, number: int, hurt: Callable[[], None], *, after: bool = False) -> str:
    with patch.context() as hurting:
        _at_commit(hurting, number, hurt, after=after)
        row = Delivery.objects.get()
        try:
            return steps.deliver(row.pk)
        except DatabaseError as error:
            return type(error).__name__
        finally:
            connection.close()  # as Celery does after every task


@pytest.mark.postgres
def test_a_backend_killed_at_the_commit_of_the_intent_sends_nothing(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = world.only(world.due_now(cast, world.practice(cast)))
    assert deliver_through(monkeypatch, INTENT, _kill_backend) == "OperationalError"
    assert accepted(row.channel_id) == []
    assert Delivery.objects.get().state == D.CLAIMED
    world.until_quiet()
    assert Delivery.objects.get().state == D.SENT
    world.all_is_well()


@pytest.mark.postgres
@pytest.mark.parametrize("after", [False, True])
def test_a_backend_killed_at_the_commit_of_the_receipt_loses_nothing(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    """The answer is in our hands, so it is recorded on a new connection at once; committed already, it stays."""
    row = world.only(world.due_now(cast, world.practice(cast)))
    assert deliver_through(monkeypatch, RECEIPT, _kill_backend, after=after) == D.SENT
    assert len(accepted(row.channel_id)) == 1
    assert moves.fresh(row.post).state == State.PUBLISHED
    world.all_is_well()


@pytest.mark.postgres
def test_one_dead_connection_does_not_cost_the_others_their_round(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    world.due_now(cast, world.practice(cast, 4))
    with monkeypatch.context() as hurting:
        _at_commit(hurting, 3, _kill_backend)  # heartbeat, claim, intent
        rounds.run_round()
    states = list(Delivery.objects.values_list("state", flat=True).order_by("state"))
    assert states == [D.CLAIMED, D.SENT, D.SENT, D.SENT]
    world.until_quiet()
    assert world.all_is_well().sent == 4


def _fill(**_signal: object) -> None:
    """SQLite may not take one page more: what a full disk says."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA page_count")
        cursor.execute(f"PRAGMA max_page_count = {cursor.fetchone()[0]}")


def _make_room() -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA max_page_count = 1073741823")


def _full_from(patch: pytest.MonkeyPatch, step: str) -> None:
    """The disk is full from the moment this step begins; free pages are used up before."""
    real = getattr(steps, step)

    def wrapped(*args: object, **kwargs: object) -> object:
        with connection.cursor() as cursor:
            cursor.execute("VACUUM")
        _fill()
        # One event does not always need a new page; what is refused must be refused whole.
        patch.setattr("healthsocial.audit.log.stamp", _long_stamp)
        connection_created.connect(_fill)  # a new connection finds no more room
        return real(*args, **kwargs)

    patch.setattr(steps, step, wrapped)


@pytest.mark.sqlite
@pytest.mark.parametrize("step", ["begin_sending", "keep_outcome"])
def test_a_full_disk_neither_sends_without_intent_nor_loses_a_receipt(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    row = world.only(world.due_now(cast, world.practice(cast)))
    with monkeypatch.context() as full:
        _full_from(full, step)
        with pytest.raises(DatabaseError, match="full"):
            steps.deliver(row.pk)
    sent = step == "keep_outcome"
    assert len(accepted(row.channel_id)) == int(sent)
    connection_created.disconnect(_fill)
    _make_room()
    assert Delivery.objects.get().state == (D.SENDING if sent else D.CLAIMED)
    world.until_quiet()
    assert Delivery.objects.get().state == D.SENT
    assert len(accepted(row.channel_id)) == 1
    world.all_is_well()


def _long_stamp(_moment: object) -> str:
    return "9" * 20_000
