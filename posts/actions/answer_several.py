"""One reason for several findings: each gets an answer of its own, and either all are stored or none."""

from collections.abc import Sequence
from uuid import UUID

from django.utils.translation import gettext as _

from compliance.models import Answer
from healthsocial.audit.log import Reason, Refused, action
from healthsocial.org import queries as org
from healthsocial.org.models import User
from posts.actions.answer import answer


def answer_several(
    post_id: UUID,
    finding_ids: Sequence[UUID],
    *,
    by: User,
    side: str,
    kind: str,
    words: str = "",
    source_url: str = "",
    authorization_id: UUID | None = None,
) -> list[Answer]:
    """Answer every finding with the same words. Raises Refused for the first that cannot be answered so."""
    with action("finding.answered", actor=org.actor(by), target=("post", str(post_id))):
        if not finding_ids:
            raise Refused(Reason("finding_missing", _("Tick the findings that this answers.")))
        return [
            answer(
                post_id,
                finding_id,
                by=by,
                side=side,
                kind=kind,
                words=words,
                source_url=source_url,
                authorization_id=authorization_id,
            )
            for finding_id in dict.fromkeys(finding_ids)
        ]
