"""Reading files of posts: CSV (RFC 4180) and JSON Lines, row by row. Knows nothing of the database.

A row that cannot be read becomes a BadRow with its line and a reason, never its words; reading goes on after it.
"""

import codecs
import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.utils.translation import gettext as _

from healthsocial.audit.log import canonical
from posts.enums import PostKind

MAX_BYTES = 50 * 1024 * 1024
COLUMNS = ("id", "text", "title", "channel", "author", "kind", "first_comment", "links", "proposed_at", "zone")
FORMATS = ("csv", "jsonl")
_CHUNK = 1024 * 1024


class FileProblem(Exception):
    """The file as a whole cannot be used; the message is one sentence for people."""


@dataclass(frozen=True)
class Row:
    """One post of the file. `values` holds known columns that are not empty; `line` is where it begins, from 1."""

    line: int
    values: dict[str, str]
    links: tuple[str, ...] = ()

    def content(self) -> str:
        """Canonical form of everything the row says: what its key is made of when it has no id."""
        return canonical({"values": self.values, "links": list(self.links)})


@dataclass(frozen=True)
class BadRow:
    line: int
    reason: str


@dataclass
class Reading:
    """What was noticed while reading, complete when the rows have been read to the end."""

    unknown_columns: list[str] = field(default_factory=list)
    other_kinds: int = 0

    def unknown(self, name: str) -> None:
        if name not in self.unknown_columns:
            self.unknown_columns.append(name)


def format_of(path: Path, wanted: str = "") -> str:
    """csv or jsonl, by --format or by the file's extension."""
    known = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
    found = wanted or known.get(path.suffix.lower(), "")
    if not found:
        raise FileProblem(_("The file's name ends neither in .csv nor in .jsonl: say --format csv or --format jsonl."))
    return found


def check_file(path: Path) -> None:
    """Read the file once before anything is imported: there, not too large, UTF-8 to its end."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise FileProblem(
                _("The file has %(size)d MB; at most %(limit)d MB are taken at once. Split it.")
                % {"size": size // 1_000_000, "limit": MAX_BYTES // 1_000_000}
            )
        decoder = codecs.getincrementaldecoder("utf-8")()
        with path.open("rb") as handle:
            while chunk := handle.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
    except OSError as error:
        raise FileProblem(_("The file cannot be read: %(why)s.") % {"why": error.strerror or "?"}) from error
    except UnicodeDecodeError as error:
        raise FileProblem(_("The file is not UTF-8. Save it as UTF-8 and try again; nothing was imported.")) from error


def read_rows(path: Path, file_format: str, reading: Reading) -> Iterator[Row | BadRow]:
    """Rows in the order of the file. Raises FileProblem when there is no usable header."""
    rows = _csv_rows(path, reading) if file_format == "csv" else _json_rows(path, reading)
    for item in rows:
        yield _checked(item, reading) if isinstance(item, Row) else item


def _checked(row: Row, reading: Reading) -> Row | BadRow:
    if not row.values.get("text", "").strip():
        return BadRow(row.line, _("the text is missing"))
    try:
        row.content().encode("utf-8")
    except UnicodeEncodeError:
        return BadRow(row.line, _("it holds half of a character (a lone surrogate)"))
    kind = row.values.get("kind", "").strip().lower()
    if not kind:
        return row
    values = {**row.values, "kind": kind}
    if kind not in PostKind.values:  # `kind` is a common column name and may mean something else where it comes from
        reading.other_kinds += 1
        del values["kind"]
    return Row(row.line, values, row.links)


# --- CSV -----------------------------------------------------------------------------------------------------
def _csv_rows(path: Path, reading: Reading) -> Iterator[Row | BadRow]:
    limit = csv.field_size_limit(MAX_BYTES + 1)  # the file's size is the limit; a smaller one would split a row
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.reader(handle, strict=True)
            header = _header(reader, reading)
            while True:
                line = reader.line_num + 1
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error:
                    yield BadRow(line, _("the quotes do not match"))
                    continue
                if cells:
                    yield _csv_row(line, header, cells)
    finally:
        csv.field_size_limit(limit)


def _header(reader: Iterator[list[str]], reading: Reading) -> list[str]:
    try:
        header = [name.strip().lower() for name in next(reader)]
    except (StopIteration, csv.Error) as error:
        raise FileProblem(_("The first line must name the columns; one of them is “text”.")) from error
    if "text" not in header:
        raise FileProblem(_("No column is called “text”; the first line must name the columns."))
    if len({name for name in header if name in COLUMNS}) != sum(name in COLUMNS for name in header):
        raise FileProblem(_("A column appears twice in the first line."))
    for name in header:
        if name not in COLUMNS:
            reading.unknown(name)
    return header


def _csv_row(line: int, header: list[str], cells: list[str]) -> Row | BadRow:
    if len(cells) != len(header):
        return BadRow(
            line,
            _("it has %(found)d columns, and the first line names %(wanted)d")
            % {"found": len(cells), "wanted": len(header)},
        )
    values = {name: cell for name, cell in zip(header, cells, strict=True) if name in COLUMNS and cell.strip()}
    return Row(line, values, tuple(values.pop("links", "").split()))


# --- JSON Lines ----------------------------------------------------------------------------------------------
def _json_rows(path: Path, reading: Reading) -> Iterator[Row | BadRow]:
    with path.open(encoding="utf-8-sig", newline="\n") as handle:
        for line, text in enumerate(handle, start=1):
            if not text.strip():
                continue
            try:
                item = json.loads(text)
            except (ValueError, RecursionError):
                yield BadRow(line, _("it is not JSON"))
                continue
            yield _json_row(line, item, reading)


def _json_row(line: int, item: object, reading: Reading) -> Row | BadRow:
    if not isinstance(item, dict):
        return BadRow(line, _("it is not an object with names and values"))
    values: dict[str, str] = {}
    links: tuple[str, ...] = ()
    for name, value in item.items():
        if name not in COLUMNS:
            reading.unknown(name)
        elif name == "links" and isinstance(value, list):
            links = tuple(str(link) for link in value)
        elif name == "links" and isinstance(value, str):
            links = tuple(value.split())
        elif isinstance(value, str):
            values |= {name: value} if value.strip() else {}
        elif name == "id" and isinstance(value, int) and not isinstance(value, bool):
            values[name] = str(value)
        elif value is not None:
            return BadRow(line, _("“%(name)s” is not text") % {"name": name})
    return Row(line, values, links)
