"""The tables of the design page, written out by hand. Nothing here is imported from the product."""

# transition: (from, to, roles that may do it; "system" where no person is needed)
_OFFICER = "compliance_officer"
TRANSITIONS: dict[str, tuple[str, str, str]] = {
    "submit": ("draft changes_requested", "checking", "author"),
    "pass_checks": ("checking", "in_review", "system"),
    "block": ("checking", "changes_requested", "system"),
    "recheck": ("in_review", "checking", f"{_OFFICER} system"),
    "request_changes": ("in_review", "changes_requested", _OFFICER),
    "reject": ("in_review", "rejected", _OFFICER),
    "approve": ("in_review", "approved", _OFFICER),
    "schedule": ("approved missed", "scheduled", f"{_OFFICER} scheduler"),
    "unschedule": ("scheduled", "approved", f"{_OFFICER} scheduler"),
    "reslot": ("scheduled", "scheduled", f"{_OFFICER} scheduler"),
    "pull_back": ("checking in_review approved scheduled missed held", "draft", f"author {_OFFICER}"),
    "hold": ("approved scheduled missed", "held", f"{_OFFICER} privacy_officer system"),
    "release": ("held", "checking", _OFFICER),
    "start_publishing": ("scheduled", "publishing", "system"),
    "miss": ("scheduled publishing", "missed", "system"),
    "finish": ("publishing", "published", "system"),
    "fall_short": ("publishing", "incomplete", "system"),
    "retry": ("incomplete", "publishing", _OFFICER),
    "settle": ("incomplete", "published", _OFFICER),
    "request_takedown": (
        "published incomplete archived", "takedown_requested", f"{_OFFICER} privacy_officer system",
    ),
    "cancel_takedown": ("takedown_requested", "published", _OFFICER),
    "confirm_takedown": ("takedown_requested", "withdrawn", _OFFICER),
    "discard": ("draft changes_requested", "archived", "author"),
    "archive": ("published withdrawn rejected", "archived", _OFFICER),
}  # fmt: skip
EDGES = frozenset((name, start, to) for name, (starts, to, _who) in TRANSITIONS.items() for start in starts.split())
WHO = {name: frozenset(who.split()) for name, (_starts, _to, who) in TRANSITIONS.items()}

DELIVERY_EDGES = frozenset(
    {
        ("due", "claimed"), ("claimed", "sending"), ("sending", "sent"), ("sending", "failed"),
        ("sending", "unconfirmed"), ("sending", "due"), ("claimed", "due"), ("due", "cancelled"),
        ("claimed", "cancelled"), ("cancelled", "due"), ("failed", "due"), ("unconfirmed", "sent"),
        ("unconfirmed", "failed"), ("sent", "removed"),
    }
)  # fmt: skip

# An approval of the current version stands in these.
STANDING = frozenset(
    ["approved", "scheduled", "missed", "publishing", "published", "incomplete", "takedown_requested", "withdrawn"]
)
# Which states the deliveries of the current version may be in, by state of the post. Not listed: only those that
# never left (cancelled, failed).
_OVER = {"failed", "cancelled"}
DELIVERIES_OF = {
    "scheduled": {"due", "claimed"} | _OVER,
    "publishing": {"due", "claimed", "sending", "sent", "unconfirmed"} | _OVER,
    "published": {"sent"} | _OVER,
    "incomplete": {"sent", "unconfirmed"} | _OVER,
    "takedown_requested": {"sent", "unconfirmed", "removed"} | _OVER,
    "withdrawn": {"removed"} | _OVER,
    "archived": {"sent", "removed"} | _OVER,
}
ONLY_OVER = _OVER


def reachable() -> frozenset[tuple[str, str]]:
    """Pairs of delivery states that one or several legal moves connect: a round may move a row more than once."""
    pairs = set(DELIVERY_EDGES)
    while more := {(a, d) for a, b in pairs for c, d in pairs if b == c} - pairs:
        pairs |= more
    return frozenset(pairs)
