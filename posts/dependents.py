"""What compliance's acts reach here: the one door back (compliance/dependents.py)."""

from collections.abc import Sequence
from uuid import UUID

from compliance.dependents import Scope, TextUnit
from healthsocial.audit.log import Actor
from posts import canonical
from posts.actions.authorization_ended import authorizations_ended
from posts.actions.recheck import recheck_everything_outdated
from posts.enums import RECHECKED_STATES
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
        authorizations_ended(ids, by)

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
