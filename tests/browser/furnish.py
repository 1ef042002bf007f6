"""The worlds of the browser tests, made by the real actions: full, empty, and in trouble."""

from datetime import UTC, datetime

from compliance.actions.register import revoke_authorization
from healthsocial.org.actions.invite_person import invite_person
from healthsocial.org.models import Channel, ChannelGroup, Heartbeat, Organisation, User
from healthsocial.org.roles import Role
from posts.actions.copy import content_of
from posts.actions.crisis_stop import start_stop
from posts.actions.edit import save_post
from posts.actions.submit import submit
from posts.enums import StopScope
from posts.models import Post
from tests.browser.world import World
from tests.conftest import PASSWORD, Cast, give
from tests.posts import moves, people, states

# Nothing in it where a line could be broken: names of people, channels, groups and posts may all be like that.
LONG = "Gastroenterologisch-endokrinologischesZentrumfuerStoffwechselerkrankungenundErnaehrungsmedizin"
CLAIM = "Our flu clinic opens on Saturday. Walk in between nine and noon; results guaranteed in three weeks."


def empty(cast: Cast) -> World:
    """People and channels, nothing else."""
    _alive()
    given = {
        "author": cast.alice,
        "officer": cast.rita,
        "officer_author": cast.rob,
        "scheduler": cast.sam,
        "privacy": cast.priya,
        "admin": cast.adam,
        "auditor": cast.olga,
        "stranger": cast.nobody,
    }
    numbers = iter(range(1000))

    def link() -> str:
        address = f"new{next(numbers)}@example.org"
        return invite_person(email=address, name="Nora New", job_title="", by=cast.adam)[1]

    return World({role: person.email for role, person in given.items()}, PASSWORD, link)


def full(cast: Cast) -> World:
    """A post in every state, some with findings, persons, two versions; long names everywhere."""
    world = empty(cast)
    give(cast.rob, Role.AUTHOR, channel=cast.harbor)
    for build in states.BUILD.values():
        build(cast)
    moves.in_review(cast, CLAIM)
    _second_version(cast)
    own = moves.draft(cast, by=cast.rob)
    submit(own.pk, by=cast.rob)
    moves.checks_done(own)
    people.story(cast, people.authorization(cast))
    ended = people.authorization(cast)
    people.approved_story(cast, ended)
    revoke_authorization(ended.pk, by=cast.priya, words="Asked in writing to stop.")
    _lengthen(cast)
    for number, post in enumerate(Post.objects.order_by("created_at")):
        Post.objects.filter(pk=post.pk).update(title=f"Flu clinic {number}" if number % 5 else f"{LONG}{number}")
    return world


def _second_version(cast: Cast) -> None:
    post = states.changes_requested(cast)
    save_post(post.pk, by=cast.alice, edit_no=post.edit_no, content=_changed(post))
    submit(post.pk, by=cast.alice)
    moves.checks_done(post)


def _changed(post: Post) -> object:
    from dataclasses import replace

    return replace(content_of(post), text="Our flu clinic opens on Sunday. Use the entrance on Quay Street.")


def _lengthen(cast: Cast) -> None:
    User.objects.filter(pk=cast.alice.pk).update(name=LONG, job_title=LONG)
    Channel.objects.filter(pk=cast.heart.pk).update(name=LONG)
    ChannelGroup.objects.filter(pk=cast.other.group_id).update(name=LONG)
    Organisation.objects.update(name=LONG)


def trouble(cast: Cast) -> None:
    """Every banner at once: a stop in force, nobody running, and publishing stopped since a restore."""
    start_stop(by=cast.rita, scope=StopScope.GROUP, group=cast.harbor.group, reason=LONG, emergency_goes_on=True)
    Heartbeat.objects.all().delete()
    Organisation.objects.update(
        publishing_stopped_at=datetime.now(UTC), publishing_stopped_why="A backup was restored.", name=LONG
    )


def _alive() -> None:
    for name in ("worker", "dispatch"):
        Heartbeat.objects.update_or_create(name=name, defaults={"at": datetime.now(UTC)})
