"""A bare Celery application on the bare project."""

import os

from celery import Celery

app = Celery("bare", broker=os.environ["BENCH_BROKER"])
app.conf.update(task_ignore_result=True, task_acks_late=True, worker_prefetch_multiplier=1)


@app.task(name="bench.nothing")  # type: ignore[untyped-decorator]
def nothing() -> None: ...
