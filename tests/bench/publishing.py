"""Publishing with real processes: how late the last of a thousand is, and what one costs beside a task that does nothing.

PostgreSQL, a private Redis, `manage.py dispatch`, and Celery workers on this machine. For `lag` two worker processes
with threads: a delivery mostly waits for its network, and 1,000 calls of 50 ms in two seconds need 25 at a time.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from tests.bench.places import BASE, Place, Places, postgres_server, say
from tests.bench.side import Steps, sides
from tests.bench.table import Row, at_least, at_most, percentile, ratios

DUE, CALL_SECONDS, WORKERS, THREADS = 1000, 0.05, 2, 20
ROUNDS, TASKS, PUBLICATIONS = 4, 800, 80


def lag() -> Iterator[Row]:
    with Places() as places:
        place = _place(places)
        with sides(("tests.bench.publishing:publisher", place.env)) as (publisher,):
            publisher.ask("people")
            for _n in range(WORKERS):
                _worker(places, place, "--pool", "threads", "--concurrency", str(THREADS))
            _start(places, place, str(BASE / "manage.py"), "dispatch")
            publisher.ask("warm")
            found = []
            for _round in range(2):
                say(f"{DUE} posts fall due")
                found.append(publisher.ask("due", number=DUE))
        missing = max(DUE - len(lags) for lags in found)
        note = f"{WORKERS} workers x {THREADS} threads" + (f"; {missing} never arrived" if missing else "")
        name = "publish lag p99, 1,000 due at once, 50 ms per call"
        yield Row(name, tuple(percentile(lags, 99) for lags in found), at_most(2), "s", note=note)


def rate() -> Iterator[Row]:
    """The same worker does both: two processes, as the supervisor starts it; the network answers at once."""
    with Places() as places:
        place = _place(places)
        place.extra["BENCH_CALL_SECONDS"] = "0"
        with sides(("tests.bench.publishing:publisher", place.env)) as (publisher,):
            publisher.ask("people")
            _worker(places, place, "--concurrency", "2")
            publisher.ask("warm")
            found = []
            for _round in range(ROUNDS):
                mine = PUBLICATIONS / publisher.ask("publications", number=PUBLICATIONS)
                found.append((mine, TASKS / publisher.ask("nothing", number=TASKS)))
        note = f"{sorted(one for one, _other in found)[len(found) // 2]:.0f} publications per second"
        yield Row(
            "publications / Celery tasks that do nothing, per second",
            ratios(*zip(*found, strict=True)),
            at_least(0.25),
            note=note,
        )


def _place(places: Places) -> Place:
    postgres_server()
    place = places.migrated("postgres")
    place.extra |= {
        "REDIS_URL": places.redis(),
        "BENCH_CALL_SECONDS": str(CALL_SECONDS),
        "HEALTHSOCIAL_DB_MAX_AGE": "300",
    }
    return place


def _worker(places: Places, place: Place, *options: str) -> None:
    command = ("-m", "celery", "--quiet", "-A", "tests.bench.worker_app", "worker", *options)
    _start(places, place, *command, "--without-gossip", "--without-mingle", "--loglevel", "ERROR")


def _start(places: Places, place: Place, *arguments: str) -> None:
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=BASE,
        env={**os.environ, **place.env},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    places.keep(process)


# --- the side that plans and looks ---------------------------------------------------------------------------------
def publisher() -> Steps:
    import django

    django.setup()
    import time
    from datetime import timedelta

    from django.db import connection

    from healthsocial import clock
    from healthsocial.celery import app
    from posts.enums import DeliveryState, State
    from posts.models import Delivery, Post
    from tests.bench import world
    from tests.bench.places import wait_for

    def plan(number: int, in_seconds: float) -> Any:
        """Posts that fall due so many seconds after they have all been written."""
        posts = world.write(world.known(), [State.SCHEDULED] * number, due=clock.now() + timedelta(hours=1))
        due = clock.now() + timedelta(seconds=in_seconds)
        Post.objects.filter(pk__in=posts).update(slot_at=due, due_at=due)
        Delivery.objects.filter(post__in=posts).update(due_at=due, next_attempt_at=due)
        return Delivery.objects.filter(post__in=posts)

    def people() -> None:
        world.people(foreign=0, network="practice")

    def queue_is_empty() -> bool:
        client = app.connection_for_read().default_channel.client
        return not client.llen("celery") and not client.hlen("unacked")

    def drained(begin: float) -> float:
        wait_for(queue_is_empty, 240, 0.005)
        return time.perf_counter() - begin

    def nothing(number: int) -> float:
        begin = time.perf_counter()
        for _n in range(number):
            app.send_task("bench.nothing")
        return drained(begin)

    def publications(number: int) -> float:
        ids = list(plan(number, -1).values_list("pk", flat=True))
        begin = time.perf_counter()
        for pk in ids:
            app.send_task("posts.deliver", kwargs={"row_id": str(pk)})
        seconds = drained(begin)
        sent = Delivery.objects.filter(pk__in=ids, state=DeliveryState.SENT).count()
        if sent != number:
            raise RuntimeError(f"{sent} of {number} were sent")
        return seconds

    def warm() -> None:
        """Every process and thread has started, and has done some."""
        nothing(100)
        publications(60)

    def due(number: int) -> list[float]:
        rows = plan(number, 5)
        left = rows.exclude(state=DeliveryState.SENT)
        connection.close()
        with contextlib.suppress(TimeoutError):
            wait_for(lambda: not left.exists(), 240, 0.5)
        times = rows.filter(sent_at__isnull=False).values_list("sent_at", "due_at")
        return [(sent - planned).total_seconds() for sent, planned in times]

    return {"people": people, "warm": warm, "due": due, "publications": publications, "nothing": nothing}
