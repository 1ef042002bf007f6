"""The list of posts and the two desks of the start page: bounded queries, equal in number at 1 and at 30 rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet

from healthsocial.org.models import Alert, Channel, User
from posts import permissions
from posts.enums import PUBLIC_STATE, State
from posts.models import Post, PostEditor
from posts.models.delivery import WAITING
from posts.presenting import Line, holds_anywhere, line
from posts.queries import visible_posts

PAGE_SIZE = 25
DESK_LIMIT = 300  # rows looked at for one desk; beyond it people work in the list
RECENT = 6
S = State

# States in which something waits for an officer or scheduler.
OFFICER_STATES = (S.IN_REVIEW, S.APPROVED, S.SCHEDULED, S.MISSED, S.HELD, S.INCOMPLETE, S.TAKEDOWN_REQUESTED)
# States in which an author waits for somebody else.
WAITING_STATES = (S.CHECKING, S.IN_REVIEW, S.APPROVED, S.SCHEDULED, S.MISSED, S.HELD, S.PUBLISHING, S.INCOMPLETE)


@dataclass(frozen=True)
class Filters:
    """What to show. Instants are aware, [since, until). Empty means any."""

    words: str = ""
    state: str = ""
    channel: UUID | None = None
    kind: str = ""
    mine: bool = False
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Cursor:
    """A place in the list: the order is newest change first, then id."""

    at: datetime
    pk: UUID

    def __str__(self) -> str:
        return f"{round(self.at.timestamp() * 1_000_000)}.{self.pk.hex}"

    @classmethod
    def parse(cls, text: str) -> "Cursor | None":
        """The cursor behind a page's address; None for anything else."""
        micros, _dot, key = text.partition(".")
        try:
            at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(micros))
            return cls(at, UUID(key))
        except (ValueError, OverflowError):
            return None


@dataclass(frozen=True)
class Row:
    """A post in a list, as one person sees it."""

    post: Post
    channels: list[Channel]
    line: Line
    text: bool  # this person may read the words
    own: bool  # began or wrote on it, so may not approve it


@dataclass(frozen=True)
class Page:
    rows: list[Row]
    newer: Cursor | None
    older: Cursor | None


@dataclass(frozen=True)
class Desks:
    """The start page: what waits for this person, what they wait for, and what moved lately."""

    mine: list[Row]
    others: list[Row]
    recent: list[Row]
    alerts: list[Alert]


def page(
    reader: User, filters: Filters, *, zone: str, before: Cursor | None = None, after: Cursor | None = None
) -> Page:
    """One page: what changed before `before`, or after `after`, or the newest."""
    posts = _related(matching(reader, filters))
    if after is not None:
        newer = Q(changed_at__gt=after.at) | Q(changed_at=after.at, pk__gt=after.pk)
        found = list(posts.filter(newer).order_by("changed_at", "pk")[: PAGE_SIZE + 1])
        more_newer, more_older = len(found) > PAGE_SIZE, True
        found = found[:PAGE_SIZE][::-1]
    else:
        if before is not None:
            posts = posts.filter(Q(changed_at__lt=before.at) | Q(changed_at=before.at, pk__lt=before.pk))
        found = list(posts.order_by("-changed_at", "-pk")[: PAGE_SIZE + 1])
        more_newer, more_older = before is not None, len(found) > PAGE_SIZE
        found = found[:PAGE_SIZE]
    shown = rows(reader, found, zone=zone)
    if not found:
        return Page([], None, None)
    return Page(shown, _cursor(found[0]) if more_newer else None, _cursor(found[-1]) if more_older else None)


def _cursor(post: Post) -> Cursor:
    return Cursor(post.changed_at, post.pk)


