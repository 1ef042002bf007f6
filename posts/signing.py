"""The signature under an approval: made when it is given, verified whenever it is relied on (21 CFR 11.70)."""

from healthsocial import crypto
from healthsocial.audit.log import stamp
from posts.models import Approval


def signature_of(approval: Approval) -> str:
    """Ties the whole row together: moved to another version, or copied into another approval, it does not verify."""
    return crypto.mac(
        "approval.2",
        str(approval.pk),
        str(approval.post_id),
        str(approval.version_id),
        approval.seal,
        str(approval.by_id),
        approval.by_name,
        approval.by_role,
        approval.meaning,
        str(approval.epoch),
        *(stamp(moment) for moment in (approval.at, approval.window_from, approval.window_until)),
    )


def first_signature_of(approval: Approval) -> str:
    """As version 0.1.0 signed: without the row's own id, version, role and window. Only for approvals of that time."""
    facts = (str(approval.post_id), approval.seal, str(approval.by_id), approval.by_name, approval.meaning)
    return crypto.mac("approval", *facts, stamp(approval.at))


def signature_holds(approval: Approval) -> bool:
    return approval.signature in (signature_of(approval), first_signature_of(approval))
