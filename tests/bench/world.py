"""An organisation with many posts, written in bulk: what is measured is reading and moving them, not making them.

The rows are what the actions would have written (seals, signatures and checks are right), but without events.
"""

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import connection, models, transaction

from compliance import checking
from compliance.models import CheckRun, Finding
from healthsocial import clock, crypto
from healthsocial.audit import triggers
from healthsocial.org.models import Channel, ChannelGroup, Grant, User
from healthsocial.org.roles import Role
from posts import canonical
from posts.actions.approve import MEANING
from posts.enums import DeliveryState, State
from posts.models import Approval, Delivery, Post, PostEditor, PostVersion, WorkingCopy
from posts.models.post import NEEDS_APPROVAL, NEEDS_VERSION
from posts.signing import signature_of
from tests.database import drop_triggers

PASSWORD = "correct horse battery staple"
TEXT = (
    "Our flu clinic opens on Saturday at the north entrance. Walk in between nine and noon; no appointment needed. "
    "Ask your pharmacist which vaccine fits you and bring your list of medicines. Notice number {n}."
)
# Of a thousand posts of an organisation that has worked with it for a while.
STATES: dict[State, int] = {
    State.DRAFT: 30,
    State.CHANGES_REQUESTED: 15,
    State.IN_REVIEW: 30,
    State.REJECTED: 10,
    State.APPROVED: 10,
    State.SCHEDULED: 25,
    State.PUBLISHED: 250,
    State.MISSED: 5,
    State.HELD: 5,
    State.WITHDRAWN: 5,
    State.ARCHIVED: 615,
}
SENT = (State.PUBLISHED, State.WITHDRAWN, State.ARCHIVED)


@dataclass(frozen=True)
class People:
    author: User
    officer: User
    channels: list[Channel]


def people(channels: int = 12, foreign: int = 4, network: str = "local") -> People:
    """Two people, channels on which one writes and the other decides, and some where both have no role."""
    group = ChannelGroup.objects.create(name="Main campus", kind="site")
    west = ChannelGroup.objects.create(name="West clinic", kind="site")
    places = [
        Channel(group=west if n >= channels else group, name=f"Channel {n:02}", slug=f"channel-{n}", network=network)
        for n in range(channels + foreign)
    ]
    Channel.objects.bulk_create(places)
    password = make_password(PASSWORD, hasher="md5")
    author = User.objects.create(email="author@example.org", name="Ada Author", password=password)
    officer = User.objects.create(email="officer@example.org", name="Olga Officer", password=password)
    start = clock.now() - timedelta(hours=1)
    for person, role in ((author, Role.AUTHOR), (officer, Role.COMPLIANCE_OFFICER)):
        Grant.objects.create(user=person, role=role, scope="group", group=group, starts_at=start)
    return People(author, officer, places)


def known() -> People:
    """The people of a database that was built before."""
    users = {user.email.partition("@")[0]: user for user in User.objects.all()}
    return People(users["author"], users["officer"], list(Channel.objects.order_by("name")))


@cache
def _now() -> datetime:
    return clock.now()


@dataclass
class _Rows:
    """Everything that belongs to some posts, in the order in which it can be written."""

    posts: list[Post]
    copies: list[WorkingCopy]
    editors: list[PostEditor]
    places: list[models.Model]
    versions: list[PostVersion]
    runs: list[CheckRun]
    findings: list[Finding]
    approvals: list[Approval]
    deliveries: list[Delivery]


def thousand() -> list[State]:
    return [state for state, number in STATES.items() for _n in range(number)]


def write(cast: People, states: Sequence[State], *, due: datetime | None = None) -> list[uuid.UUID]:
    """One post per state. `due`: the slot of scheduled ones (default: spread over the next days)."""
    rows = _Rows([], [], [], [], [], [], [], [], [])
    for number, state in enumerate(states):
        _post(rows, cast, number, state, due)
    drop_triggers()  # they let posts begin as drafts only
    with transaction.atomic():
        for group in vars(rows).values():
            if group:
                type(group[0])._default_manager.bulk_create(group, batch_size=400)
    triggers.install()
    return [post.pk for post in rows.posts]


