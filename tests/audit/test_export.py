"""The export, and verify.py in a process of its own that sees nothing of this program."""

import ast
import hashlib
import io
import json
import subprocess
import sys
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import transaction
from django.test import Client

from healthsocial import crypto
from healthsocial.audit import checkpoints, export
from healthsocial.audit.log import canonical
from healthsocial.audit.models import Event
from healthsocial.audit.offline.verify import ed25519_verifies
from tests.audit.tampering import COUNT, WAYS, make_chain, without_triggers
from tests.conftest import Cast

VERIFY = export.OFFLINE / "verify.py"


@dataclass
class Outside:
    """What somebody kept elsewhere before anything happened to the record."""

    folder: Path
    checkpoint: str
    key: str


@pytest.fixture
def outside(db: None, settings: Any, tmp_path: Path) -> Outside:
    settings.AUDIT_CHECKPOINT_FILE = str(tmp_path / "checkpoints" / "audit.jsonl")
    make_chain()
    checkpoint = checkpoints.of_now()
    assert checkpoint is not None
    with checkpoints.held_file() as descriptor:
        checkpoints.append(descriptor, checkpoint)
    return Outside(tmp_path, checkpoint.name, crypto.public_key())


def exported(**chosen: Any) -> bytes:
    extract = export.choose(**chosen)
    assert extract is not None
    return b"".join(export.stream(extract))


# Runs verify.py as a program for each list of arguments, in one process: starting Python is most of the time.
DRIVER = """
import contextlib, io, json, runpy, sys
for arguments in json.load(sys.stdin):
    sys.argv, said = arguments, io.StringIO()
    with contextlib.redirect_stdout(said):
        try:
            runpy.run_path(arguments[0], run_name="__main__")
        except SystemExit as end:
            code = end.code
    print(json.dumps([code, said.getvalue()]))
"""


def run_all(folder: Path, *wanted: tuple[bytes, *tuple[str, ...]]) -> list[tuple[int, str]]:
    """(export, arguments ...) -> (exit code, what it said). Isolated: no site packages, no environment, another folder."""
    calls = []
    for number, (archive, *arguments) in enumerate(wanted):
        file = folder / f"export-{number}.zip"
        file.write_bytes(archive)
        calls.append([str(VERIFY), str(file), *arguments])
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", DRIVER],
        input=json.dumps(calls), capture_output=True, text=True, cwd=folder, check=False, env={},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return [(code, said) for code, said in map(json.loads, done.stdout.splitlines())]


def run(folder: Path, archive: bytes, *arguments: str) -> tuple[int, str]:
    return run_all(folder, (archive, *arguments))[0]


