"""The product's Celery application, with a task that does nothing, and a practice network that takes a given time."""

import os
import time
from uuid import uuid4

import django

django.setup()

from healthsocial.celery import app  # noqa: E402  the models must be there first
from posts.networks.base import Order, Receipt  # noqa: E402
from posts.networks.practice import PracticeNetwork  # noqa: E402

CALL_SECONDS = float(os.environ.get("BENCH_CALL_SECONDS", "0"))


def send(self: PracticeNetwork, order: Order) -> Receipt:
    time.sleep(CALL_SECONDS)
    return Receipt(uuid4().hex)


PracticeNetwork.send = send  # type: ignore[method-assign]


@app.task(name="bench.nothing")  # type: ignore[untyped-decorator]
def nothing() -> None: ...
