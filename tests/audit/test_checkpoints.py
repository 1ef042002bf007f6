"""Checkpoints: kept outside, signed, compared; an older database is noticed before it publishes anything (case 31)."""

import json
import resource
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.core.management import CommandError, call_command
from django.test import Client

from healthsocial import crypto
from healthsocial.audit import checkpoints
from healthsocial.audit.checkpoints import Standing
from healthsocial.audit.models import Event, Head
from healthsocial.audit.verify import verify_chain
from healthsocial.org.actions.change_checkpoint_mail import change_checkpoint_mail
from healthsocial.org.actions.keep_checkpoint import keep_checkpoint, lost_checkpoint
from healthsocial.org.actions.resume_publishing import resume_publishing
from healthsocial.org.models import Alert, Organisation
from healthsocial.org.queries import organisation
from healthsocial.org.tasks import keep_checkpoint as task
from posts.actions.deliver import deliver
from posts.actions.schedule import schedule
from posts.models import Delivery, LocalPublication
from tests.audit.tampering import make_chain, without_triggers
from tests.conftest import Cast
from tests.posts import moves

AT_ONCE = timedelta(0)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def file(settings: Any, tmp_path: Path) -> Path:
    settings.AUDIT_CHECKPOINT_FILE = str(tmp_path / "kept" / "audit.jsonl")
    return checkpoints.path()


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def open_alerts() -> list[tuple[str, str]]:
    return list(Alert.objects.filter(resolved_at=None).order_by("kind").values_list("kind", "code"))


def older_backup(keep: int) -> None:
    """The database as it was after event `keep`, and nobody says so: a copy of the file, say."""

    def step() -> None:
        Event.objects.filter(seq__gt=keep).delete()
        Head.objects.update(seq=keep, digest=Event.objects.get(seq=keep).digest)

    without_triggers(step)


# --- keeping -----------------------------------------------------------------------------------------------------------
def test_a_checkpoint_is_the_head_signed_and_holds_nothing_else(file: Path) -> None:
    make_chain(3)
    assert task() == "agrees"
    (kept,) = lines(file)
    head = Head.objects.get()
    assert (kept["seq"], kept["digest"], kept["instance"]) == (3, head.digest, str(head.instance))
    assert sorted(kept) == ["at", "digest", "instance", "key", "seq", "signature", "version"]
    assert kept["key"] == crypto.public_key()
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    found = checkpoints.last()
    assert found is not None
    assert (found.signature_holds(), found.is_ours()) == (True, True)


def test_one_an_hour_and_none_while_nothing_happens(file: Path) -> None:
    assert keep_checkpoint() == Standing.NONE
    assert not file.read_text(), "nothing has happened, so there is nothing to keep"
    make_chain(1)
    assert [keep_checkpoint(), keep_checkpoint(every=AT_ONCE)] == [Standing.AGREES, Standing.AGREES]
    make_chain(1)
    keep_checkpoint()
    assert [line["seq"] for line in lines(file)] == [1], "within the hour nothing is added"
    keep_checkpoint(every=AT_ONCE)
    assert [line["seq"] for line in lines(file)] == [1, 2]


def test_a_line_cut_off_by_a_power_failure_stays_a_line_of_its_own(file: Path) -> None:
    make_chain(1)
    keep_checkpoint()
    with file.open("a") as handle:
        handle.write('{"at":"2026-')
    make_chain(1)
    assert keep_checkpoint(every=AT_ONCE) == Standing.AGREES
    assert [found and found.seq for _number, found in checkpoints.read(file)] == [1, None, 2]


def test_a_line_for_which_there_is_no_room_is_an_error(file: Path) -> None:
    make_chain(1)
    keep_checkpoint()
    new = checkpoints.of_now()
    assert new is not None
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with checkpoints.held_file() as descriptor:
        resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size + 10, before[1]))
        try:
            with pytest.raises(OSError, match="no room"):
                checkpoints.append(descriptor, new)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        checkpoints.append(descriptor, new)
    assert [found and found.seq for _number, found in checkpoints.read(file)] == [1, None, 1]


def test_the_public_half_survives_a_rotation_of_the_keys(settings: Any, file: Path, tmp_path: Path) -> None:
    settings.FIELD_KEYS, settings.FIELD_KEY_FILE = "", str(tmp_path / "field.keys")
    crypto.create_key_file(Path(settings.FIELD_KEY_FILE))
    make_chain(1)
    keep_checkpoint()
    before = crypto.public_key()
    crypto.add_key(Path(settings.FIELD_KEY_FILE))
    assert len(crypto.read_keys()) == 2
    assert (crypto.public_key(), checkpoints.standing()[0]) == (before, Standing.AGREES)


