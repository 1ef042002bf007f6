"""Posts from files: CSV and JSON Lines, once each, through the actions."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from healthsocial.audit.models import Event
from healthsocial.org.models import Organisation
from healthsocial.org.roles import Role
from posts import importing
from posts.actions.approve import approve
from posts.actions.import_row import Defaults, import_row, key_of
from posts.enums import PostKind, State
from posts.importing import BadRow, Reading, Row
from posts.models import ImportedRow, Post, PostEditor
from tests.conftest import PASSWORD, Cast, give

pytestmark = pytest.mark.django_db
CLEAN = "Our flu clinic opens on Saturday."
Write = Callable[..., Path]


@dataclass
class Run:
    out: str
    err: str
    code: int


def run(path: Path, *arguments: str, by: str = "alice@example.org") -> Run:
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("import_posts", str(path), "--by", by, *arguments, stdout=out, stderr=err)
    except CommandError as error:
        return Run(out.getvalue(), f"{err.getvalue()}{error}", error.returncode)
    return Run(out.getvalue(), err.getvalue(), 0)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def file(content: str | bytes, name: str = "posts.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return file


def texts() -> list[str]:
    """Texts in the order of import."""
    return [p.working_copy.text for p in Post.objects.select_related("working_copy").order_by("created_at")]


def lines(*rows: dict[str, object]) -> str:
    return "\n".join(json.dumps(row) for row in rows) + "\n"


# --- CSV ---------------------------------------------------------------------------------------------------------
def test_takes_rows_in_as_drafts_of_their_author_in_order(cast: Cast, write: Write) -> None:
    path = write("id,text,title,channel\na,First one.,Hello,harbor-news\nb,Second one.,,heart-center\n")
    result = run(path)
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("2 imported, 0 already there, 0 bad rows; ")
    assert texts() == ["First one.", "Second one."]
    posts = list(Post.objects.order_by("created_at"))
    assert [p.title for p in posts] == ["Hello", "Imported: b"]
    assert [p.state for p in posts] == [State.DRAFT, State.DRAFT]
    assert [p.creator for p in posts] == [cast.alice, cast.alice]
    assert [list(p.channels.all()) for p in posts] == [[cast.harbor], [cast.heart]]


def test_reads_newlines_quotes_and_a_byte_order_mark(cast: Cast, write: Write) -> None:
    path = write(b'\xef\xbb\xbftext,title\r\n"Line one\r\nline ""two"", with a comma",T\r\nNext,U\r\n')
    assert run(path, "--channel", "harbor-news").code == 0
    assert texts() == ['Line one\nline "two", with a comma', "Next"]


def test_formulas_stay_words(cast: Cast, write: Write) -> None:
    formula = '=HYPERLINK("https://x.example"),+1,-1,@SUM(A1)'
    run(write('text,title\n"' + formula.replace('"', '""') + '",=1+1\n'))
    assert texts() == [formula]
    assert Post.objects.get().title == "=1+1"


def test_reads_every_column(cast: Cast, write: Write) -> None:
    path = write(
        "text,author,kind,first_comment,links,proposed_at,zone,mood\n"
        "Hi there.,alice@example.org,Reply,First!,https://a.example https://b.example,2026-03-04T09:00,Europe/Berlin,glad\n"
    )
    result = run(path, "--channel", "harbor-news")
    post = Post.objects.select_related("working_copy").get()
    assert post.kind == PostKind.REPLY
    assert post.working_copy.first_comment == "First!"
    assert post.working_copy.links == ["https://a.example", "https://b.example"]
    assert (post.proposed_zone, post.proposed_wall) == ("Europe/Berlin", "2026-03-04T09:00")
    assert "Ignored columns: mood\n" in result.out


def test_a_bad_row_is_named_by_line_and_reason_and_stops_no_other(cast: Cast, write: Write) -> None:
    path = write(
        "text,channel,links,proposed_at\n"
        "Good one.,harbor-news,,\n"
        ",harbor-news,,\n"
        "secret words,nowhere,,\n"
        "secret words,harbor-news,ftp://x.example,\n"
        "secret words,harbor-news,,2026-03-08T02:30\n"
        "secret words,harbor-news,,9999-12-31T23:59\n"
        "secret words,harbor-news\n"
        '"secret words"x,harbor-news,,\n'
        f"{'secret ' * 3000},harbor-news,,\n"
        "Good two.,harbor-news,,\n"
    )
    Organisation.objects.create(id=1, zone="America/New_York")
    result = run(path)
    assert result.code == 2
    assert texts() == ["Good one.", "Good two."]
    assert "secret" not in result.err + result.out
    found = [line.split(":")[0] for line in result.err.splitlines()]
    assert found[:-1] == [f"line {number}" for number in (3, 4, 5, 6, 7, 8, 9, 10)]
    assert "line 3: the text is missing" in result.err
    assert "line 8: it has 2 columns, and the first line names 4" in result.err
    assert "line 9: the quotes do not match" in result.err


def test_an_open_quote_is_one_bad_row(cast: Cast, write: Write) -> None:
    result = run(write('text\nGood.\n"never closed\nmore\n'))
    assert (result.code, texts()) == (2, ["Good."])
    assert result.err.startswith("line 3: the quotes do not match")


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        ("title,channel\nA,b\n", "posts.csv", "No column is called “text”"),
        ("", "posts.csv", "must name the columns"),
        ("text,title,text\na,b,c\n", "posts.csv", "appears twice"),
        ("text\nabc\n", "posts.txt", "--format"),
        (b"text\nGr\xfc\xdfe\n", "posts.csv", "not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence(
    cast: Cast, write: Write, content: str | bytes, name: str, message: str
) -> None:
    result = run(write(content, name))
    assert result.code == 1
    assert message in result.err
    assert len(result.err.splitlines()) == 1
    assert Post.objects.count() == 0


def test_a_file_that_is_too_large_is_refused_unread(cast: Cast, tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    with path.open("wb") as handle:
        handle.truncate(importing.MAX_BYTES + 1)
    result = run(path)
    assert result.code == 1
    assert "at most 52 MB" in result.err


def test_a_missing_file_is_one_sentence(cast: Cast, tmp_path: Path) -> None:
    result = run(tmp_path / "none.csv")
    assert (result.code, result.err) == (1, "The file cannot be read: No such file or directory.")


# --- JSON Lines --------------------------------------------------------------------------------------------------
def test_json_lines_with_bad_ones_between(cast: Cast, write: Write) -> None:
    path = write(
        '{"text": "One.", "links": ["https://a.example"]}\n\n{"text": "Tw\nnot json\n[1]\n{"text": 5}\n{"text": "\\ud800"}\n'
        '{"id": 7, "text": "Three.", "x": {"deep": 1}}\n',
        "posts.jsonl",
    )
    result = run(path)
    assert result.code == 2
    assert texts() == ["One.", "Three."]
    assert ImportedRow.objects.filter(pk="id:7").exists()
    assert [line.split(":")[0] for line in result.err.splitlines()][:5] == [f"line {n}" for n in (3, 4, 5, 6, 7)]


def test_nothing_readable_is_exit_code_one(cast: Cast, write: Write) -> None:
    assert run(write("nonsense\nmore\n", "posts.jsonl")).code == 1


def test_a_kind_of_another_system_is_said_once(cast: Cast, write: Write) -> None:
    path = write(lines({"text": "One.", "kind": "letter"}, {"text": "Two.", "kind": "reply"}), "posts.jsonl")
    result = run(path, "--kind", "comment")
    assert "1 row names a kind that is not one of original, reply, comment, story: taken as comment." in result.out
    assert list(Post.objects.order_by("created_at").values_list("kind", flat=True)) == ["comment", "reply"]


# --- once each ---------------------------------------------------------------------------------------------------
def test_a_second_run_makes_nothing(cast: Cast, write: Write) -> None:
    path = write("id,text\na,With an id.\n,Without one.\n,Without one.\n")
    assert run(path).out.startswith("2 imported, 1 already there, 0 bad rows")
    events = Event.objects.count()
    again = run(path)
    assert again.code == 0
    assert again.out.startswith("0 imported, 3 already there, 0 bad rows")
    assert (Post.objects.count(), Event.objects.count()) == (2, events)


def test_a_row_is_known_by_its_id_or_by_what_it_says() -> None:
    assert key_of(Row(1, {"id": "a", "text": "x"})) == key_of(Row(9, {"id": "a", "text": "y"})) == "id:a"
    plain, other = Row(1, {"text": "x"}), Row(1, {"text": "y"})
    assert key_of(plain) == key_of(Row(5, {"text": "x"}))
    assert key_of(plain) != key_of(other)
    assert key_of(plain) != key_of(Row(1, {"text": "x"}, ("https://a.example",)))
    assert key_of(Row(1, {"id": "a" * 300, "text": "x"})).startswith("row:")


def test_a_dry_run_writes_nothing_and_says_what_would_be(cast: Cast, write: Write) -> None:
    path = write("id,text,channel\na,Fine.,harbor-news\na,Again.,harbor-news\nb,Lost.,nowhere\n")
    before = Event.objects.count()
    result = run(path, "--dry-run", "--submit")
    assert result.code == 2
    assert result.out.startswith("1 could be imported, 1 already there, 1 bad rows")
    assert (Post.objects.count(), ImportedRow.objects.count(), Event.objects.count()) == (0, 0, before)


# --- who may -----------------------------------------------------------------------------------------------------
def test_the_author_needs_the_role_on_the_channel(cast: Cast, write: Write) -> None:
    result = run(write("text,channel\nHello.,west-clinic\nHello too.,harbor-news\n"))
    assert result.code == 2
    assert "line 2: You may not write for every channel you chose." in result.err
    assert texts() == ["Hello too."]
    assert Event.objects.filter(verb="post.imported.refused").count() == 1


def test_somebody_without_a_role_imports_nothing(cast: Cast, write: Write) -> None:
    path = write("text,channel\nHello.,harbor-news\n")
    assert run(path, by="nobody@example.org").code == 2
    assert run(path, "--author", "alice@example.org", by="rita@example.org").code == 2
    assert run(path, "--author", "alice@example.org", by="mallory@example.org").code == 2
    assert Post.objects.count() == 0


@pytest.mark.parametrize("option", [["--author", "gone@example.org"], ["--channel", "nowhere"], ["--wait"]])
def test_an_option_that_spoils_every_row_is_refused_at_once(cast: Cast, write: Write, option: list[str]) -> None:
    assert run(write("text\nHello.\n"), *option).code == 1
    assert Event.objects.count() == 0


def test_an_administrator_imports_for_an_author_and_counts_as_editor(cast: Cast) -> None:
    row = Row(2, {"text": CLEAN, "channel": "harbor-news"})
    post = import_row(row, by=cast.adam, defaults=Defaults(author="alice@example.org"))
    assert post is not None
    assert post.creator == cast.alice
    assert set(PostEditor.objects.filter(post=post).values_list("user", flat=True)) == {cast.alice.pk, cast.adam.pk}
    event = Event.objects.get(verb="post.imported")
    assert (event.actor_kind, event.actor_name, event.actor_role) == ("command", "Adam Example", "administrator")
    assert CLEAN not in event.body


def test_who_imported_cannot_approve(cast: Cast, write: Write) -> None:
    give(cast.rita, Role.AUTHOR, channel=cast.harbor)
    path = write(f"text\n{CLEAN}\n")
    run(path, "--channel", "harbor-news", "--author", "alice@example.org", "--submit", "--wait", by="rita@example.org")
    post = Post.objects.get()
    assert (post.creator, post.state) == (cast.alice, State.IN_REVIEW)
    assert post.current_version_id is not None
    with pytest.raises(Exception, match="own_edit"):
        approve(post.pk, by=cast.rita, version_id=post.current_version_id, password=PASSWORD)


# --- --submit ----------------------------------------------------------------------------------------------------
def test_submit_and_wait_count_the_states(cast: Cast, write: Write) -> None:
    path = write(
        "text,channel\n"
        f"{CLEAN},harbor-news\n"
        "Our elderberry syrup cures the flu.,harbor-news\n"
        "No channel is a draft.,\n"
        f"{'Too long. ' * 300},harbor-news\n"
    )
    result = run(path, "--submit", "--wait")
    assert result.code == 2
    assert "4 imported, 0 already there, 0 bad rows" in result.out
    assert "States: draft 2, changes_requested 1, in_review 1" in result.out
    assert "line 4: in as a draft, not sent to its check: it has no channel." in result.err
    assert "line 5: in as a draft, not sent to its check: Harbor news takes 2000 characters" in result.err


def test_submit_alone_leaves_the_checks_to_the_worker(cast: Cast, write: Write) -> None:
    result = run(write(f"text\n{CLEAN}\n"), "--channel", "harbor-news", "--submit")
    assert "States: checking 1" in result.out


# --- reading alone -----------------------------------------------------------------------------------------------
def test_rows_are_read_one_by_one(write: Write) -> None:
    path = write("text\n" + "x\n" * 50_000)
    rows = importing.read_rows(path, "csv", Reading())
    assert next(rows) == Row(2, {"text": "x"})
    assert next(rows) == Row(3, {"text": "x"})


def test_a_row_keeps_the_line_it_begins_on(write: Write) -> None:
    path = write('text,title\n"a\nb",T\n\nc\nd,U\n')
    found = [(item.line, isinstance(item, BadRow)) for item in importing.read_rows(path, "csv", Reading())]
    assert found == [(2, False), (5, True), (6, False)]