def _post(rows: _Rows, cast: People, number: int, state: State, due: datetime | None) -> None:
    channel = cast.channels[number % len(cast.channels)]
    changed = _now() - timedelta(minutes=7 * number)
    slot = due or _now() + timedelta(hours=1 + number % 300)
    has_slot = state in (State.SCHEDULED, *SENT, State.MISSED)
    risk = (0, 0, 10, 0, 1, 100, 0, 20)[number % 8]
    post = Post(
        title=f"Notice {number}",
        state=state,
        creator=cast.author,
        created_at=changed - timedelta(days=1),
        changed_at=changed,
        edit_no=1,
        risk=risk,
        due_at=None if number % 5 == 0 else slot,
        slot_at=slot if has_slot else None,
        slot_zone="America/New_York" if has_slot else "",
        slot_wall="2026-03-04T09:00" if has_slot else "",
    )
    rows.posts.append(post)
    copy = WorkingCopy(post=post, text=TEXT.format(n=number), saved_at=changed, saved_by=cast.author)
    rows.copies.append(copy)
    rows.editors.append(PostEditor(post=post, user=cast.author, epoch=0, at=changed))
    rows.places.append(Post.channels.through(post_id=post.pk, channel_id=channel.pk))
    if state in NEEDS_VERSION or state == State.CHANGES_REQUESTED or state == State.ARCHIVED:
        _version(rows, cast, post, copy, channel, risk)


def _version(rows: _Rows, cast: People, post: Post, copy: WorkingCopy, channel: Channel, risk: int) -> None:
    form = canonical.canonical_form(copy, kind=post.kind, channels=[channel.pk])
    at = post.changed_at
    version = PostVersion(
        post=post, number=1, canonical=form, seal=canonical.seal_of(form), created_by=cast.author, created_at=at
    )
    post.current_version = version
    rows.versions.append(version)
    now = checking.active()
    run = CheckRun(
        thread=post.pk,
        turn=1,
        version=version.pk,
        seal=version.seal,
        state="complete",
        next_attempt_at=at,
        created_at=at,
        finished_at=at,
        packs_digest=now.packs,
        engine_digest=now.engine,
        risk=risk,
    )
    rows.runs.append(run)
    if risk >= 10 and post.state == State.IN_REVIEW:
        rows.findings.append(_finding(run, "block" if risk >= 100 else "warn"))
    if post.state in NEEDS_APPROVAL or post.state == State.ARCHIVED:
        _approval(rows, cast, post, version, run)
        _delivery(rows, post, version, channel)


def _finding(run: CheckRun, severity: str) -> Finding:
    return Finding(
        run=run,
        position=1,
        rule_id="us_claims/superiority.best",
        rule_digest="0" * 64,
        flag="superiority",
        severity=severity,
        field="base",
        start=0,
        end=14,
        sentence_key="0" * 64,
        message="Says to be better than others.",
        why="A comparison needs evidence.",
        citation="15 USC 45",
        clears_with=["source"],
    )


def _approval(rows: _Rows, cast: People, post: Post, version: PostVersion, run: CheckRun) -> None:
    by, at, now = cast.officer, post.changed_at, checking.active()
    post.approval = Approval(
        post=post,
        version=version,
        seal=version.seal,
        by=by,
        by_name=by.name,
        by_role=Role.COMPLIANCE_OFFICER.value,
        meaning=MEANING,
        at=at,
        check_run=run.pk,
        packs_digest=now.packs,
        engine_digest=now.engine,
        directory_digest=now.directory,
        window_from=at,
        window_until=at + timedelta(days=60),
    )
    post.approval.signature = signature_of(post.approval)
    rows.approvals.append(post.approval)


