"""A post in each of the fifteen states, made by the real actions."""

from collections.abc import Callable

from healthsocial.org.models import Channel
from posts.actions import close, decide, hold, takedown
from posts.actions.channels import disable_channel, enable_channel
from posts.actions.deliver import begin_sending, claim_delivery, deliver
from posts.actions.leases import remove_delivery
from posts.actions.schedule import schedule
from posts.actions.submit import submit
from posts.enums import State
from posts.models import Delivery, Post
from tests.conftest import Cast
from tests.posts import moves


def checking(cast: Cast) -> Post:
    post = moves.draft(cast)
    submit(post.pk, by=cast.alice)
    return moves.fresh(post)


def changes_requested(cast: Cast) -> Post:
    post = moves.in_review(cast)
    assert post.current_version_id
    decide.request_changes(
        post.pk, by=cast.rita, version_id=post.current_version_id, reason="wording", words="Please name the entrance."
    )
    return moves.fresh(post)


def rejected(cast: Cast) -> Post:
    post = moves.in_review(cast)
    assert post.current_version_id
    decide.reject(
        post.pk, by=cast.rita, version_id=post.current_version_id, reason="duplicate", words="We said this last week."
    )
    return moves.fresh(post)


def publishing(cast: Cast) -> Post:
    post = moves.approved(cast)
    schedule(post.pk, by=cast.rita, publish_now=True)
    claim = claim_delivery(Delivery.objects.get(post=post).pk)
    assert claim is not None
    assert begin_sending(claim) is not None
    return moves.fresh(post)


def incomplete(cast: Cast) -> Post:
    """Two channels: one took it, the practice network refused."""
    practice = Channel.objects.create(
        group=cast.harbor.group, name="Practice", slug="practice", network="practice", practice_mode="refuse"
    )
    post = moves.approved(cast, channels=(cast.harbor.pk, practice.pk))
    schedule(post.pk, by=cast.rita, publish_now=True)
    for delivery in Delivery.objects.filter(post=post):
        deliver(delivery.pk)
    Channel.objects.filter(pk=practice.pk).update(practice_mode="accept")
    return moves.fresh(post)


def missed(cast: Cast) -> Post:
    post = moves.approved(cast)
    schedule(post.pk, by=cast.rita, publish_now=True)
    disable_channel(cast.harbor.pk, by=cast.adam)
    enable_channel(cast.harbor.pk, by=cast.adam)
    return moves.fresh(post)


def held(cast: Cast) -> Post:
    post = moves.approved(cast)
    hold.hold(post.pk, by=cast.priya, words="A family asked us to wait.")
    return moves.fresh(post)


def takedown_requested(cast: Cast) -> Post:
    post = moves.published(cast)
    takedown.request_takedown(post.pk, by=cast.rita, words="The date in it is wrong.")
    return moves.fresh(post)


def withdrawn(cast: Cast) -> Post:
    post = takedown_requested(cast)
    for delivery in Delivery.objects.filter(post=post):
        remove_delivery(delivery.pk)
    takedown.confirm_takedown(post.pk, by=cast.rita)
    return moves.fresh(post)


def archived(cast: Cast) -> Post:
    post = moves.published(cast)
    close.archive(post.pk, by=cast.rita)
    return moves.fresh(post)


BUILD: dict[State, Callable[[Cast], Post]] = {
    State.DRAFT: moves.draft,
    State.CHECKING: checking,
    State.CHANGES_REQUESTED: changes_requested,
    State.IN_REVIEW: moves.in_review,
    State.REJECTED: rejected,
    State.APPROVED: moves.approved,
    State.SCHEDULED: moves.scheduled,
    State.PUBLISHING: publishing,
    State.PUBLISHED: moves.published,
    State.INCOMPLETE: incomplete,
    State.MISSED: missed,
    State.HELD: held,
    State.TAKEDOWN_REQUESTED: takedown_requested,
    State.WITHDRAWN: withdrawn,
    State.ARCHIVED: archived,
}
