"""Rotation of the keys."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection

from compliance.models import Subject
from healthsocial import clock, crypto
from healthsocial.audit.models import Event
from healthsocial.org import queries
from tests.conftest import Cast


@pytest.fixture
def key_file(settings: Any, tmp_path: Path) -> Path:
    settings.FIELD_KEYS = ""
    settings.FIELD_KEY_FILE = str(tmp_path / "keys" / "field.keys")
    crypto.create_key_file(Path(settings.FIELD_KEY_FILE))
    return Path(settings.FIELD_KEY_FILE)


def token_of(subject: Subject) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM compliance_subject WHERE token = %s", [subject.token])
        return str(cursor.fetchone()[0])


@pytest.fixture
def subject(key_file: Path, cast: Cast) -> Subject:
    queries.organisation()
    return Subject.objects.create(token="P-TEST1", name="Jo Example", created_by=cast.priya, created_at=clock.now())


def test_everything_is_readable_with_the_new_key_alone(subject: Subject, key_file: Path) -> None:
    digest, before = crypto.mac("a", "b"), token_of(subject)
    call_command("rotate_keys", verbosity=0)
    newest = key_file.read_text().splitlines()[0]
    assert crypto.opens([newest], token_of(subject))
    assert crypto.opens([newest], queries.organisation().key_canary)
    assert not crypto.opens([newest], before)
    assert Subject.objects.get().name == "Jo Example"
    assert crypto.mac("a", "b") == digest, "stored digests stay comparable"
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert list(key_file.parent.iterdir()) == [key_file]
    event = Event.objects.get(verb="keys.rotated")
    assert '"keys":2' in event.body
    assert '"values":2' in event.body


def test_a_stop_after_the_key_file_was_written_leaves_readable_data(subject: Subject, key_file: Path) -> None:
    crypto.add_key(key_file)  # and then the power went
    assert Subject.objects.get().name == "Jo Example"
    call_command("rotate_keys", "--reencrypt", verbosity=0)
    assert len(key_file.read_text().split()) == 2
    assert crypto.opens([key_file.read_text().split()[0]], token_of(subject))


def test_a_value_that_does_not_open_changes_nothing(subject: Subject, cast: Cast) -> None:
    Subject.objects.create(token="P-TEST2", name="Al Example", created_by=cast.priya, created_at=clock.now())
    foreign = Fernet(Fernet.generate_key()).encrypt(b"x").decode()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE compliance_subject SET name = %s WHERE token = 'P-TEST2'", [foreign])
    before = token_of(subject)
    with pytest.raises(CommandError, match="do not open the stored data"):
        call_command("rotate_keys", verbosity=0)
    assert token_of(subject) == before
    assert not Event.objects.filter(verb="keys.rotated").exists()


def test_keys_from_the_environment_are_not_written_to_a_file(subject: Subject, key_file: Path, settings: Any) -> None:
    settings.FIELD_KEYS = ",".join(crypto.read_keys())
    with pytest.raises(CommandError, match="HEALTHSOCIAL_FIELD_KEYS"):
        call_command("rotate_keys", verbosity=0)
    assert len(key_file.read_text().split()) == 1


def test_the_keys_must_belong_to_the_database(subject: Subject, key_file: Path) -> None:
    key_file.unlink()
    crypto.create_key_file(key_file)
    with pytest.raises(CommandError, match=r"org\.E001"):
        call_command("rotate_keys", verbosity=0)
