"""One organisation with two sites and a post in most states, for tests that go through every address."""

from dataclasses import dataclass

from compliance.models import Authorization, Finding, Subject
from healthsocial import clock
from healthsocial.org.models import Channel, Grant, User
from healthsocial.org.roles import Role
from posts.actions.answer import answer
from posts.actions.approve import approve
from posts.actions.copy import content_of
from posts.actions.crisis_stop import start_stop
from posts.actions.decide import request_changes
from posts.actions.deliver import deliver
from posts.actions.edit import Content, save_post
from posts.actions.leases import remove_delivery
from posts.actions.schedule import schedule
from posts.actions.submit import submit
from posts.models import CrisisStop, Delivery, Post, PostVersion
from tests.conftest import PASSWORD, Cast, give
from tests.posts import moves, people, states

FLAGGED = "We guarantee results in our flu clinic."


@dataclass
class Site:
    """`posts` by state. Everything named `far` belongs to the other site, on which the people of ours hold nothing."""

    cast: Cast
    people: dict[str, User]  # one of each role, all on our site; administrator and auditor hold theirs everywhere
    posts: dict[str, Post]
    record: Authorization
    subject: Subject
    finding: Finding
    old_version: PostVersion
    unconfirmed: Delivery
    going: Delivery
    grant: Grant
    stop: CrisisStop
    off: Channel
    leaver: User
    invited: User
    far: Post
    far_finding: Finding
    far_version: PostVersion
    far_delivery: Delivery
    far_channel: Channel


PEOPLE = ("nobody", "alice", "sam", "rita", "priya", "adam", "olga")


def build(cast: Cast) -> Site:
    record = people.authorization(cast)
    far = _far(cast)
    posts = {
        "draft": moves.draft(cast),
        "in_review": moves.in_review(cast),
        "flagged": moves.in_review(cast, FLAGGED),
        "approved": moves.approved(cast),
        "scheduled": moves.scheduled(cast),
        "published": moves.published(cast),
        "held": states.held(cast),
        "incomplete": states.incomplete(cast),
        "takedown_requested": states.takedown_requested(cast),
        "removed": _removed(cast),
        "edited": _edited(cast),
        "unsure": _unsure(cast),
    }
    flagged, unsure = posts["flagged"], posts["unsure"]
    return Site(
        cast=cast,
        people={name: getattr(cast, name) for name in PEOPLE},
        posts=posts,
        record=record,
        subject=record.subject,
        finding=Finding.objects.filter(run__thread=flagged.pk, severity__in=("warn", "block"), hard=False)[0],
        old_version=PostVersion.objects.get(post=posts["edited"], number=1),
        unconfirmed=Delivery.objects.get(post=unsure),
        going=Delivery.objects.get(post=posts["takedown_requested"]),
        grant=Grant.objects.get(user=cast.sam),
        stop=start_stop(by=cast.rita, scope="channel", channel=cast.heart, reason="A storm is coming."),
        off=Channel.objects.create(group=cast.harbor.group, name="Off", slug="off", is_enabled=False),
        leaver=User.objects.create(
            email="lea@example.org", name="Lea Leaver", password="", is_active=False, deactivated_at=clock.now()
        ),
        invited=User.objects.create_user("ivan@example.org", "Ivan Invited"),
        far=far,
        far_finding=Finding.objects.filter(run__thread=far.pk)[0],
        far_version=PostVersion.objects.filter(post=far)[0],
        far_delivery=Delivery.objects.get(post=far),
        far_channel=cast.other,
    )


def _far(cast: Cast) -> Post:
    """A published post of the other site, with a finding that its officer answered."""
    wanda = User.objects.create(email="wanda@example.org", name="Wanda Westerly", password=cast.rita.password)
    give(wanda, Role.COMPLIANCE_OFFICER, group=cast.other.group)
    post = moves.draft(cast, FLAGGED, by=cast.mallory, channels=(cast.other.pk,))
    submit(post.pk, by=cast.mallory)
    post = moves.checks_done(post)
    for finding in Finding.objects.filter(run__thread=post.pk):
        answer(
            post.pk, finding.pk, by=wanda, side="officer", kind="accepted", words="It is about the queue, not health."
        )
    assert post.current_version_id is not None
    approve(post.pk, by=wanda, version_id=post.current_version_id, password=PASSWORD)
    schedule(post.pk, by=wanda, publish_now=True)
    deliver(Delivery.objects.get(post=post).pk)
    return moves.fresh(post)


def _edited(cast: Cast) -> Post:
    """A draft whose first version was sent back."""
    post = moves.in_review(cast)
    assert post.current_version_id is not None
    words = "Please name the entrance."
    request_changes(post.pk, by=cast.rita, version_id=post.current_version_id, reason="wording", words=words)
    post = moves.fresh(post)
    content = Content(**{**content_of(post).__dict__, "text": moves.CLEAN + " Use the north entrance."})
    save_post(post.pk, by=cast.alice, edit_no=post.edit_no, content=content)
    return moves.fresh(post)


def _removed(cast: Cast) -> Post:
    """Its takedown is asked for and done, and waits to be confirmed."""
    post = states.takedown_requested(cast)
    remove_delivery(Delivery.objects.get(post=post).pk)
    return moves.fresh(post)


def _unsure(cast: Cast) -> Post:
    """The network never answered."""
    silent = Channel.objects.create(
        group=cast.harbor.group, name="Silent", slug="silent", network="practice", practice_mode="no_answer"
    )
    post = moves.approved(cast, channels=(silent.pk,))
    schedule(post.pk, by=cast.rita, publish_now=True)
    deliver(Delivery.objects.get(post=post).pk)
    return moves.fresh(post)