def test_a_file_that_cannot_be_written_is_loud_and_stops_nothing(file: Path, cast: Cast, settings: Any) -> None:
    make_chain(1)
    file.parent.mkdir()
    file.mkdir()  # permissions do not stop root; a folder in its place does
    assert keep_checkpoint() == Standing.UNREADABLE
    assert open_alerts() == [("checkpoint", "checkpoint_not_written")]
    assert organisation().publishing_stopped_at is None
    assert moves.published(cast).state == "published"
    file.rmdir()
    assert keep_checkpoint() == Standing.AGREES
    assert open_alerts() == []


def test_the_command_prints_the_line_to_keep(file: Path) -> None:
    out = StringIO()
    call_command("audit_checkpoint", stdout=out)
    assert "Nothing has happened yet" in out.getvalue()
    make_chain(2)
    out = StringIO()
    call_command("audit_checkpoint", stdout=out)
    assert out.getvalue().splitlines()[1] == file.read_text().strip()
    call_command("verify_audit", checkpoint=file, stdout=StringIO())


# --- comparing -----------------------------------------------------------------------------------------------------------
def test_an_older_backup_stops_publishing_before_anything_goes_out_again(file: Path, cast: Cast) -> None:
    post = moves.approved(cast)
    schedule(post.pk, by=cast.rita, publish_now=True)
    backup = Head.objects.get().seq
    make_chain(3)  # what happened after the backup
    keep_checkpoint()
    older_backup(backup)
    assert verify_chain().ok, "control: the record alone looks whole"
    call_command("dispatch", "--once", stdout=StringIO())  # as when the processes start
    row = organisation()
    assert row.publishing_stopped_at is not None
    assert "an older backup was restored" in row.publishing_stopped_why
    assert open_alerts() == [("record", "checkpoint_ahead")]
    delivery = Delivery.objects.get(post=post)
    deliver(delivery.pk)
    assert LocalPublication.objects.count() == 0
    stopped = Event.objects.get(verb="publishing.stopped")
    assert json.loads(stopped.body)["data"]["checkpoint"] == checkpoints.last().name  # type: ignore[union-attr]
    with pytest.raises(CommandError, match="older backup was restored, or its end was cut off"):
        call_command("audit_checkpoint")
    assert Event.objects.filter(verb="publishing.stopped").count() == 1, "said once"
    assert len(lines(file)) == 1, "nothing is added to the evidence meanwhile"


def test_control_without_the_comparison_the_older_backup_publishes_again(file: Path, cast: Cast) -> None:
    post = moves.approved(cast)
    schedule(post.pk, by=cast.rita, publish_now=True)
    backup = Head.objects.get().seq
    make_chain(3)
    keep_checkpoint()
    older_backup(backup)
    deliver(Delivery.objects.get(post=post).pk)
    assert LocalPublication.objects.count() == 1


def test_after_a_person_said_go_the_checkpoints_go_on(file: Path, cast: Cast) -> None:
    make_chain(5)
    keep_checkpoint()
    older_backup(3)
    assert keep_checkpoint() == Standing.AHEAD
    resume_publishing(by=cast.adam)
    assert open_alerts() == []
    assert keep_checkpoint() == Standing.AGREES, "nobody is asked twice for the same checkpoint"
    assert organisation().publishing_stopped_at is None
    assert [line["seq"] for line in lines(file)] == [5, Head.objects.get().seq]
    out = StringIO()
    with pytest.raises(CommandError, match="NOT whole"):  # the old line is still evidence, whatever anybody said
        call_command("verify_audit", checkpoint=file, stdout=out)
    older_backup(3)
    assert keep_checkpoint() == Standing.AHEAD, "the same backup once more is a new reason"
    assert organisation().publishing_stopped_at is not None


def test_a_rewritten_record_stops_publishing_too(file: Path) -> None:
    make_chain(4)
    keep_checkpoint()
    older_backup(2)
    make_chain(5)
    assert keep_checkpoint() == Standing.DIFFERS
    assert organisation().publishing_stopped_at is not None
    assert open_alerts() == [("record", "checkpoint_differs")]


