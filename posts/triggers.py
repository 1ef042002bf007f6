"""What the database refuses about posts, whoever writes: illegal moves, changed versions, unearned approvals."""

from healthsocial.audit.triggers import Trigger, forbid_change, forbid_loss, register
from posts.enums import DeliveryState, State
from posts.models.post import NEEDS_APPROVAL, edges

D = DeliveryState
DELIVERY_EDGES: frozenset[tuple[str, str]] = frozenset(
    {
        (D.DUE, D.CLAIMED),
        (D.CLAIMED, D.SENDING),
        (D.SENDING, D.SENT),
        (D.SENDING, D.FAILED),
        (D.SENDING, D.UNCONFIRMED),
        (D.SENDING, D.DUE),
        (D.CLAIMED, D.DUE),
        (D.DUE, D.CANCELLED),
        (D.CLAIMED, D.CANCELLED),
        (D.CANCELLED, D.DUE),
        (D.FAILED, D.DUE),
        (D.UNCONFIRMED, D.SENT),
        (D.UNCONFIRMED, D.FAILED),
        (D.SENT, D.REMOVED),
    }
)


def _moves(pairs: set[tuple[str, str]]) -> str:
    allowed = " OR ".join(f"(OLD.state = '{a}' AND NEW.state = '{b}')" for a, b in sorted(pairs))
    return f"OLD.state <> NEW.state AND NOT ({allowed})"


_states = ", ".join(f"'{state.value}'" for state in NEEDS_APPROVAL)

