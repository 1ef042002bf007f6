"""Law 10: what the database says about a row does not reach the log."""

import logging
from collections.abc import Iterator
from logging.config import DictConfigurator

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from healthsocial.audit.log import UnrecordedAct

pytestmark = pytest.mark.django_db
MARKER = "zqxmarker"


class Lines(logging.Handler):
    """Keeps what the formatter of the settings made of each record."""

    def __init__(self, spec: dict[str, str]) -> None:
        super().__init__()
        self.setFormatter(DictConfigurator({"version": 1}).configure_formatter(dict(spec)))
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.text += self.format(record) + "\n"


@pytest.fixture
def lines() -> Iterator[Lines]:
    yield from _listening(settings.LOGGING["formatters"]["line"])


@pytest.fixture
def plain_lines() -> Iterator[Lines]:
    """Python's own formatter."""
    yield from _listening({"format": "{message}", "style": "{"})


def _listening(spec: dict[str, str]) -> Iterator[Lines]:
    handler = Lines(spec)
    logger = logging.getLogger("django.request")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


def _failing() -> None:
    """A statement whose error quotes the value."""
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT CAST(%s AS integer)", [MARKER])
        else:
            cursor.execute(f'SELECT 1 FROM "{MARKER}"')


def _logged() -> None:
    logger = logging.getLogger("django.request")
    try:
        _failing()
    except DatabaseError as error:
        logger.exception("Internal Server Error: %s", "/posts/")
        logger.error("it said %s", error)
        logger.error("task failed: %(exc)s", {"exc": repr(error)}, exc_info=error)  # as Celery does
    try:
        try:
            _failing()
        except DatabaseError as error:
            raise ValueError(f"wrapped: {error}") from error
    except ValueError:
        logger.exception("Internal Server Error: %s", "/posts/")


def test_an_error_of_the_database_is_logged_by_its_kind(lines: Lines) -> None:
    _logged()
    assert MARKER not in lines.text
    kind = "DataError" if connection.vendor == "postgresql" else "OperationalError"
    assert f"\ndjango.db.utils.{kind}\n" in lines.text
    assert f"it said {kind}" in lines.text
    assert "test_law_10_the_log.py" in lines.text  # the frames stay
    assert "Internal Server Error: /posts/" in lines.text
    assert "\nbuiltins.ValueError\n" in lines.text


def test_the_twin_a_plain_formatter_would_have_told(plain_lines: Lines) -> None:
    _logged()
    assert plain_lines.text.count(MARKER) >= 4


def test_errors_of_ours_keep_their_words_because_those_are_codes(lines: Lines) -> None:
    try:
        raise UnrecordedAct("post.approve")
    except UnrecordedAct:
        logging.getLogger("django.request").exception("Internal Server Error: %s", "/posts/")
    assert "UnrecordedAct: post.approve" in lines.text
