"""Every test here commits for real and finds the rows that a founded organisation has."""

import pytest

from healthsocial.audit.models import Head
from healthsocial.org.queries import organisation


@pytest.fixture(autouse=True)
def _founded(real_connections: None) -> None:
    organisation()
    Head.objects.get_or_create(id=1)
