"""The signature under an approval: made when it is given, verified whenever it is relied on (21 CFR 11.70)."""

from datetime import datetime

from healthsocial import crypto
from healthsocial.audit.log import stamp
from posts.models import Approval


def signature_of(*, post: str, seal: str, by: str, name: str, meaning: str, at: datetime) -> str:
    """Ties signer, name, time and meaning to one seal of one post: moved to another row it does not verify (21 CFR 11.70)."""
    return crypto.mac("approval", post, seal, by, name, meaning, stamp(at))


def signature_holds(approval: Approval) -> bool:
    return approval.signature == signature_of(
        post=str(approval.post_id),
        seal=approval.seal,
        by=str(approval.by_id),
        name=approval.by_name,
        meaning=approval.meaning,
        at=approval.at,
    )
