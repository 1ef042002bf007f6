"""Lists for officers and schedulers: the review queue, the calendar, stops, what relies on an authorization."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, QuerySet

from compliance.enums import RunState, Severity
from compliance.models import CheckRun, Finding
from healthsocial.org.models import Channel, User
from healthsocial.org.permissions import channels_where
from posts.enums import DeliveryState, State
from posts.models import CrisisStop, Delivery, Post, PostEditor
from posts.models.delivery import WAITING as WAITING_DELIVERIES
from posts.queries import visible_posts

PAGE_SIZE = 25
COUNTED = 200  # how many waiting posts are counted; beyond it the page says "more than"
HIGH, MEDIUM = 100, 10  # compliance.checking.risk_of: 100 for each blocking finding, 10 for each warning
CALENDAR_LIMIT = 500
ON_CALENDAR = (
    State.SCHEDULED,
    State.PUBLISHING,
    State.PUBLISHED,
    State.INCOMPLETE,
    State.MISSED,
    State.TAKEDOWN_REQUESTED,
    State.WITHDRAWN,
)
PROPOSED = (State.DRAFT, State.CHECKING, State.CHANGES_REQUESTED, State.IN_REVIEW, State.APPROVED, State.HELD)


@dataclass(frozen=True)
class QueueFilters:
    """`risk`: high, medium, low. `due`: overdue, day, week, none. Empty means any."""

    channel: UUID | None = None
    risk: str = ""
    due: str = ""


@dataclass(frozen=True)
class OnCalendar:
    """A post of the calendar; `waiting`: at least one delivery of what was approved still goes out by itself."""

    post: Post
    waiting: bool


@dataclass(frozen=True)
class Position:
    """Where a page begins: after this row of the queue's order."""

    risk: int
    due_at: datetime | None
    pk: UUID


@dataclass
class QueueRow:
    """One post that waits for a decision."""

    post: Post
    channels: list[Channel]
    found: dict[str, int] = field(default_factory=dict)  # severity -> findings of the newest check
    own_reason: str = ""  # "began" or "edited" when the viewer may not decide


def reviewable(channels: Iterable[Channel]) -> QuerySet[Post]:
    """Posts in review on whose every channel the person is an officer; `channels` are their `review_channels`.

    The other channels are named one by one: so the database knows how few or many they are, and looks at the posts in
    review only. "Not one of mine" would make it read the channels of all posts there ever were.
    """
    allowed = [channel.pk for channel in channels]
    others = list(Channel.objects.exclude(pk__in=allowed).values_list("pk", flat=True))
    mine = Post.channels.through.objects.filter(post_id=OuterRef("pk"))
    return Post.objects.filter(
        Exists(mine.filter(channel_id__in=allowed)),
        ~Exists(mine.filter(channel_id__in=others)),
        state=State.IN_REVIEW,
    )