def test_another_database_in_its_place_is_said_and_gets_lines_of_its_own(file: Path) -> None:
    make_chain(2)
    keep_checkpoint()

    def anew() -> None:
        Event.objects.all().delete()
        Head.objects.all().delete()
        Organisation.objects.all().delete()

    without_triggers(anew)
    make_chain(4)
    assert keep_checkpoint() == Standing.OTHER
    assert open_alerts() == [("record", "checkpoint_other")]
    assert organisation().publishing_stopped_at is None, "nothing of this database went out before"
    assert (keep_checkpoint(), len(lines(file))) == (Standing.AGREES, 2)
    out = StringIO()
    with pytest.raises(CommandError, match="NOT whole"):
        call_command("verify_audit", checkpoint=file, stdout=out)
    assert "Event 2: the checkpoint of this number is of another record." in out.getvalue()
    with file.open("a") as handle:  # whoever adds a line of the other one hides nothing
        handle.write(file.read_text().splitlines()[0] + "\n")
    older_backup(3)
    assert keep_checkpoint() == Standing.AHEAD


def test_a_checkpoint_of_somebody_else_raises_an_alert_and_stops_nothing(file: Path) -> None:
    make_chain(2)
    keep_checkpoint()
    forged = {**lines(file)[0], "seq": 99}
    file.write_text(json.dumps(forged) + "\n")
    assert keep_checkpoint(every=AT_ONCE) == Standing.FORGED
    assert open_alerts() == [("record", "checkpoint_forged")]
    assert organisation().publishing_stopped_at is None
    assert lost_checkpoint() is None
    file.write_text("garbage\n")
    assert keep_checkpoint(every=AT_ONCE) == Standing.UNREADABLE


NOT_ONE = ["", "[]", "{}", "null", '{"seq":1}']


@pytest.mark.parametrize("text", NOT_ONE)
def test_what_is_no_checkpoint_is_not_taken_for_one(text: str) -> None:
    assert checkpoints.parse(text) is None


@pytest.mark.parametrize(
    ("name", "value"), [("seq", True), ("seq", 0), ("seq", "1"), ("at", "x"), ("key", 1), ("more", 1)]
)
def test_a_field_of_another_kind_is_no_checkpoint(name: str, value: object) -> None:
    make_chain(1)
    good = checkpoints.of_now()
    assert good is not None
    assert checkpoints.parse(good.line()) == good
    assert checkpoints.parse(json.dumps({**json.loads(good.line()), name: value})) is None


# --- mail --------------------------------------------------------------------------------------------------------------
class Down(EmailBackend):
    def send_messages(self, messages: Any) -> int:
        raise ConnectionRefusedError


@pytest.fixture
def mailed(settings: Any, cast: Cast) -> Cast:
    settings.MAIL_CONFIGURED = True
    organisation()
    change_checkpoint_mail("auditor@example.net", by=cast.adam)
    return cast


def test_each_new_checkpoint_is_mailed_once_with_numbers_only(mailed: Cast, file: Path) -> None:
    keep_checkpoint(every=AT_ONCE)
    keep_checkpoint(every=AT_ONCE)
    (message,) = mail.outbox
    (kept,) = lines(file)
    assert message.to == ["auditor@example.net"]
    assert message.subject == f"Audit checkpoint {kept['seq']}"
    assert file.read_text().strip() in message.body
    assert f"{kept['seq']}:{kept['digest']}" in message.body
    for private in ("Adam", "Alice", "Harbor", "auditor@"):
        assert private not in message.body + message.subject
    moves.draft(mailed, "Words that nobody mails.")
    keep_checkpoint(every=AT_ONCE)
    assert len(mail.outbox) == 2
    assert "Words" not in mail.outbox[1].body


@pytest.mark.parametrize(("backend", "configured"), [("tests.audit.test_checkpoints.Down", True), (None, False)])
def test_a_mail_that_does_not_go_out_is_loud_and_blocks_nothing(
    mailed: Cast, file: Path, settings: Any, backend: str | None, configured: bool
) -> None:
    settings.MAIL_CONFIGURED, settings.EMAIL_BACKEND = configured, backend or settings.EMAIL_BACKEND
    assert keep_checkpoint(every=AT_ONCE) == Standing.AGREES
    assert open_alerts() == [("checkpoint", "checkpoint_not_mailed")]
    assert len(lines(file)) == 1
    settings.MAIL_CONFIGURED, settings.EMAIL_BACKEND = True, "django.core.mail.backends.locmem.EmailBackend"
    moves.draft(mailed)
    keep_checkpoint(every=AT_ONCE)
    assert (len(mail.outbox), open_alerts()) == (1, [])


