"""Several connections at the same moment: started together, or each where the test wants it to wait."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import connection, transaction

from healthsocial.audit.log import Refused
from healthsocial.audit.models import Event, Head
from posts.models import Post
from tests.thorough import THOROUGH, times

Step = Callable[[], object]


def rounds(usual: int, thorough: int) -> int:
    """As `times`, but fewer in the usual suite on SQLite, whose writers come one after the other anyway."""
    few = connection.vendor == "sqlite" and not THOROUGH
    return max(2, usual // 4) if few else times(usual, thorough)


def alone(step: Step) -> object:
    """Run a step on this thread's own connection; its result, or the exception it raised."""
    try:
        return step()
    except Exception as error:  # noqa: BLE001  handed to the test, which says exactly what it expects
        return error
    finally:
        connection.close()


def at_once(*steps: Step) -> list[object]:
    """Run the steps on connections of their own, let go together; results or exceptions, in order."""
    gate = threading.Barrier(len(steps))

    def run(step: Step) -> object:
        gate.wait(timeout=30)
        return alone(step)

    with ThreadPoolExecutor(len(steps)) as pool:
        return [future.result(timeout=120) for future in [pool.submit(run, step) for step in steps]]


def in_order(hold: Step, *steps: Step, then: Step | None = None) -> list[object]:
    """While this connection holds a row, start the steps one by one, each when those before it wait; then let go.

    PostgreSQL only: it alone can say who waits. That it waits is part of the test: a step that finishes before it came
    to a lock is a TimeoutError here, so no race goes untried. `then` is done under the held row, before letting go.
    """
    with ThreadPoolExecutor(len(steps)) as pool:
        with transaction.atomic():
            hold()
            outcomes = []
            for count, step in enumerate(steps, start=1):
                outcomes.append(pool.submit(alone, step))
                _until_waiting(count)
            if then is not None:
                then()
        return [outcome.result(timeout=60) for outcome in outcomes]


def hold_head() -> object:
    """The last lock of every action: whoever waits for it has passed all its checks and holds all its other locks."""
    Head.objects.get_or_create(id=1)
    return Head.objects.select_for_update().get(id=1)


def hold_post(post: Post) -> Step:
    return lambda: Post.objects.select_for_update().get(pk=post.pk)


def _until_waiting(count: int) -> None:
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
        time.sleep(0.01)
    raise TimeoutError("a step did not come to a lock")


def codes(results: list[object]) -> Counter[str]:
    """How often each outcome came: the first reason's code of a refusal, else the name of the type."""
    return Counter(r.reasons[0].code if isinstance(r, Refused) else type(r).__name__ for r in results)


def events(target: object, *verbs: str) -> list[str]:
    """Verbs about one thing in the order of the chain; all of them, or those named."""
    found = Event.objects.filter(target_id=str(getattr(target, "pk", target))).order_by("seq")
    return list((found.filter(verb__in=verbs) if verbs else found).values_list("verb", flat=True))


def seq_of(target: object, verb: str) -> int:
    """Where in the chain the one event of this kind stands."""
    return Event.objects.values_list("seq", flat=True).get(target_id=str(getattr(target, "pk", target)), verb=verb)
