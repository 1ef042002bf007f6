"""Answer a finding of a post: who may, on which side, and only on the check on screen."""

from uuid import UUID

from django.utils.translation import gettext as _

from compliance.actions.answer_finding import answer_finding
from compliance.enums import AnswerKind, AnswerSide
from compliance.models import Answer, Authorization, Finding
from healthsocial.audit.log import Denied, Reason, Refused, action
from healthsocial.org import queries as org
from healthsocial.org.models import User
from posts import permissions
from posts.actions.move import lock_post
from posts.enums import State
from posts.models import Post

AUTHOR_STATES = (State.DRAFT, State.CHECKING, State.CHANGES_REQUESTED, State.IN_REVIEW)


def answer(
    post_id: UUID,
    finding_id: UUID,
    *,
    by: User,
    side: str,
    kind: str,
    words: str = "",
    source_url: str = "",
    authorization_id: UUID | None = None,
) -> Answer:
    """Author: explain or dispute. Officer: the word that counts at approval; not on their own work."""
    with action("finding.answered", actor=org.actor(by), target=("post", str(post_id))) as act:
        post = lock_post(post_id)
        user = org.fresh(by)
        if side not in AnswerSide.values or kind not in AnswerKind.values:
            raise Refused(Reason("choice_unknown", _("Choose from the offered values.")))
        _may_answer(post, user, AnswerSide(side))
        finding = Finding.objects.select_related("run").filter(pk=finding_id, run__thread=post_id).first()
        if finding is None or finding.run.version != post.current_version_id:
            raise Refused(
                Reason("stale_version", _("The post changed since you opened this page. Read the new version first."))
            )
        act.actor = org.actor(user, "author" if side == AnswerSide.AUTHOR else "compliance_officer")
        record = Authorization.objects.filter(pk=authorization_id).first() if authorization_id else None
        return answer_finding(
            act,
            finding,
            side=AnswerSide(side),
            kind=AnswerKind(kind),
            words=words,
            by=user,
            source_url=source_url,
            authorization=record,
        )


def _may_answer(post: Post, user: User, side: AnswerSide) -> None:
    channels = list(post.channels.select_related("group"))
    permission = "posts.write" if side == AnswerSide.AUTHOR else "posts.review"
    if not user.has_perm(permission, channels):
        raise Denied(permissions.role_missing(permission))
    allowed = AUTHOR_STATES if side == AnswerSide.AUTHOR else (State.IN_REVIEW,)
    if post.state not in allowed:
        raise Refused(Reason("wrong_state", _("Findings can be answered while the post is being written or reviewed.")))
    own = permissions.own_work(user, post) if side == AnswerSide.OFFICER else None
    if own is not None:
        raise Denied(own)
