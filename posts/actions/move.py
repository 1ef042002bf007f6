"""What every action on a post begins with: authorizations, then the post, locked; the person re-read; permission; state."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _
from django_fsm import can_proceed

from compliance import coverage
from healthsocial import clock
from healthsocial.audit.log import Act, Actor, Denied, Reason, Refused, action, system
from healthsocial.audit.models import Event
from healthsocial.org import permissions as org_permissions
from healthsocial.org import queries as org
from healthsocial.org.models import Channel, Organisation, User
from healthsocial.org.templatetags.ui import in_zone
from posts import canonical, permissions
from posts.actions.taking_turns import before_planning
from posts.enums import Transition
from posts.models import Post, PostVersion

SYSTEM = system("HealthSocial")
MOVES = {f"post.{transition.value}": transition for transition in Transition}


@dataclass
class Move:
    """A locked post, who moves it, and the unit of work."""

    act: Act
    post: Post
    channels: list[Channel]
    user: User | None  # None: the system
    now: datetime
    organisation: Organisation

    def must(self, reasons: Sequence[Reason]) -> None:
        """Refuse when a guard gave reasons."""
        if reasons:
            raise Refused(*reasons)

    @property
    def version(self) -> PostVersion:
        if self.post.current_version is None:
            raise Refused(Reason("no_version", _("Nothing has been submitted yet.")))
        return self.post.current_version

    def done(self, transition: Transition, **data: object) -> None:
        """Save after a transition and record its event."""
        self.post.changed_at = self.now
        self.post.save()
        version = str(self.post.current_version_id or "")
        self.act.record(f"post.{transition.value}", data={"version": version, "state": self.post.state, **data})


def lock_only(post_id: UUID) -> None:
    """Lock one post and read nothing of it: whoever calls this reads next, in a statement of its own.

    Two statements on purpose: after waiting for a lock PostgreSQL re-reads the locked row only, and joined rows would
    still be those of before the wait.
    """
    Post.objects.select_for_update(no_key=True).values_list("pk").get(pk=post_id)


def lock_post(post_id: UUID) -> Post:
    """Lock one post; then read it with what its guards need."""
    lock_only(post_id)
    return Post.objects.select_related("current_version", "approval", "working_copy").get(pk=post_id)


def relied_on(post_id: UUID) -> list[str]:
    """Authorizations behind the current version, read without a lock so that they can be locked first."""
    return relied_on_by(
        PostVersion.objects.filter(pk__in=Post.objects.filter(pk=post_id).values("current_version")).first()
    )


def relied_on_by(version: PostVersion | None) -> list[str]:
    return [str(pk) for pk in canonical.read(version)["authorizations"]] if version else []


@contextlib.contextmanager
def moving(
    transition: Transition, post_id: UUID, *, by: User | Actor, with_authorizations: bool = False, verb: str = ""
) -> Iterator[Move]:
    """Open the unit of work of one transition. Raises Denied or Refused; both are recorded."""
    user = by if isinstance(by, User) else None
    actor = by if isinstance(by, Actor) else org.actor(by)
    with action(verb or f"post.{transition.value}", actor=actor, target=("post", str(post_id))) as act:
        if with_authorizations:
            before_planning()
        locked = relied_on(post_id) if with_authorizations else []
        coverage.lock(locked)
        post = lock_post(post_id)
        if with_authorizations and sorted(relied_on_by(post.current_version)) != sorted(locked):
            raise Refused(Reason("changed_meanwhile", _("The post changed while you looked at it. Read it again.")))
        channels = list(post.channels.select_related("group").order_by("pk"))
        if user is not None:
            user = org_permissions.read_grants(org.fresh(user))
            _authorise(act, user, transition, post, channels)
        elif transition not in permissions.SYSTEM_ONLY | permissions.SYSTEM_TOO:
            raise Denied(Reason("person_only", _("Only a person may do this.")))
        if not can_proceed(getattr(post, transition.value)):
            raise Refused(wrong_state(post, transition))
        yield Move(act, post, channels, user, clock.now(), org.organisation())


def _authorise(act: Act, user: User, transition: Transition, post: Post, channels: list[Channel]) -> None:
    reason = permissions.denied(user, transition, post, channels)
    if reason is not None:
        raise Denied(reason)
    needed = permissions.NEEDED[transition]
    roles = {
        org_permissions.role_used(user, permission, channels)
        for permission in needed
        if user.has_perm(permission, channels)
    }
    act.actor = org.actor(user, "+".join(sorted(roles - {""})))


def authorise(act: Act, user: User, permission: str, channels: Sequence[Channel]) -> None:
    """For acts that are no transition: the permission on every channel, and the role under which the person acts."""
    if not user.has_perm(permission, channels):
        raise Denied(permissions.role_missing(permission))
    act.actor = org.actor(user, org_permissions.role_used(user, permission, channels))


def wrong_state(post: Post, transition: Transition) -> Reason:
    """Names the last step, who took it and when: whoever comes second learns who was first."""
    words = _("“%(what)s” is not possible now: the post is in the state “%(state)s”.")
    message = words % {"what": transition.label, "state": post.public_state.label}
    steps = Event.objects.filter(target_type="post", target_id=str(post.pk), verb__in=MOVES)
    last = steps.order_by("-seq").first()
    if last is not None:
        when = in_zone(last.at, org.organisation().zone)
        step = _("Last step: “%(what)s” by %(who)s, %(when)s.")
        message = f"{message} {step % {'what': MOVES[last.verb].label, 'who': last.actor_name, 'when': when}}"
    return Reason("wrong_state", message)
