"""What compliance's acts reach here: the one door back (compliance/dependents.py)."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Q

from compliance.dependents import Scope, TextUnit
from healthsocial import clock
from healthsocial.audit.log import Act, Actor, action
from healthsocial.org.enums import AlertKind
from posts import canonical
from posts.actions import deliveries
from posts.actions.check import hold_by_system
from posts.actions.deliver import raise_alert
from posts.actions.move import lock_post
from posts.actions.recheck import recheck_everything_outdated
from posts.enums import HOLDABLE_STATES, RECHECKED_STATES, TAKEDOWN_STATES, State, Transition
from posts.models import Post, PostVersion


class PostDependents:
    def texts(self, scope: Scope) -> Sequence[TextUnit]:
        """Texts of the given versions, or of everything that stands."""
        versions = PostVersion.objects.select_related("post")
        if scope.versions:
            versions = versions.filter(pk__in=scope.versions)
        else:
            versions = versions.filter(pk__in=Post.objects.filter(state__in=RECHECKED_STATES).values("current_version"))
        return [_unit(version) for version in versions]

    def authorizations_ended(self, ids: Sequence[UUID], by: Actor) -> None:
        """Hold what stands on them, cancel what has not left, ask for the takedown of what is public (law 7)."""
        wanted = {str(pk) for pk in ids}
        for post_id in _relying_on(wanted):
            with action("post.hold", actor=by, target=("post", str(post_id))) as act:
                post = lock_post(post_id)
                version = post.current_version
                if version is None or not wanted & set(canonical.read(version)["authorizations"]):
                    act.nothing_changed()
                    continue
                act.record("post.authorization_ended", data={"authorizations": sorted(wanted), "state": post.state})
                if post.state in HOLDABLE_STATES:
                    hold_by_system(act, post, "authorization_ended")
                elif post.state == State.PUBLISHING:
                    deliveries.cancel(act, post, "authorization_ended")
                    post.deliveries.filter(state="sent", removal_wanted_at__isnull=True).update(
                        removal_wanted_at=clock.now()
                    )
                    deliveries.conclude(act, post)
                if post.state in TAKEDOWN_STATES and post.deliveries.filter(state__in=("sent", "unconfirmed")).exists():
                    _takedown(act, post)

    def claims_ended(self, ids: Sequence[UUID], by: Actor) -> None:
        """Approved claims come with the claims issue; no post can rely on one yet."""

    def packs_changed(self, by: Actor) -> None:
        recheck_everything_outdated()


def _unit(version: PostVersion) -> TextUnit:
    form = canonical.read(version)
    return TextUnit(
        thread=version.post_id,
        version=version.pk,
        seal=version.seal,
        kind=form["kind"],
        fields=canonical.checked_fields(form),
    )


def _relying_on(wanted: set[str]) -> list[UUID]:
    """Posts whose current version names one of the authorizations, in lock order."""
    condition = Q()
    for pk in wanted:
        condition |= Q(current_version__canonical__contains=pk)
    states = (*HOLDABLE_STATES, State.PUBLISHING, *TAKEDOWN_STATES)
    return list(Post.objects.filter(condition, state__in=states).order_by("pk").values_list("pk", flat=True))


def _takedown(act: Act, post: Post) -> None:
    post.deliveries.filter(state="sent").update(removal_wanted_at=clock.now())
    post.request_takedown()
    post.reason_code, post.reason_words = "authorization_ended", ""
    post.changed_at = clock.now()
    post.save()
    raise_alert(AlertKind.TAKEDOWN, "post", str(post.pk), "authorization_ended")
    act.record(
        f"post.{Transition.REQUEST_TAKEDOWN.value}",
        data={"version": str(post.current_version_id), "state": post.state, "why": "authorization_ended"},
    )
