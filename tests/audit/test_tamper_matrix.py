"""Faults, case 29: every way to tamper is found, given one checkpoint that was kept outside. The table says which need it."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from healthsocial.audit import checkpoints
from healthsocial.audit.verify import verify_chain
from tests.audit.tampering import COUNT, WAYS, make_chain, without_triggers

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept(settings: object, tmp_path: Path) -> Path:
    """Ten events, and a checkpoint of the tenth in a file outside."""
    settings.AUDIT_CHECKPOINT_FILE = str(tmp_path / "checkpoints" / "audit.jsonl")  # type: ignore[attr-defined]
    make_chain()
    checkpoint = checkpoints.of_now()
    assert checkpoint is not None
    with checkpoints.held_file() as descriptor:
        checkpoints.append(descriptor, checkpoint)
    return checkpoints.path()


def compare(file: Path) -> str:
    """What verify_audit says about the record and the file; empty when it is content."""
    out = StringIO()
    try:
        call_command("verify_audit", checkpoint=file, stdout=out)
    except CommandError as error:
        return out.getvalue() + str(error)
    return ""


def test_an_untouched_record_holds_its_checkpoint(kept: Path) -> None:
    assert compare(kept) == ""
    make_chain(2)
    assert compare(kept) == "", "an older checkpoint still holds when the record has grown"


@pytest.mark.parametrize("name", WAYS)
def test_tampering_is_found_with_one_checkpoint_and_the_table_says_when_it_is_needed(kept: Path, name: str) -> None:
    without_triggers(WAYS[name].step)
    assert verify_chain().ok is not WAYS[name].alone
    if name == "forge one at the end":
        # What comes after the last checkpoint cannot be told from a real act by its hashes; the next one fixes it.
        assert compare(kept) == ""
        assert verify_chain().head_seq == COUNT + 1
        return
    assert "NOT whole" in compare(kept)


def test_one_flipped_digit_of_the_checkpoint_breaks_its_signature(kept: Path) -> None:
    line = kept.read_text()
    kept.write_text(line.replace('"seq":10', '"seq":9'))
    assert "Line 1 of the checkpoint file does not carry the signature" in compare(kept)
    kept.write_text(line + "{ half a li")
    assert "Line 2 of the checkpoint file cannot be read" in compare(kept)
    kept.write_text("")
    assert "holds no checkpoint" in compare(kept)