register(
    Trigger(
        "posts_post_moves",
        "posts_post",
        "UPDATE",
        "this move is not an edge of the state machine",
        condition=_moves({(source, target) for _, source, target in edges()}),
    ),
    Trigger(
        "posts_post_starts",
        "posts_post",
        "INSERT",
        "a post starts as a draft",
        condition=f"NEW.state <> '{State.DRAFT}'",
    ),
    Trigger("posts_post_no_delete", "posts_post", "DELETE", "posts cannot be removed"),
    *forbid_loss("posts_post", "posts cannot be removed"),
    Trigger(
        "posts_post_same_creator",
        "posts_post",
        "UPDATE",
        "who began a post, and when, cannot be changed",
        condition=(
            "NEW.id <> OLD.id OR NEW.creator_id <> OLD.creator_id OR NEW.created_at <> OLD.created_at"
            " OR NEW.epoch < OLD.epoch"
        ),
    ),
    Trigger(
        "posts_post_approval_stands",
        "posts_post",
        "UPDATE",
        "no standing approval of the current version",
        condition=(
            f"NEW.state IN ({_states}) AND NOT EXISTS (SELECT 1 FROM posts_approval a WHERE a.id = NEW.approval_id"  # noqa: S608
            " AND a.post_id = NEW.id AND a.version_id = NEW.current_version_id AND a.voided_at IS NULL)"
        ),
    ),
    Trigger(
        "posts_version_written_once",
        "posts_postversion",
        "UPDATE",
        "a version cannot be changed",
        condition=(
            "NOT (NEW.canonical = '' AND OLD.redacted_at IS NULL AND NEW.redacted_at IS NOT NULL AND NEW.seal = OLD.seal"
            " AND NEW.post_id = OLD.post_id AND NEW.number = OLD.number AND NEW.created_by_id = OLD.created_by_id AND NEW.epoch = OLD.epoch"
            " AND NOT EXISTS (SELECT 1 FROM posts_approval a WHERE a.version_id = OLD.id))"
        ),
    ),
    Trigger("posts_version_no_delete", "posts_postversion", "DELETE", "a version cannot be removed"),
    *forbid_loss("posts_postversion", "a version cannot be removed", "id", "post_id, number", "post_id, seal"),
    *forbid_change("posts_posteditor", "the list of editors cannot be changed", "id", "post_id, user_id, epoch"),
    *forbid_change("posts_reviewdecision", "a decision cannot be changed"),
    Trigger(
        "posts_approval_of_checked_version",
        "posts_approval",
        "INSERT",
        "only a checked version can be approved",
        condition=(
            "NOT EXISTS (SELECT 1 FROM compliance_checkrun r JOIN posts_postversion v ON v.id = r.version"
            " WHERE r.id = NEW.check_run AND r.version = NEW.version_id AND r.state = 'complete' AND r.seal = NEW.seal"
            " AND v.seal = NEW.seal AND v.post_id = NEW.post_id)"
        ),
    ),
    Trigger(
        "posts_approval_by_another",
        "posts_approval",
        "INSERT",
        "nobody approves what they edited",
        condition=(
            "EXISTS (SELECT 1 FROM posts_post p WHERE p.id = NEW.post_id AND p.creator_id = NEW.by_id) OR EXISTS"
            " (SELECT 1 FROM posts_posteditor e JOIN posts_post p ON p.id = e.post_id AND p.epoch = e.epoch"
            " WHERE e.post_id = NEW.post_id AND e.user_id = NEW.by_id) OR EXISTS"
            " (SELECT 1 FROM posts_posteditor e JOIN posts_postversion v ON v.post_id = e.post_id AND v.epoch = e.epoch"
            " WHERE v.id = NEW.version_id AND e.user_id = NEW.by_id)"
        ),
    ),
    Trigger(
        "posts_approval_written_once",
        "posts_approval",
        "UPDATE",
        "a signature cannot be changed",
        condition=(
            "OLD.voided_at IS NOT NULL OR NEW.id <> OLD.id OR NEW.post_id <> OLD.post_id OR NEW.version_id <> OLD.version_id OR NEW.seal <> OLD.seal"
            " OR NEW.by_id <> OLD.by_id OR NEW.by_name <> OLD.by_name OR NEW.by_role <> OLD.by_role"
            " OR NEW.meaning <> OLD.meaning OR NEW.at <> OLD.at OR NEW.signature <> OLD.signature"
            " OR NEW.epoch <> OLD.epoch OR NEW.window_from <> OLD.window_from OR NEW.window_until <> OLD.window_until"
        ),
    ),
    Trigger(
        "posts_approval_check_moves",
        "posts_approval",
        "UPDATE",
        "an approval stands on a complete check of its version",
        condition=(
            "NEW.check_run <> OLD.check_run AND NOT EXISTS (SELECT 1 FROM compliance_checkrun r"
            " WHERE r.id = NEW.check_run AND r.version = NEW.version_id AND r.state = 'complete' AND r.seal = NEW.seal)"
        ),
    ),
    Trigger("posts_approval_no_delete", "posts_approval", "DELETE", "an approval cannot be removed"),
    *forbid_loss("posts_approval", "an approval cannot be removed"),
    Trigger(
        "posts_delivery_moves",
        "posts_delivery",
        "UPDATE",
        "this move is not an edge of a delivery",
        condition=_moves(set(DELIVERY_EDGES)),
    ),
    Trigger(
        "posts_delivery_starts", "posts_delivery", "INSERT", "a delivery starts as due", condition="NEW.state <> 'due'"
    ),
    Trigger(
        "posts_delivery_same_place",
        "posts_delivery",
        "UPDATE",
        "a delivery takes one version to one channel",
        condition=(
            "NEW.id <> OLD.id OR NEW.post_id <> OLD.post_id OR NEW.version_id <> OLD.version_id"
            " OR NEW.channel_id <> OLD.channel_id OR NEW.idempotency_key <> OLD.idempotency_key"
        ),
    ),
    Trigger("posts_delivery_no_delete", "posts_delivery", "DELETE", "a delivery cannot be removed"),
    *forbid_loss("posts_delivery", "a delivery cannot be removed", "id", "version_id, channel_id", "idempotency_key"),
    Trigger("posts_crisisstop_no_delete", "posts_crisisstop", "DELETE", "a crisis stop cannot be removed"),
    *forbid_loss("posts_crisisstop", "a crisis stop cannot be removed"),
    Trigger("posts_localpublication_no_delete", "posts_localpublication", "DELETE", "what was public stays on record"),
    *forbid_loss("posts_localpublication", "what was public stays on record", "id", "key"),
)
