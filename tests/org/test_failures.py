"""A request that fails on our side: what the person sees, and that nothing was changed."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import DatabaseError, OperationalError, connection
from django.test import Client

from posts.models import Post
from tests.conftest import Cast

FIELDS = {"title": "Flu clinic", "text": "Our flu clinic opens on Saturday.", "kind": "original", "save": "1"}


@contextmanager
def writes_fail(error: DatabaseError) -> Iterator[None]:
    def refuse(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql.startswith(('INSERT INTO "posts_', "INSERT INTO posts_")):
            raise error
        return execute(sql, *rest)

    with connection.execute_wrapper(refuse):
        yield


@pytest.mark.parametrize(
    ("message", "heading", "advice"),
    [
        ("database or disk is full", "The server’s disk is full", "has no room left"),
        ("connection refused", "The database does not answer", "the database did not answer"),
    ],
)
def test_a_database_that_cannot_write_loses_nothing_and_says_so(
    client: Client, cast: Cast, message: str, heading: str, advice: str
) -> None:
    client.force_login(cast.alice)
    client.raise_request_exception = False
    with writes_fail(OperationalError(message)):
        answer = client.post("/posts/new/", {**FIELDS, "channels": [str(cast.harbor.pk)]})
    page = answer.content.decode()
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    assert heading in page
    assert "What you typed is still in the page before this one" in page
    assert advice in page
    assert Post.objects.count() == 0


def test_control_any_other_fault_is_the_page_that_blames_us(client: Client, cast: Cast) -> None:
    client.force_login(cast.alice)
    client.raise_request_exception = False
    with writes_fail(DatabaseError("something else")):
        answer = client.post("/posts/new/", {**FIELDS, "channels": [str(cast.harbor.pk)]})
    assert answer.status_code == 500
    assert "Something broke on our side" in answer.content.decode()


def test_a_full_sqlite_file_says_what_the_page_looks_for(tmp_path: Any) -> None:
    """The word that tells a full disk from a database that is away is SQLite's own."""
    tiny = sqlite3.connect(tmp_path / "tiny.sqlite3")
    tiny.execute("PRAGMA max_page_count = 2")
    tiny.execute("CREATE TABLE one (x)")
    with pytest.raises(sqlite3.OperationalError, match="is full"):
        tiny.execute("CREATE TABLE two (x)")
    tiny.close()
