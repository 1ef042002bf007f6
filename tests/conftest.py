"""The cast, and the few moves every test needs. Real objects, through the real actions."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
import pytest_django
from django.contrib.auth.hashers import make_password
from django.db import connection

from healthsocial import clock
from healthsocial.audit import triggers
from healthsocial.org.models import Channel, ChannelGroup, Grant, User
from healthsocial.org.roles import Role
from posts import wake
from tests.database import drop_triggers, flush_by_deleting

_left_out: list[str] = []


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests of row locks need PostgreSQL; on SQLite they are left out, and the summary says so."""
    if connection.vendor == "postgresql":
        return
    out = [item for item in items if item.get_closest_marker("postgres")]
    if out:
        _left_out[:] = [item.nodeid for item in out]
        config.hook.pytest_deselected(items=out)
        items[:] = [item for item in items if item not in out]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _left_out:
        terminalreporter.write_line(f"{len(_left_out)} tests need PostgreSQL: set DATABASE_URL to run them too")


PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="session", autouse=True)
def _no_session_is_left(django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker) -> Iterator[None]:
    """The live server keeps a connection per kept-alive browser socket; PostgreSQL drops no database in use."""
    yield
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


@pytest.fixture(scope="session")
def _quick_flush() -> Iterator[None]:
    if connection.vendor != "postgresql":
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(connection.ops), "sql_flush", flush_by_deleting)
        yield


@pytest.fixture
def real_connections(_quick_flush: None, transactional_db: None) -> Iterator[None]:
    """Commits are real, so that other connections and processes see them."""
    assert triggers.missing() == []
    yield
    drop_triggers()


@dataclass
class Cast:
    """alice writes, rita and rob are compliance officers, priya is the privacy officer, sam schedules, adam administers,

    olga audits, mallory writes on another channel, nobody holds nothing.
    """

    alice: User
    rita: User
    rob: User
    priya: User
    sam: User
    adam: User
    olga: User
    mallory: User
    nobody: User
    harbor: Channel
    heart: Channel
    other: Channel


@pytest.fixture(autouse=True)
def _clock_stands_at_zero() -> Iterator[None]:
    clock.set_offset(0)
    wake.ask_again()
    yield
    clock.set_offset(0)


@pytest.fixture(scope="session")
def hashed_password() -> str:
    return make_password(PASSWORD)


@pytest.fixture
def cast(db: None, hashed_password: str) -> Cast:
    """The cast with two channels of one site, and one channel of another."""
    return build_cast(hashed_password)


def build_cast(hashed_password: str) -> Cast:
    main, west = ChannelGroup.objects.bulk_create(
        [ChannelGroup(name="Main campus", kind="site"), ChannelGroup(name="West clinic", kind="site")]
    )
    harbor, heart, other = Channel.objects.bulk_create(
        [
            Channel(group=main, name="Harbor news", slug="harbor-news"),
            Channel(group=main, name="Heart center", slug="heart-center"),
            Channel(group=west, name="West clinic", slug="west-clinic"),
        ]
    )
    names = ("alice", "rita", "rob", "priya", "sam", "adam", "olga", "mallory", "nobody")
    people = {name: _person(name, hashed_password) for name in names}
    User.objects.bulk_create(people.values())
    Grant.objects.bulk_create(
        [
            _grant(people["alice"], Role.AUTHOR, group=main),
            _grant(people["rita"], Role.COMPLIANCE_OFFICER, group=main),
            _grant(people["rob"], Role.COMPLIANCE_OFFICER, group=main),
            _grant(people["priya"], Role.PRIVACY_OFFICER, group=main),
            _grant(people["sam"], Role.SCHEDULER, group=main),
            _grant(people["mallory"], Role.AUTHOR, group=west),
            _grant(people["adam"], Role.ADMINISTRATOR),
            _grant(people["olga"], Role.AUDITOR),
        ]
    )
    return Cast(**people, harbor=harbor, heart=heart, other=other)


def _person(name: str, hashed: str) -> User:
    return User(email=f"{name}@example.org", name=name.capitalize() + " Example", password=hashed)


def _grant(user: User, role: Role, *, group: ChannelGroup | None = None, channel: Channel | None = None) -> Grant:
    scope = "group" if group else "channel" if channel else "everything"
    start = clock.now() - timedelta(hours=1)
    return Grant(user=user, role=role, scope=scope, group=group, channel=channel, starts_at=start)


def give(user: User, role: Role, *, group: ChannelGroup | None = None, channel: Channel | None = None) -> Grant:
    """A grant from an hour ago without an end."""
    grant = _grant(user, role, group=group, channel=channel)
    grant.save()
    return grant
