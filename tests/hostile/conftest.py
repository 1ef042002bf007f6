"""One site per file: reading and asking hundreds of times must not build it hundreds of times."""

import logging
from collections.abc import Iterator

import pytest
import pytest_django
from django.db import transaction

from tests.conftest import build_cast
from tests.hostile.site import Site, build


@pytest.fixture(scope="module")
def site(
    django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker, hashed_password: str
) -> Iterator[Site]:
    """Every test of the file runs in a savepoint inside this transaction, which is rolled back at the end."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield build(build_cast(hashed_password))
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def _quiet_log() -> Iterator[None]:
    """Hundreds of refusals are expected here; writing their tracebacks takes longer than the refusals."""
    logger = logging.getLogger("django.request")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(before)
