"""What the database says, read past the actions: raw rows to compare, and some of them by column."""

from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import connection

from healthsocial.audit.models import Event

# Everything an action may change. Audit events are read on their own; heartbeats are no act.
MODELS = (
    "posts.Post", "posts.WorkingCopy", "posts.PostVersion", "posts.PostEditor", "posts.Approval",
    "posts.ReviewDecision", "posts.Delivery", "posts.CrisisStop", "posts.LocalPublication",
    "compliance.CheckRun", "compliance.Finding", "compliance.Answer", "compliance.Authorization", "compliance.Subject",
    "org.Grant", "org.User", "org.Channel", "org.Alert", "org.Organisation", "org.OneTimeLink",
)  # fmt: skip
PARSED = ("Post", "WorkingCopy", "PostVersion", "Approval", "Delivery", "LocalPublication", "CheckRun", "Alert")
Row = dict[str, Any]


@dataclass
class Snapshot:
    """`raw` holds every table; `rows` the parsed ones by primary key."""

    raw: dict[str, list[Any]]
    rows: dict[str, dict[Any, Row]] = field(default_factory=dict)
    seq: int = 0

    def of(self, name: str) -> dict[Any, Row]:
        return self.rows[name]

    @property
    def posts(self) -> dict[Any, Row]:
        return self.rows["Post"]

    @property
    def deliveries(self) -> dict[Any, Row]:
        return self.rows["Delivery"]

    def deliveries_of(self, post: Row) -> list[Row]:
        """Those of the post's current version."""
        mine = [d for d in self.deliveries.values() if d["version_id"] == post["current_version_id"]]
        return sorted(mine, key=lambda row: str(row["channel_id"]))


def take(before: Snapshot | None = None) -> Snapshot:
    """Read every table; a table that did not change keeps the parsed rows of `before`."""
    raw: dict[str, list[Any]] = {}
    with connection.cursor() as cursor:
        for name in MODELS:
            table = apps.get_model(name)._meta.db_table
            cursor.execute(f"SELECT * FROM {table} ORDER BY 1")
            raw[name.split(".")[1]] = cursor.fetchall()
        cursor.execute("SELECT post_id, channel_id FROM posts_post_channels ORDER BY 1, 2")
        raw["channels"] = cursor.fetchall()
        cursor.execute("SELECT seq FROM audit_head")
        head = cursor.fetchone()
    rows = {}
    for full in MODELS:
        name = full.split(".")[1]
        if name in PARSED:
            unchanged = before is not None and before.raw[name] == raw[name]
            rows[name] = before.rows[name] if unchanged and before else _parsed(full)
    return Snapshot(raw, rows, head[0] if head else 0)


def _parsed(name: str) -> dict[Any, Row]:
    model = apps.get_model(name)
    assert model._meta.pk is not None
    key = model._meta.pk.attname
    return {row[key]: row for row in model._default_manager.order_by().values()}


def events_after(seq: int) -> list[Event]:
    return list(Event.objects.filter(seq__gt=seq).order_by("seq"))
