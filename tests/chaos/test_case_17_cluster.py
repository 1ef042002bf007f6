"""Case 17: the whole database server stops at once, at the commit of intent and of receipt. A server of our own."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from pytest_django import Settings

from posts.enums import DeliveryState
from posts.models import Delivery
from posts.networks.practice import accepted
from tests.chaos import world
from tests.chaos.test_case_17_database import INTENT, RECEIPT, deliver_through
from tests.conftest import Cast
from tests.run.machine import free_port

pytestmark = [pytest.mark.thorough, pytest.mark.postgres, pytest.mark.usefixtures("real_connections")]
D = DeliveryState


class Cluster:
    """initdb, start, copy of the test's database in; `stop` is the immediate one: no checkpoint, no goodbye."""

    def __init__(self, programs: Path) -> None:
        self.programs = programs
        self.folder = Path(tempfile.mkdtemp(prefix="hs-pg-", dir="/tmp"))
        self.port = free_port()
        self.owner = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
        if self.owner:
            shutil.chown(self.folder, "postgres")
        self._run("initdb", "-D", self.folder / "data", "-A", "trust", "-U", "postgres")
        self.start()

    def _run(self, program: str, *arguments: object) -> None:
        command = [*self.owner, str(self.programs / program), *(str(a) for a in arguments)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1"
        self._run("pg_ctl", "-D", self.folder / "data", "-o", options, "-l", self.folder / "log", "-w", "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", self.folder / "data", "-m", "immediate", "-w", "stop")

    def copy_in(self, database: dict[str, object]) -> None:
        source = "postgres://{USER}@{HOST}:{PORT}/{NAME}".format(**database)
        target = f"postgres://postgres@127.0.0.1:{self.port}/postgres"
        dump = subprocess.run(["pg_dump", "--no-owner", source], check=True, capture_output=True)
        subprocess.run(
            ["psql", "-q", "-v", "ON_ERROR_STOP=1", target], input=dump.stdout, check=True, capture_output=True
        )


@pytest.fixture
def cluster(settings: Settings, tmp_path: Path) -> Iterator[Cluster]:
    programs = [path.parent for path in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))]
    if not programs:
        pytest.skip("initdb is not installed (package postgresql)")
    settings.DATA_DIR = tmp_path
    cluster = Cluster(programs[-1])
    ours = dict(connection.settings_dict)
    yield cluster
    connection.close()
    connection.settings_dict.update(ours)
    cluster.stop()
    shutil.rmtree(cluster.folder)


def _move_over(cluster: Cluster) -> None:
    connection.close()
    cluster.copy_in(connection.settings_dict)
    connection.settings_dict.update(HOST="127.0.0.1", PORT=cluster.port, NAME="postgres", USER="postgres")


@pytest.mark.parametrize("number", [INTENT, RECEIPT])
def test_a_server_that_stops_at_a_commit(
    cast: Cast, cluster: Cluster, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    row = world.only(world.due_now(cast, world.practice(cast)))
    _move_over(cluster)
    assert deliver_through(monkeypatch, number, cluster.stop) == "OperationalError"
    assert len(accepted(row.channel_id)) == int(number == RECEIPT)
    cluster.start()
    assert Delivery.objects.get().state == (D.CLAIMED if number == INTENT else D.SENDING)
    world.until_quiet()
    assert Delivery.objects.get().state == D.SENT
    assert len(accepted(row.channel_id)) == 1
    world.all_is_well()