def test_the_address_is_changed_by_an_administrator_and_the_record_does_not_hold_it(
    mailed: Cast, client: Client
) -> None:
    event = Event.objects.get(verb="checkpoint.mail_changed")
    assert "auditor@example.net" not in event.body
    client.force_login(mailed.olga)
    assert client.post("/audit/record/mail/", {"address": "me@example.net"}).status_code == 403
    client.force_login(mailed.adam)
    assert client.post("/audit/record/mail/", {"address": "no address"}).status_code == 422
    assert client.post("/audit/record/mail/", {"address": ""}).status_code == 303
    assert organisation().checkpoint_mail == ""
    assert Event.objects.filter(verb="checkpoint.mail_changed").count() == 2


def test_without_a_mail_server_no_mail_is_promised(cast: Cast, client: Client, settings: Any) -> None:
    settings.MAIL_CONFIGURED = False
    client.force_login(cast.adam)
    answer = client.post("/audit/record/mail/", {"address": "auditor@example.net"}, follow=True).content.decode()
    assert "are mailed from now on" not in answer
    assert "as soon as a mail server is set" in answer


# --- the page ----------------------------------------------------------------------------------------------------------
def test_the_pages_show_how_the_record_stands(file: Path, cast: Cast, client: Client) -> None:
    client.force_login(cast.olga)
    assert "No checkpoint has been kept yet" in client.get("/audit/record/").content.decode()
    assert client.get("/audit/record/checkpoint/").status_code == 404
    make_chain(3)
    keep_checkpoint()
    for address in ("/audit/", "/audit/record/"):
        assert "The record still holds the last checkpoint, of event 3." in client.get(address).content.decode()
    answer = client.get("/audit/record/checkpoint/")
    assert answer.content == file.read_bytes()
    assert answer["Content-Disposition"] == 'attachment; filename="checkpoint-3.jsonl"'
    older_backup(2)
    for address in ("/audit/", "/audit/record/"):
        assert "the record ends before it" in client.get(address).content.decode()
    assert "The record is whole" not in client.get("/audit/").content.decode()
    keep_checkpoint()
    page = client.get("/audit/record/").content.decode()
    assert "Compare the calendar with what the channels show" in page
    client.force_login(cast.adam)
    home = client.get("/").content.decode()
    assert "The audit record does not hold its last checkpoint" in home
    assert "Publishing is stopped" in home


def test_the_form_says_what_is_wrong_with_a_range(cast: Cast, client: Client) -> None:
    make_chain(2)
    client.force_login(cast.olga)
    for wrong, words in (
        ({"reason": ""}, "This field is required"),
        ({"reason": "review", "first": "9"}, "No event lies in this range."),
        ({"reason": "review", "first": "2", "last": "1"}, "This number is below the first one."),
        ({"reason": "review", "since": "2026-02-02", "until": "2026-02-01"}, "This day is before the first one."),
        ({"reason": "review", "until": "2001-01-01"}, "No event lies in this range."),
    ):
        answer = client.post("/audit/record/export/", wrong)
        assert (answer.status_code, words in answer.content.decode()) == (422, True), wrong
    assert Event.objects.count() == 2, "what was not handed out is not recorded"


def test_the_command_writes_an_export_and_records_who_and_why(cast: Cast, tmp_path: Path) -> None:
    make_chain(2)
    file = tmp_path / "audit.zip"
    call_command("export_audit", str(file), by="OLGA@example.org", reason="archive", stdout=StringIO())
    assert file.stat().st_mode & 0o777 == 0o600
    event = Event.objects.get(verb="audit.exported")
    assert (event.seq, event.actor_kind, event.actor_name) == (3, "command", "Olga Example")
    with pytest.raises(CommandError, match="never overwrites"):
        call_command("export_audit", str(file), by="olga@example.org", reason="archive")
    for bad, words in (
        ({"by": "who@example.org"}, "no person"),
        ({"by": "alice@example.org"}, "roles do not include"),
        ({"by": "olga@example.org", "from_seq": 99}, "No event lies in this range"),
    ):
        with pytest.raises(CommandError, match=words):
            call_command("export_audit", str(tmp_path / "other.zip"), reason="archive", **bad)
        assert not (tmp_path / "other.zip").exists()