def queue(
    user: User,
    filters: QueueFilters,
    *,
    now: datetime,
    after: Position | None = None,
    channels: Sequence[Channel] | None = None,
) -> tuple[list[QueueRow], Position | None, int]:
    """One page by risk (highest first), then due (no time last); the next page's position, and how many match.

    The number is exact up to COUNTED, and COUNTED + 1 beyond: counting thousands would cost more than the page.
    `channels`: what `review_channels(user)` said, where the caller has asked already.
    """
    posts = _filtered(reviewable(review_channels(user) if channels is None else channels), filters, now)
    total = posts.order_by()[: COUNTED + 1].count()
    if after is not None:
        posts = posts.filter(_behind(after))
    posts = posts.select_related("creator").prefetch_related(
        Prefetch("channels", Channel.objects.select_related("group").order_by("name"))
    )
    found = list(posts.order_by("-risk", F("due_at").asc(nulls_last=True), "id")[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    last = shown[-1] if len(found) > PAGE_SIZE else None
    return _rows(user, shown), Position(last.risk, last.due_at, last.pk) if last else None, total


def _filtered(posts: QuerySet[Post], filters: QueueFilters, now: datetime) -> QuerySet[Post]:
    if filters.channel is not None:
        posts = posts.filter(channels=filters.channel)
    risk = {"high": Q(risk__gte=HIGH), "medium": Q(risk__gte=MEDIUM, risk__lt=HIGH), "low": Q(risk__lt=MEDIUM)}
    due = {
        "overdue": Q(due_at__lt=now),
        "day": Q(due_at__gte=now, due_at__lt=now + timedelta(days=1)),
        "week": Q(due_at__gte=now, due_at__lt=now + timedelta(days=7)),
        "none": Q(due_at__isnull=True),
    }
    return posts.filter(risk.get(filters.risk, Q()), due.get(filters.due, Q()))


def _behind(row: Position) -> Q:
    later = Q(due_at__isnull=True, id__gt=row.pk)
    if row.due_at is not None:
        later = Q(due_at__isnull=True) | Q(due_at__gt=row.due_at) | Q(due_at=row.due_at, id__gt=row.pk)
    return Q(risk__lt=row.risk) | Q(risk=row.risk) & later


def _rows(user: User, posts: list[Post]) -> list[QueueRow]:
    counts = found_by_version([post.current_version_id for post in posts if post.current_version_id])
    edited = set(
        PostEditor.objects.filter(user=user, post__in=[post.pk for post in posts], epoch=F("post__epoch")).values_list(
            "post_id", flat=True
        )
    )
    rows = []
    for post in posts:
        own = "began" if post.creator_id == user.pk else "edited" if post.pk in edited else ""
        found = counts.get(post.current_version_id, {}) if post.current_version_id else {}
        rows.append(QueueRow(post, list(post.channels.all()), found, own))
    return rows


def found_by_version(versions: list[UUID]) -> dict[UUID, dict[str, int]]:
    """Version -> severity -> number of findings, of each version's newest complete check. Two queries."""
    runs = CheckRun.objects.filter(version__in=versions, state=RunState.COMPLETE).order_by("finished_at", "created_at")
    newest: dict[UUID, UUID] = dict(runs.values_list("version", "pk"))  # the last one of a version wins
    versions_of = {run_id: version for version, run_id in newest.items()}
    rows = Finding.objects.filter(run__in=list(versions_of)).values_list("run", "severity").annotate(number=Count("pk"))
    counts: dict[UUID, dict[str, int]] = {version: dict.fromkeys(Severity.values, 0) for version in newest}
    for run_id, severity, number in rows.order_by():
        counts[versions_of[run_id]][severity] = number
    return counts


def review_channels(user: User) -> list[Channel]:
    return list(
        Channel.objects.filter(channels_where(user, "posts.review"))
        .select_related("group")
        .order_by("group__name", "name")
    )


# --- calendar ----------------------------------------------------------------------------------------------------
def calendar(user: User, *, since: datetime, until: datetime, channel: UUID | None = None) -> list[OnCalendar]:
    """Posts that have, had or would like a time in [since, until); at most CALENDAR_LIMIT + 1, so that a cut shows.

    Scheduled is not enough to go out: a stop or a channel that was switched off may have cancelled every delivery.
    """
    waiting = Delivery.objects.filter(
        post=OuterRef("pk"), version=OuterRef("current_version"), state__in=WAITING_DELIVERIES
    )
    posts = visible_posts(user).filter(
        Q(state__in=ON_CALENDAR, slot_at__gte=since, slot_at__lt=until)
        | Q(state__in=(State.MISSED,), slot_at__isnull=True, proposed_at__gte=since, proposed_at__lt=until)
        | Q(state__in=PROPOSED, proposed_at__gte=since, proposed_at__lt=until)
    )
    if channel is not None:
        posts = posts.filter(channels=channel)
    ordered = posts.order_by("slot_at", "proposed_at", "pk").prefetch_related(
        Prefetch("channels", Channel.objects.order_by("name"))
    )
    rows = ordered.annotate(waiting=Exists(waiting))[: CALENDAR_LIMIT + 1]
    return [OnCalendar(post, bool(post.waiting)) for post in rows]


def overdue(user: User, now: datetime) -> int:
    """Posts whose time passed without being sent: missed, or still scheduled though it is later than their slot."""
    late = Q(state=State.MISSED) | Q(state=State.SCHEDULED, slot_at__lt=now - timedelta(minutes=1))
    return visible_posts(user).filter(late).count()


def seen_channels(user: User) -> list[Channel]:
    return list(
        Channel.objects.filter(channels_where(user, "posts.see_titles"))
        .select_related("group")
        .order_by("group__name", "name")
    )


# --- crisis stops ------------------------------------------------------------------------------------------------
def stops_in_force() -> list[CrisisStop]:
    related = ("group", "channel", "started_by")
    return list(CrisisStop.objects.filter(released_at__isnull=True).select_related(*related))


def stops_past(limit: int = 20) -> list[CrisisStop]:
    related = ("group", "channel", "started_by", "released_by")
    return list(
        CrisisStop.objects.filter(released_at__isnull=False).select_related(*related).order_by("-released_at")[:limit]
    )


def stoppable_channels(user: User) -> list[Channel]:
    return list(
        Channel.objects.filter(channels_where(user, "posts.crisis_stop"))
        .select_related("group")
        .order_by("group__name", "name")
    )


def unsent_by_channel() -> dict[UUID, tuple[int, int]]:
    """Channel -> (deliveries that a stop would cancel, how many of them belong to emergency posts)."""
    waiting = Delivery.objects.filter(state__in=(DeliveryState.DUE, DeliveryState.CLAIMED))
    rows = waiting.values_list("channel").annotate(
        number=Count("pk"), emergencies=Count("pk", filter=Q(post__emergency=True))
    )
    return {channel: (number, emergencies) for channel, number, emergencies in rows.order_by()}


def needing_their_time(user: User, limit: int = 100) -> list[Post]:
    """Posts that lost their place on a channel and wait for a person: scheduled with cancelled deliveries, or missed."""
    lost = Delivery.objects.filter(
        post=OuterRef("pk"), version=OuterRef("current_version"), state=DeliveryState.CANCELLED
    )
    posts = visible_posts(user).filter(Exists(lost), state__in=(State.SCHEDULED, State.MISSED, State.INCOMPLETE))
    return list(
        posts.order_by("slot_at", "pk").prefetch_related(Prefetch("channels", Channel.objects.order_by("name")))[:limit]
    )


# --- who relies on an authorization ------------------------------------------------------------------------------
def relying_on(user: User, authorization_id: UUID, limit: int = 50) -> tuple[list[Post], int, int]:
    """Posts whose current version names the authorization: those the person may see, how many of these, how many in all."""
    everything = Post.objects.filter(current_version__canonical__contains=str(authorization_id))
    seen = visible_posts(user).filter(current_version__canonical__contains=str(authorization_id))
    return list(seen.order_by("-changed_at", "-id")[:limit]), seen.count(), everything.count()