def members(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def packed(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def resummed(files: dict[str, bytes], *, sign: Ed25519PrivateKey | None = None, **changes: Any) -> bytes:
    """The manifest made to fit again, as a careful forger would; signed with the forger's own key when there is one."""
    manifest = {**json.loads(files["manifest.json"]), **changes}
    manifest["files"] = {
        name: hashlib.sha256(data).hexdigest() for name, data in files.items() if name != "manifest.json"
    }
    if sign is not None:
        manifest.pop("signature")
        manifest["key"] = sign.public_key().public_bytes_raw().hex()
        manifest["signature"] = sign.sign(canonical(manifest).encode()).hex()
    return packed({**files, "manifest.json": json.dumps(manifest).encode()})


def test_a_good_export_is_in_order_and_says_what_it_could_not_see(outside: Outside) -> None:
    good = exported()
    everything = (good, "--checkpoint", outside.checkpoint, "--key", outside.key)
    alone, full, file = run_all(outside.folder, (good,), everything, (good, "--checkpoint", str(checkpoints.path())))
    assert alone[0] == 0, alone
    assert "Events 1 to 10, 1 checkpoints in the export, 2 signatures checked." in alone[1]
    assert "Not compared with a checkpoint kept outside" in alone[1]
    assert "Not compared with a key kept outside" in alone[1]
    assert (full[0], full[1].count("Note:")) == (0, 0), full
    assert file[0] == 0, file


def test_two_exports_of_the_same_events_are_the_same_bytes(outside: Outside) -> None:
    before = exported(last=COUNT)
    make_chain(3)  # what happens later, such as the record of the export itself, is no part of it
    with checkpoints.held_file() as descriptor:
        newer = checkpoints.of_now()
        assert newer is not None
        checkpoints.append(descriptor, newer)
    assert exported(last=COUNT) == before
    assert exported() != before


def test_it_holds_exactly_the_bodies_that_were_hashed(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "BATCH", 3)
    files = members(exported(first=3, last=9))
    assert sorted(files) == ["README.txt", "audit.jsonl", "checkpoints.jsonl", "manifest.json", "verify.py"]
    rows = [json.loads(line) for line in files["audit.jsonl"].decode().splitlines()]
    assert rows == list(
        Event.objects.filter(seq__range=(3, 9)).order_by("seq").values("seq", "previous", "digest", "body")
    )
    assert files["checkpoints.jsonl"] == b"", "the checkpoint of event 10 is of nothing in it"
    assert files["verify.py"] == VERIFY.read_bytes()


def test_a_part_of_the_record_is_checked_and_says_that_it_is_a_part(outside: Outside) -> None:
    before = f"3:{Event.objects.get(seq=3).digest}"
    begin, tied, short, part = run_all(
        outside.folder,
        (exported(first=4),),
        (exported(first=4), "--checkpoint", before),
        (exported(last=4), "--checkpoint", outside.checkpoint),
        (exported(last=4), "--checkpoint", outside.checkpoint, "--part"),
    )
    assert (begin[0], "It begins at event 4; what was before is not in it." in begin[1]) == (0, True), begin
    assert (tied[0], "Not compared with a checkpoint" in tied[1]) == (0, False), tied
    assert (short[0], "is of event 10, and the export ends at event 4" in short[1]) == (1, True), short
    assert (part[0], "is of event 10, which is not in this export" in part[1]) == (0, True), part


def test_verify_finds_what_was_done_to_the_record_before_it_was_exported(outside: Outside) -> None:
    checkpoints.path().unlink()  # whoever rules over the server removes this file, too
    archives = {}
    for name, way in WAYS.items():
        with transaction.atomic():
            without_triggers(way.step)
            archives[name] = exported()
            transaction.set_rollback(True)
    alone = run_all(outside.folder, *[(archive,) for archive in archives.values()])
    kept = run_all(outside.folder, *[(archive, "--checkpoint", outside.checkpoint) for archive in archives.values()])
    assert {name: code for name, (code, _said) in zip(WAYS, alone, strict=True)} == {
        name: 1 if way.export else 0 for name, way in WAYS.items()
    }
    # The columns are not in an export, and what follows the last checkpoint cannot be told from a real act.
    right = {name for name, way in WAYS.items() if name.startswith("edit the column ") and not way.export}
    right |= {"forge one at the end", "forge one at the end, without the head"}
    assert {name for name, (code, _said) in zip(WAYS, kept, strict=True) if code == 0} == right
    assert {"WRONG" in said for code, said in kept if code} == {True}


FORGER = Ed25519PrivateKey.from_private_bytes(b"f" * 32)


def _lines(files: dict[str, bytes], change: Any) -> dict[str, bytes]:
    lines = files["audit.jsonl"].decode().splitlines()
    return {**files, "audit.jsonl": ("\n".join(change(lines)) + "\n").encode()}


CHANGES: dict[str, Any] = {
    "edit": lambda lines: [line.replace("Anna", "Otto") if number == 3 else line for number, line in enumerate(lines)],
    "delete the first": lambda lines: lines[1:],
    "delete one in the middle": lambda lines: lines[:4] + lines[5:],
    "delete the last": lambda lines: lines[:-1],
    "cut off three": lambda lines: lines[:-3],
    "swap two": lambda lines: [*lines[:4], lines[5], lines[4], *lines[6:]],
    "replay one": lambda lines: [*lines, lines[4]],
    "replay one in the middle": lambda lines: [*lines[:5], lines[4], *lines[5:]],
    "not JSON": lambda lines: [*lines[:5], "{", *lines[6:]],
    "another kind of number": lambda lines: [lines[0].replace('"seq":1', '"seq":[1]', 1), *lines[1:]],
}


def test_verify_finds_what_was_done_to_the_export(outside: Outside) -> None:
    good = members(exported())
    changed = [_lines(good, change) for change in CHANGES.values()]
    plain = run_all(outside.folder, *[(packed(files),) for files in changed])
    assert {code for code, said in plain if "audit.jsonl is not as the manifest says" in said} == {1}
    # The manifest was made to fit, signed with another key, and the chain still does not.
    fitted = run_all(outside.folder, *[(resummed(files, sign=FORGER),) for files in changed])
    assert [code for code, _said in fitted] == [1] * len(CHANGES)


def test_a_shortened_export_with_a_manifest_to_fit_is_found_by_the_key(outside: Outside) -> None:
    files = _lines(members(exported()), lambda lines: lines[:-3])
    files["checkpoints.jsonl"] = b""
    last = json.loads(files["audit.jsonl"].decode().splitlines()[-1])
    unsigned = resummed(files, last=last["seq"], digest=last["digest"])
    assert "manifest.json does not carry the signature" in run(outside.folder, unsigned)[1]
    forged = resummed(files, sign=FORGER, last=last["seq"], digest=last["digest"])
    assert run(outside.folder, forged)[0] == 0, "alone it looks right: that is why there is --key"
    code, said = run(outside.folder, forged, "--key", outside.key)
    assert (code, "signed with another key" in said) == (1, True), said


def test_every_file_counts(outside: Outside) -> None:
    files = members(exported())
    more = [packed({**files, name: files[name] + b"\n"}) for name in files if name != "manifest.json"]
    less = [packed({key: data for key, data in files.items() if key != name}) for name in files]
    twice = _twice(files)
    said = run_all(outside.folder, *[(archive,) for archive in (*more, *less, packed({**files, "x": b""}), twice)])
    assert {code for code, _said in said} == {1, 2}
    assert [code for code, _said in said[: len(more)]] == [1] * len(more)


def _twice(files: dict[str, bytes]) -> bytes:
    """Two files of one name: which one a reader sees is a matter of luck."""
    out = io.BytesIO(packed(files))
    with zipfile.ZipFile(out, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr("README.txt", files["README.txt"])
    return out.getvalue()


def test_what_is_no_export_is_said_in_one_line(outside: Outside) -> None:
    what = [b"", b"no zip", packed({"manifest.json": b"{}"}), packed({"manifest.json": b"[]"})]
    for code, said in run_all(outside.folder, *[(archive,) for archive in what]):
        assert (code, said.count("\n"), said.startswith("It could not be checked")) == (2, 1, True), said


def test_it_works_from_the_unpacked_folder(outside: Outside) -> None:
    folder = outside.folder / "unpacked"
    folder.mkdir()
    with zipfile.ZipFile(io.BytesIO(exported())) as archive:
        archive.extractall(folder)
    done = subprocess.run([sys.executable, "-I", "-S", str(folder / "verify.py")], capture_output=True, check=False)
    assert done.returncode == 0, done.stdout


def test_it_is_one_file_of_the_standard_library_for_python_3_8() -> None:
    source = VERIFY.read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 8))
    imported = {
        (node.module or "").split(".")[0] if isinstance(node, ast.ImportFrom) else alias.name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert imported <= set(sys.stdlib_module_names)


def test_its_own_arithmetic_agrees_with_the_library() -> None:
    for number in range(4):
        key = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
        public, message = key.public_key().public_bytes_raw().hex(), b"a message of any length" * number
        signature = key.sign(message).hex()
        assert ed25519_verifies(public, signature, message)
        assert not ed25519_verifies(public, signature, message + b".")
        assert not ed25519_verifies(public, signature[:-2] + "00", message)
        flipped = f"{int(signature[:2], 16) ^ 1:02x}{signature[2:]}"
        assert not ed25519_verifies(public, flipped, message)
        assert not ed25519_verifies(FORGER.public_key().public_bytes_raw().hex(), signature, message)
    assert not ed25519_verifies("zz", "", b"")
    # S + q is the same signature in another spelling (RFC 8032, 5.1.7): it must not pass.
    q = 2**252 + 27742317777372353535851937790883648493
    s = int.from_bytes(bytes.fromhex(signature[64:]), "little") + q
    assert not ed25519_verifies(public, signature[:64] + s.to_bytes(32, "little").hex(), message)


def test_an_auditor_takes_it_from_the_page_and_that_is_recorded(outside: Outside, cast: Cast, client: Client) -> None:
    client.force_login(cast.olga)
    answer = client.post("/audit/record/export/", {"reason": "inspection"})
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    archive = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert answer["Content-Disposition"] == 'attachment; filename="audit-1-10.zip"'
    assert archive == exported(last=COUNT)
    event = Event.objects.get(seq=COUNT + 1)
    assert (event.verb, event.actor_id) == ("audit.exported", str(cast.olga.pk))
    tenth = Event.objects.get(seq=COUNT)
    assert json.loads(event.body)["data"] == {
        "first": 1, "last": COUNT, "digest": tenth.digest, "reason": "inspection",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["alice", "rita", "priya", "sam", "nobody"])
def test_nobody_else_takes_it(outside: Outside, cast: Cast, client: Client, name: str) -> None:
    client.force_login(getattr(cast, name))
    assert client.post("/audit/record/export/", {"reason": "review"}).status_code == 403
    assert Event.objects.count() == COUNT
