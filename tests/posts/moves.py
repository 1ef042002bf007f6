"""Moves of a post through the real actions, for tests."""

from datetime import timedelta
from typing import Any

from compliance.enums import OPEN_RUN_STATES
from compliance.models import CheckRun
from healthsocial import clock
from healthsocial.org.models import User
from posts.actions.approve import approve
from posts.actions.check import run_check
from posts.actions.deliver import deliver
from posts.actions.edit import Content, create_post
from posts.actions.schedule import schedule
from posts.actions.submit import submit
from posts.models import Delivery, Post
from posts.slots import Slot, now_slot
from tests.conftest import PASSWORD, Cast

CLEAN = "Our flu clinic opens on Saturday. Walk in between nine and noon; no appointment needed."


def draft(cast: Cast, text: str = CLEAN, *, by: User | None = None, **content: Any) -> Post:
    channels = content.pop("channels", (cast.harbor.pk,))
    return create_post(
        by=by or cast.alice, content=Content(text=text, channels=channels, title="Flu clinic", **content)
    )


def checks_done(post: Post) -> Post:
    """Run every open check of the post; returns it re-read."""
    for run in CheckRun.objects.filter(thread=post.pk, state__in=OPEN_RUN_STATES):
        run_check(run.pk)
    return fresh(post)


def fresh(post: Post) -> Post:
    return Post.objects.select_related("current_version", "approval", "working_copy").get(pk=post.pk)


def in_review(cast: Cast, text: str = CLEAN, **content: Any) -> Post:
    post = draft(cast, text, **content)
    submit(post.pk, by=cast.alice)
    return checks_done(post)


def approved(cast: Cast, text: str = CLEAN, **content: Any) -> Post:
    post = in_review(cast, text, **content)
    assert post.current_version_id is not None
    return fresh(approve(post.pk, by=cast.rita, version_id=post.current_version_id, password=PASSWORD))


def tomorrow() -> Slot:
    return now_slot(clock.now() + timedelta(days=1), "America/New_York")


def scheduled(cast: Cast, text: str = CLEAN, *, slot: Slot | None = None, **content: Any) -> Post:
    post = approved(cast, text, **content)
    return fresh(schedule(post.pk, by=cast.rita, slot=slot or tomorrow()))


def published(cast: Cast, text: str = CLEAN, **content: Any) -> Post:
    post = approved(cast, text, **content)
    schedule(post.pk, by=cast.rita, publish_now=True)
    for delivery in Delivery.objects.filter(post=post):
        deliver(delivery.pk)
    return fresh(post)
