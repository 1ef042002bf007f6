"""Pages: does the queue stay quick as posts pile up, and what do our pages cost beside bare ones?"""

from collections.abc import Iterator

from tests.bench.places import Absent, Places, best_engine, postgres_server, say
from tests.bench.side import Steps, sides, timed
from tests.bench.table import Row, at_least, at_most, percentile, rate, ratios

ROUNDS, BLOCKS, TIMES = 5, 3, 20
GROWN = "review queue p95, 100,000 / 1,000 posts"


def grown() -> Iterator[Row]:
    """On both engines: a plan that is good on one may be bad on the other."""
    with Places() as places:
        for engine in ("postgres", "sqlite"):
            name = f"{GROWN} ({engine})"
            try:
                if engine == "postgres":
                    postgres_server()
            except Absent as absent:
                yield Row(name, skipped=str(absent))
                continue
            yield _grown(places, engine, name)


def _grown(places: Places, engine: str, name: str) -> Row:
    small = places.migrated(engine)
    small.extra["HEALTHSOCIAL_DB_POOL"] = "1"
    say(f"writing 100,000 posts ({engine})")
    with sides(("tests.bench.pages:build", small.env)) as (builder,):
        builder.ask("thousand")
    large = places.copy(small)
    large.extra = dict(small.extra)
    with sides(("tests.bench.pages:build", large.env)) as (builder,):
        builder.ask("multiply", copies=99)
    with sides(("tests.bench.pages:ours", large.env), ("tests.bench.pages:ours", small.env)) as (many, few):
        found = []
        for _round in range(ROUNDS):
            taken: tuple[list[float], list[float]] = [], []
            for _block in range(BLOCKS):
                taken[0].extend(many.ask("queue", times=TIMES))
                taken[1].extend(few.ask("queue", times=TIMES))
            found.append((percentile(taken[0], 95), percentile(taken[1], 95)))
        milliseconds = [round(1000 * sorted(side)[len(found) // 2], 1) for side in zip(*found, strict=True)]
        note = f"{milliseconds[0]:g} and {milliseconds[1]:g} ms; {many.ask('waiting'):,} and {few.ask('waiting')} wait"
        return Row(name, ratios(*zip(*found, strict=True)), at_most(1.2), note=note)


def bare() -> Iterator[Row]:
    """Requests per second, ours divided by the bare project's."""
    with Places() as places:
        engine = best_engine()
        place = places.migrated(engine)
        place.extra["HEALTHSOCIAL_DB_POOL"] = "1"
        with sides(("tests.bench.pages:build", place.env)) as (builder,):
            builder.ask("thousand")
        plain = places.empty(engine)
        plain.extra["DJANGO_SETTINGS_MODULE"] = "tests.bench.bare.settings"
        with sides(("tests.bench.pages:ours", place.env), ("tests.bench.bare.side:pages", plain.env)) as (ours, theirs):
            pairs = (
                ("queue page / bare page of 50 rows, requests per second", "queue", "rows", 0.5),
                ("post page / bare page with one query, requests per second", "post", "one", 0.2),
            )
            for name, mine, other, goal in pairs:
                found = []
                for _round in range(ROUNDS):
                    one, two = [], []
                    for _block in range(BLOCKS):
                        one += ours.ask(mine, times=TIMES)
                        two += theirs.ask(other, times=TIMES)
                    found.append((rate(one), rate(two)))
                queries = f"{ours.ask('queries', page=mine)} queries, {engine}"
                yield Row(name, ratios(*zip(*found, strict=True)), at_least(goal), note=queries)


# --- sides ---------------------------------------------------------------------------------------------------------
def build() -> Steps:
    import django

    django.setup()
    from django.db import connection

    from posts.enums import State
    from tests.bench import world
    from tests.bench.web import session_of

    def multiply(copies: int) -> None:
        world.multiply(copies)
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("VACUUM")  # as the server does by itself in time

    return {
        "cookie": lambda: [session_of(world.known().officer), str(world.ids_in(State.IN_REVIEW, 1)[0])],
        "thousand": lambda: len(world.write(world.people(), world.thousand())),
        "multiply": multiply,
    }


def ours() -> Steps:
    import django

    django.setup()
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from healthsocial.wsgi import application
    from posts.enums import State
    from posts.models import Post
    from tests.bench import world
    from tests.bench.web import get, session_of

    cookie = session_of(world.known().officer)
    paths = {"queue": "/review/", "post": f"/posts/{world.ids_in(State.IN_REVIEW, 1)[0]}/"}
    for path in paths.values():
        get(application, path, cookie)

    def queries(page: str) -> int:
        with CaptureQueriesContext(connection) as context:
            get(application, paths[page], cookie)
        return len(context)

    return {
        "queue": lambda times: timed(lambda: get(application, paths["queue"], cookie), times),
        "post": lambda times: timed(lambda: get(application, paths["post"], cookie), times),
        "queries": queries,
        "waiting": lambda: Post.objects.filter(state=State.IN_REVIEW).count(),
    }
