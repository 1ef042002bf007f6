"""What the pages are looked at in: people by role, and posts by state, found in whatever database is there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from compliance.models import Authorization, Finding, Subject
from healthsocial.audit.models import Event
from healthsocial.org.models import Channel, ChannelGroup, User
from posts.canonical import read
from posts.models import LocalPublication, Post


@dataclass(frozen=True)
class World:
    """`people` are e-mail addresses by role; `link` makes a one-time link that was not opened yet."""

    people: Mapping[str, str]
    password: str
    make_link: Callable[[], str]

    def link(self) -> str:
        return self.make_link()

    def person(self, role: str) -> UUID:
        return User.objects.get(email=self.people[role]).pk

    def post(self, state: str, *, by: str = "author", **having: object) -> UUID:
        """A post in this state, one of `by` if there is any; `having` asks for persons, findings, versions, sent."""
        posts = Post.objects.filter(state=state).select_related("current_version", "creator")
        fitting = [post for post in posts if all(_FITS[name](post) == wanted for name, wanted in having.items())]
        assert fitting, f"no post is {state} with {having}"
        return min(fitting, key=lambda post: (post.creator.email != self.people[by], post.title, str(post.pk))).pk

    def two_versions(self) -> UUID:
        return next(post.pk for post in Post.objects.order_by("-title", "pk") if post.versions.count() > 1)

    def channel(self) -> UUID:
        return Channel.objects.order_by("group__name", "name").first().pk  # type: ignore[union-attr]

    def slug(self, *, empty: bool = False) -> str:
        full = LocalPublication.objects.values("channel")
        channels = Channel.objects.filter(network="local").order_by("slug")
        found = (channels.exclude(pk__in=full) if empty else channels.filter(pk__in=full)).first()
        assert found is not None
        return found.slug

    def group(self) -> UUID:
        return ChannelGroup.objects.order_by("name").first().pk  # type: ignore[union-attr]

    def event(self) -> int:
        found = Event.objects.filter(verb__startswith="post.").order_by("seq").first()
        assert found is not None
        return found.seq

    def authorization(self, revoked: bool = False) -> UUID:
        return Authorization.objects.filter(revoked_at__isnull=not revoked).order_by("number").first().pk  # type: ignore[union-attr]

    def token(self) -> str:
        return Subject.objects.order_by("token").first().token  # type: ignore[union-attr]


def _persons(post: Post) -> bool:
    return post.current_version is not None and bool(read(post.current_version)["persons"])


def _findings(post: Post) -> bool:
    return Finding.objects.filter(run__version=post.current_version_id, severity__in=("warn", "block")).exists()


_FITS: dict[str, Callable[[Post], object]] = {
    "persons": _persons,
    "findings": _findings,
    "sent": lambda post: post.current_version is not None,
    "versions": lambda post: post.versions.count(),
}
