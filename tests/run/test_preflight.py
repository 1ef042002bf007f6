"""What is looked at before anything is started."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from healthsocial import datalock
from healthsocial.supervisor import preflight
from healthsocial.supervisor.problem import Problem
from tests.run.machine import python


@pytest.mark.parametrize("text", ["", "http", "0", "65536", "-1", "８０"])
def test_a_wrong_port_is_named(text: str) -> None:
    with pytest.raises(Problem, match="PORT must be a number from 1 to 65535"):
        preflight.port_number(text)


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(Problem, match=r"cannot listen on 192\.0\.2\.1 port 8000"):
        preflight.free_port("192.0.2.1", 8000)


def test_a_data_folder_that_is_a_file_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.touch()
    with pytest.raises(Problem, match="cannot be written to"):
        preflight.data_folder(path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"", "is empty"), (b"no database" * 900, "is damaged"), (b"SQLite format 3\0" * 9, "is damaged")],
)
def test_a_broken_database_file_is_named(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "healthsocial.sqlite3"
    path.write_bytes(content)
    with pytest.raises(Problem, match=sentence) as problem:
        preflight.sqlite_file(path)
    assert str(path) in str(problem.value)
    assert "manage.py restore" in str(problem.value)


def test_a_long_data_path_gets_a_short_private_socket_folder(tmp_path: Path) -> None:
    run = datalock.run_folder(tmp_path / ("deep" * 30))
    folder = preflight.redis_folder(run)
    try:
        assert len(str(folder / "redis.sock")) <= preflight.LONGEST_SOCKET_PATH
        assert folder.stat().st_mode & 0o777 == 0o700
        assert preflight.redis_folder(run) == folder, "the next start finds it again"
        folder.chmod(0o755)
        other = preflight.redis_folder(run)
        assert other != folder, "a folder that others can read is not used"
        other.rmdir()
    finally:
        folder.rmdir()


def test_the_lock_says_who_holds_it(tmp_path: Path) -> None:
    held = datalock.take(tmp_path, address="http://127.0.0.1:8000")
    with pytest.raises(
        datalock.DataInUse, match=rf"already runs on .* \(process {os.getpid()}, http://127.0.0.1:8000\)"
    ):
        datalock.take(tmp_path)
    os.close(held)
    os.close(datalock.take(tmp_path))


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 300 kB."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    mount = shutil.which("mount")
    if os.geteuid() != 0 or mount is None:
        pytest.skip("a tiny disk can be mounted by root only")
    if subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=300k,mode=700", "tmpfs", str(folder)], check=False, capture_output=True
    ).returncode:
        pytest.skip("this machine does not allow mounting a tiny disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_nearly_full_disk_is_one_sentence(tiny_disk: Path) -> None:
    with pytest.raises(Problem, match=r"The disk that holds .* is full \(less than 100 MB free\)"):
        preflight.data_folder(tiny_disk)


def test_a_disk_that_fills_up_during_the_first_start_leaves_no_broken_database(tiny_disk: Path) -> None:
    code = (
        "from pathlib import Path; from healthsocial.supervisor import prepare, problem\n"
        f"try: prepare.database(Path({str(tiny_disk)!r}))\n"
        "except problem.Problem as p: print('SAID', p)"
    )
    done = python(tiny_disk, code, DJANGO_SETTINGS_MODULE="healthsocial.settings")
    assert done.returncode == 0, done.stderr
    assert f"SAID The disk that holds {tiny_disk} is full" in done.stdout
    assert not (tiny_disk / "healthsocial.sqlite3").exists()
    assert (tiny_disk / "keys" / "field.keys").stat().st_size == 45
