"""The one exception to law 9: a privacy officer empties a version that was never approved. Hash and event stay."""

from uuid import UUID

from django.utils.translation import gettext as _

from healthsocial import clock
from healthsocial.audit.log import Denied, Reason, Refused, action
from healthsocial.org import queries as org
from healthsocial.org.models import User
from posts import canonical, permissions
from posts.actions.move import lock_post
from posts.enums import State
from posts.models import Post, PostVersion

ALLOWED = (State.DRAFT, State.CHANGES_REQUESTED, State.REJECTED, State.ARCHIVED)


def redact_version(version_id: UUID, *, by: User, words: str) -> PostVersion:
    """Empty the canonical text of a version nobody ever approved.

    The working copy is emptied too when it still says the same words; words written since are the author's. Title and
    notes are outside the seal and stay.
    """
    post_id = PostVersion.objects.values_list("post_id", flat=True).get(pk=version_id)
    with action("version.redacted", actor=org.actor(by), target=("post", str(post_id))) as act:
        post = lock_post(post_id)
        user = org.fresh(by)
        channels = list(post.channels.select_related("group"))
        if not (user.has_perm("posts.redact", channels) if channels else user.has_perm("posts.redact")):
            raise Denied(
                Reason("role_missing", _("Only a privacy officer may redact."), permissions.WHO["posts.redact"])
            )
        version = PostVersion.objects.get(pk=version_id)
        problems: list[Reason] = []
        if version.approvals.exists():
            problems.append(Reason("was_approved", _("This version was approved once, so it must stay as it was.")))
        if version.redacted_at is not None:
            problems.append(Reason("redacted_already", _("This version is redacted already.")))
        if post.state not in ALLOWED:
            problems.append(Reason("wrong_state", _("Pull the post back to draft first.")))
        if len(words.strip()) < 10:
            problems.append(Reason("words_missing", _("Say why, in a sentence of at least ten characters.")))
        if problems:
            raise Refused(*problems)
        if _says_the_same(post, version, [channel.pk for channel in channels]):
            copy = post.working_copy
            copy.text, copy.channel_texts, copy.first_comment, copy.links = "", {}, "", []
            copy.save()
            post.edit_no += 1
            post.save()
        version.canonical, version.redacted_at = "", clock.now()
        version.save(update_fields=["canonical", "redacted_at"])
        act.actor = org.actor(user, "privacy_officer")
        act.record("version.redacted", data={"version": str(version_id), "seal": version.seal})
        return version


def _says_the_same(post: Post, version: PostVersion, channels: list[UUID]) -> bool:
    """Every word of the draft is a word of this version; who it goes to and whom it shows may differ."""
    draft = canonical.as_form(post.working_copy, kind=post.kind, channels=channels)
    frozen = canonical.read(version)
    return all(draft[name] == frozen[name] for name in ("text", "channel_texts", "first_comment", "links"))
