"""Cases 1 and 7 with real processes: Celery workers and dispatchers that are killed while they publish."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from celery import Celery
from django.conf import settings as ours
from django.db import connection, connections
from pytest_django import Settings

from healthsocial.supervisor.children import BASE
from posts.enums import DeliveryState
from posts.models import Delivery
from tests.chaos import world
from tests.chaos.broker import Broker
from tests.chaos.conftest import TOTALS
from tests.conftest import Cast
from tests.run.machine import environment

pytestmark = [pytest.mark.thorough, pytest.mark.processes, pytest.mark.usefixtures("real_connections")]
D = DeliveryState
WORKER = ("-m", "celery", "--quiet", "-A", "tests.chaos.celery_app", "worker", "--concurrency", "2")
WORKER += ("--without-gossip", "--without-mingle", "--loglevel", "ERROR")
DISPATCH = ("manage.py", "dispatch")
KILLS = 12


def _environment(folder: Path, broker: Broker) -> dict[str, str]:
    """The test's own database, keys and accept logs, for processes of the product."""
    more = {
        "HEALTHSOCIAL_FIELD_KEY_FILE_PATH": str(ours.FIELD_KEY_FILE),
        "HEALTHSOCIAL_SECRET_KEY": ours.SECRET_KEY,
        "REDIS_URL": f"unix://{broker.socket}",
    }
    database = connection.settings_dict
    if connection.vendor == "postgresql":
        more["DATABASE_URL"] = "postgres://{USER}@{HOST}:{PORT}/{NAME}".format(**database)
    else:
        (folder / "healthsocial.sqlite3").symlink_to(database["NAME"])
    return environment(folder, **more)


class Crowd:
    """Two workers and two dispatchers; whoever is killed is started again."""

    def __init__(self, env: dict[str, str]) -> None:
        self.env = env
        self.running = [self._start(command) for command in (WORKER, WORKER, DISPATCH, DISPATCH)]

    def _start(self, command: tuple[str, ...]) -> tuple[tuple[str, ...], "subprocess.Popen[bytes]"]:
        process = subprocess.Popen(
            [sys.executable, *command], cwd=BASE, env=self.env, start_new_session=True, stderr=subprocess.DEVNULL
        )
        return command, process

    def kill(self, number: int) -> None:
        command, process = self.running[number]
        os.killpg(process.pid, signal.SIGKILL)  # with its children
        process.wait()
        self.running[number] = self._start(command)

    def end(self) -> None:
        for _command, process in self.running:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def test_workers_and_dispatchers_killed_under_load(cast: Cast, settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    channels = [*world.practice(cast, 14), *world.practice(cast, 2, "slow")]
    chance = random.Random(7)
    for number in range(8):
        world.due_now(cast, channels, f"Notice {number} about the flu clinic.")
    with Broker() as broker:
        app = Celery("sender", broker=broker.url)
        messages = [str(pk) for pk in Delivery.objects.values_list("pk", flat=True)] * 3
        chance.shuffle(messages)
        for row_id in messages:
            app.send_task("posts.deliver", kwargs={"row_id": row_id})
        app.close()
        connections.close_all()
        crowd = Crowd(_environment(tmp_path, broker))
        try:
            for _n in range(KILLS):
                time.sleep(chance.uniform(1.5, 4))
                crowd.kill(chance.randrange(4))
            end = time.monotonic() + 240
            while Delivery.objects.filter(state=D.DUE).exists() and time.monotonic() < end:
                time.sleep(0.5)
                Delivery.objects.filter(state=D.CLAIMED).update(lease_until=world.database_now())
            time.sleep(8)  # what is leaving may end; every message in doubt has been handed out again
        finally:
            crowd.end()
    settings.BROKER_CONFIGURED = False
    world.until_quiet()
    found = world.all_is_well()
    assert found.deliveries == len(messages) // 3
    TOTALS.append(
        f"Real processes on {connection.vendor}: {KILLS} kills of workers and dispatchers, {found.deliveries} deliveries"
        f" with each message sent thrice, {found.duplicates} duplicates, {found.losses} silent losses,"
        f" {found.sent} sent, {found.unconfirmed} unconfirmed with an alert"
    )
