"""Acts: what approving costs beside a plain lock and update, and what the chain of events costs several writers."""

from collections.abc import Iterator
from typing import Any

from tests.bench.places import Places, best_engine, postgres_server
from tests.bench.side import Steps, sides, timed
from tests.bench.table import Row, at_least, at_most, percentile, ratios

ROUNDS, TIMES, WRITERS, MOVES = 5, 20, 4, 25


def approving() -> Iterator[Row]:
    """On PostgreSQL where it answers, else SQLite. The password's hash is measured apart: it is slow on purpose."""
    with Places() as places:
        engine = best_engine()
        place = places.migrated(engine)
        with sides(("tests.bench.acts:approver", place.env)) as (side,):
            side.ask("prepare", number=ROUNDS * TIMES)
            found = []
            for _round in range(ROUNDS):
                ours: list[float] = []
                plain: list[float] = []
                for _turn in range(TIMES):
                    ours += side.ask("approve")
                    plain += side.ask("plain")
                found.append((percentile(ours, 95), percentile(plain, 95)))
            note = f"{side.ask('queries')} statements / 4, {engine}"
            yield Row("approve p95 / plain lock and update", ratios(*zip(*found, strict=True)), at_most(4), note=note)
            hashing = tuple(1000 * value for value in side.ask("hash"))
            yield Row("the password's hash when signing (not in the row above)", hashing, unit="ms")


def chaining() -> Iterator[Row]:
    """Four processes move posts of their own. Unchained: the same act, but its events are not appended."""
    postgres_server()
    name = f"chained / unchained transitions, {WRITERS} writers, per second"
    with Places() as places:
        place = places.migrated("postgres")
        with sides(("tests.bench.acts:preparer", place.env)) as (preparer,):
            preparer.ask("prepare", number=WRITERS)
        with sides(*[("tests.bench.acts:writer", place.env)] * WRITERS) as writers:
            for number, side in enumerate(writers):
                side.ask("take", number=number)
                side.ask("move", times=3, chained=True)
            found = [(_together(writers, chained=True), _together(writers, chained=False)) for _round in range(ROUNDS)]
            note = f"{sorted(one for one, _other in found)[len(found) // 2]:.0f} per second chained"
            yield Row(name, ratios(*zip(*found, strict=True)), at_least(0.6), note=note)


def _together(writers: list[Any], *, chained: bool) -> float:
    """Transitions per second of all writers at once."""
    for side in writers:
        side.begin("move", times=MOVES, chained=chained)
    return WRITERS * MOVES / max(side.answer() for side in writers)


# --- sides ---------------------------------------------------------------------------------------------------------
def approver() -> Steps:
    import django

    django.setup()
    from django.contrib.auth.hashers import check_password, make_password
    from django.db import connection, transaction
    from django.test.utils import CaptureQueriesContext

    from posts.actions.approve import approve
    from posts.enums import State
    from posts.models import Post
    from tests.bench import world

    waiting: list[Post] = []
    drafts: list[Post] = []

    def prepare(number: int) -> None:
        cast = world.people()
        world.write(cast, [State.IN_REVIEW] * 8 * (number + 2) + [State.DRAFT] * 50)
        clean = Post.objects.filter(state=State.IN_REVIEW, risk__lt=10, channels__group=cast.channels[0].group)
        waiting.extend(clean[: number + 2])
        drafts.extend(Post.objects.filter(state=State.DRAFT))
        one_approval()

    def one_approval() -> None:
        post = waiting.pop()
        assert post.current_version_id is not None
        approve(post.pk, by=world.known().officer, version_id=post.current_version_id, password=world.PASSWORD)

    def timed_approval() -> list[float]:
        post, officer = waiting.pop(), world.known().officer
        assert post.current_version_id is not None
        version = post.current_version_id
        return timed(lambda: approve(post.pk, by=officer, version_id=version, password=world.PASSWORD), 1)

    def plain() -> None:
        with transaction.atomic():
            post = Post.objects.select_for_update().get(pk=drafts[0].pk)
            Post.objects.filter(pk=post.pk).update(risk=post.risk + 1)
        drafts.append(drafts.pop(0))

    def queries() -> int:
        with CaptureQueriesContext(connection) as context:
            one_approval()
        return len(context)

    def hashing() -> list[float]:
        stored = make_password(world.PASSWORD, hasher="argon2")
        return timed(lambda: check_password(world.PASSWORD, stored, preferred="argon2"), 7)

    return {
        "prepare": prepare,
        "approve": timed_approval,
        "plain": lambda: timed(plain, 1),
        "queries": queries,
        "hash": hashing,
    }


def preparer() -> Steps:
    import django

    django.setup()
    from posts.enums import State
    from tests.bench import world

    return {"prepare": lambda number: len(world.write(world.people(), [State.SCHEDULED] * number))}


def writer() -> Steps:
    """Moves one scheduled post to another time, again and again."""
    import django

    django.setup()
    import time
    from datetime import timedelta
    from unittest import mock

    from healthsocial import clock
    from posts.actions.schedule import reslot
    from posts.enums import State
    from posts.slots import now_slot
    from tests.bench import world

    mine: list[Any] = []

    def take(number: int) -> None:
        mine.append(world.ids_in(State.SCHEDULED)[number])

    def move(times: int, chained: bool) -> float:
        officer = world.known().officer
        begin = time.perf_counter()
        for turn in range(times):
            slot = now_slot(clock.now() + timedelta(hours=2 + turn % 40), "America/New_York")
            if chained:
                reslot(mine[0], by=officer, slot=slot)
            else:
                with mock.patch("healthsocial.audit.log.append"):
                    reslot(mine[0], by=officer, slot=slot)
        return time.perf_counter() - begin

    return {"take": take, "move": move}