def matching(user: User, filters: Filters) -> QuerySet[Post]:
    """Posts this person may see. Words are sought in titles, and in texts only where they may be read."""
    posts = visible_posts(user)
    if filters.words:
        readable = visible_posts(user, "posts.see_text").filter(working_copy__text__icontains=filters.words)
        posts = posts.filter(Q(title__icontains=filters.words) | Q(pk__in=readable.values("pk")))
    if filters.state:
        posts = posts.filter(state__in=[state for state, shown in PUBLIC_STATE.items() if shown == filters.state])
    if filters.channel:
        posts = posts.filter(pk__in=Post.channels.through.objects.filter(channel_id=filters.channel).values("post_id"))
    if filters.kind:
        posts = posts.filter(kind=filters.kind)
    if filters.mine:
        posts = posts.filter(creator=user)
    if filters.since:
        posts = posts.filter(changed_at__gte=filters.since)
    if filters.until:
        posts = posts.filter(changed_at__lt=filters.until)
    return posts


def _related(posts: QuerySet[Post]) -> QuerySet[Post]:
    return posts.select_related("creator").prefetch_related("channels__group", "deliveries")


def rows(reader: User, posts: Iterable[Post], *, zone: str) -> list[Row]:
    """Rows for posts fetched with `_related`; one more query, for what this person wrote on."""
    posts = list(posts)
    in_review = [post.pk for post in posts if post.state == S.IN_REVIEW]
    edited = set(PostEditor.objects.filter(user=reader, post_id__in=in_review).values_list("post_id", "epoch"))
    return [_row(reader, post, zone, edited) for post in posts]


def _row(reader: User, post: Post, zone: str, edited: set[tuple[UUID, int]]) -> Row:
    channels = list(post.channels.all())
    text = permissions.may_see_text(reader, post, channels)
    own = post.creator_id == reader.pk or (post.pk, post.epoch) in edited
    shown = line(post, channels, list(post.deliveries.all()), reader, zone=zone, text=text, own_work=own)
    return Row(post, channels, shown, text, own)


def desks(reader: User, *, zone: str) -> Desks:
    """Everything of the start page, oldest first where somebody waits."""
    own = Q(creator=reader) | Q(working_copy__saved_by=reader)
    seen = visible_posts(reader)
    drafts = _related(seen.filter(own, state__in=(S.CHANGES_REQUESTED, S.DRAFT))).order_by("-state", "-changed_at")
    waiting = _related(seen.filter(state__in=(*OFFICER_STATES, *WAITING_STATES))).order_by("due_at", "changed_at")
    write = [row for row in rows(reader, drafts[:DESK_LIMIT], zone=zone) if _may_write(reader, row)]
    moving = rows(reader, waiting[:DESK_LIMIT], zone=zone)
    mine = [row for row in moving if _is_mine(reader, row)]
    taken = {row.post.pk for row in mine}
    others = [row for row in moving if row.post.creator_id == reader.pk and row.post.pk not in taken]
    recent = _related(seen.exclude(state__in=(*WAITING_STATES, S.DRAFT, S.CHANGES_REQUESTED)))
    return Desks(
        mine=mine + write,
        others=others,
        recent=rows(reader, recent.order_by("-changed_at", "-pk")[:RECENT], zone=zone),
        alerts=_alerts(reader),
    )


def _may_write(reader: User, row: Row) -> bool:
    return permissions.may_write(reader, row.post, row.channels)


def _is_mine(reader: User, row: Row) -> bool:
    """Would this person's act be the next one?"""
    post, channels = row.post, row.channels
    state = State(post.state)
    if state == S.IN_REVIEW:
        return not row.own and reader.has_perm("posts.approve", channels)
    if state in (S.APPROVED, S.MISSED):
        return reader.has_perm("posts.schedule", channels)
    if state == S.SCHEDULED:
        idle = not any(delivery.state in WAITING for delivery in post.deliveries.all())
        return idle and reader.has_perm("posts.schedule", channels)
    if state == S.HELD:
        return reader.has_perm("posts.review", channels)
    if state in (S.INCOMPLETE, S.TAKEDOWN_REQUESTED):
        return reader.has_perm("posts.settle", channels)
    return False


def _alerts(reader: User) -> list[Alert]:
    """Open alerts, for those who keep the installation running."""
    if not holds_anywhere(reader, "org.settings"):
        return []
    return list(Alert.objects.filter(resolved_at__isnull=True).order_by("-at")[:20])