def _delivery(rows: _Rows, post: Post, version: PostVersion, channel: Channel) -> None:
    if post.state not in (State.SCHEDULED, *SENT):
        return
    assert post.slot_at is not None
    sent = post.state in SENT
    rows.deliveries.append(
        Delivery(
            post=post,
            version=version,
            channel=channel,
            state=DeliveryState.SENT if sent else DeliveryState.DUE,
            due_at=post.slot_at,
            next_attempt_at=post.slot_at,
            sent_at=post.slot_at if sent else None,
            idempotency_key=crypto.mac("delivery", str(version.pk), str(channel.pk)),
        )
    )


# --- a hundred times as many ---------------------------------------------------------------------------------------
def multiply(copies: int) -> None:
    """Every post and what belongs to it `copies` more times, by one statement per table; ids are made from the old ones."""
    drop_triggers()
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            _teach_sqlite()
        else:
            _trust_foreign_keys(cursor)
        for model in (
            Post,
            WorkingCopy,
            PostEditor,
            Post.channels.through,
            PostVersion,
            CheckRun,
            Finding,
            Approval,
            Delivery,
        ):
            cursor.execute(_copy_statement(model, copies))  # one constant statement per table
    triggers.install()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


COPIED_IDS = frozenset(
    {"post_id", "version_id", "current_version_id", "approval_id", "run_id", "thread", "version", "check_run"}
)
EARLIER = frozenset({"created_at", "changed_at", "due_at", "saved_at"})


def _trust_foreign_keys(cursor: Any) -> None:
    """The copies refer to each other as the originals do; testing it a million times would take minutes."""
    cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    if cursor.fetchone() == (True,):
        cursor.execute("SET LOCAL session_replication_role = replica")


def _copy_statement(model: type[models.Model], copies: int) -> str:
    table, into, values = model._meta.db_table, [], []
    for field in model._meta.concrete_fields:
        if field.primary_key and isinstance(field, models.AutoField):
            continue
        into.append(f'"{field.column}"')
        values.append(_copied(field))
    numbers = f"SELECT generate_series(1, {copies}) AS n"
    if connection.vendor == "sqlite":
        numbers = f"WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {copies}) SELECT n FROM c"
    return f'INSERT INTO "{table}" ({", ".join(into)}) SELECT {", ".join(values)} FROM "{table}" t, ({numbers}) k'


def _copied(field: Any) -> str:
    column, postgres = f't."{field.column}"', connection.vendor == "postgresql"
    if (field.primary_key and not field.remote_field) or field.column in COPIED_IDS:
        return f"md5({column}::text || '-' || k.n)::uuid" if postgres else f"bench_derive({column}, k.n)"
    if field.column == "idempotency_key":
        return f"md5({column} || '-' || k.n)" if postgres else f"bench_derive({column}, k.n)"
    if field.column in EARLIER:
        return f"{column} - k.n * interval '5 days'" if postgres else f"bench_earlier({column}, k.n)"
    return column


def _teach_sqlite() -> None:
    def derive(key: str | None, number: int) -> str | None:
        return None if key is None else hashlib.md5(f"{key}-{number}".encode()).hexdigest()

    def earlier(at: str | None, number: int) -> str | None:
        return None if at is None else str(datetime.fromisoformat(at) - timedelta(days=5 * number))

    connection.connection.create_function("bench_derive", 2, derive, deterministic=True)
    connection.connection.create_function("bench_earlier", 2, earlier, deterministic=True)


def ids_in(state: State, limit: int | None = None) -> list[uuid.UUID]:
    """Posts in a state that the officer may decide on."""
    posts = Post.objects.filter(state=state, channels__group=known().channels[0].group_id)
    found: Iterable[uuid.UUID] = posts.order_by("pk").values_list("pk", flat=True)[:limit]
    return list(found)
