"""When a country changes its clocks, planned times keep what stands on the clock; the instant is derived anew (law 13).

"Tuesday at nine" was approved, not a number of seconds. A time that the new rules skip moves on by
as much as the clocks do. A new instant that lies after the approved window is not taken: the post keeps its instant, and its time on the
clock is written anew. One that has passed already is published or missed by the rule for lateness.
"""

import json
import logging
import zoneinfo
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import tzdata

from healthsocial.audit.log import action
from healthsocial.audit.models import Event
from posts import due, slots
from posts.actions.move import SYSTEM, lock_post
from posts.enums import DeliveryState, State
from posts.models import Delivery, Post

logger = logging.getLogger(__name__)
VERB = "post.slot_rederived"


def rederive_slots() -> int:
    """Move every scheduled post whose time on the clock is now another instant. Returns how many were moved."""
    count = 0
    zones: dict[str, ZoneInfo] = {}
    planned = Post.objects.filter(state=State.SCHEDULED, slot_at__gt=due.now())
    for pk, at, name, wall in planned.values_list("pk", "slot_at", "slot_zone", "slot_wall"):
        try:
            # Read from the file: a process that runs for weeks would go on with the rules it began with.
            zone = zones[name] if name in zones else zones.setdefault(name, ZoneInfo.no_cache(name))
            if at is not None and slots.shown(at, zone) != wall:
                count += rederive_slot(pk, zone)
        except Exception as error:  # noqa: BLE001  one post stops no other
            logger.error("slot of post %s not derived anew: %s", pk, type(error).__name__)
    if count:
        ZoneInfo.clear_cache()
    return count


def rederive_slot(post_id: UUID, zone: ZoneInfo) -> bool:
    """One post under its lock; its waiting deliveries move with it."""
    with action(VERB, actor=SYSTEM, target=("post", str(post_id))) as act:
        post = lock_post(post_id)
        before, wall = post.slot_at, post.slot_wall
        stale = before is None or post.state != State.SCHEDULED or post.slot_zone != zone.key or before <= due.now()
        if stale or before is None or slots.shown(before, zone) == wall or _newer_rules_were_here(post_id):
            act.nothing_changed()
            return False
        at = slots.kept(wall, zone, near=before)
        if post.approval is not None and at > post.approval.window_until >= before:
            at = before
        post.slot_at, post.slot_wall, post.due_at = at, slots.shown(at, zone), at
        post.save(update_fields=["slot_at", "slot_wall", "due_at"])
        waiting = Delivery.objects.filter(version=post.current_version_id, state=DeliveryState.DUE, due_at=before)
        moved = waiting.update(due_at=at, next_attempt_at=at, woken_at=None)
        act.record(
            VERB,
            data={
                "zone": zone.key,
                "rules": rules_version(),
                "before": before.isoformat(),
                "slot": at.isoformat(),
                "wall_before": wall,
                "wall": post.slot_wall,
                "deliveries": moved,
            },
        )
        return True


def _newer_rules_were_here(post_id: UUID) -> bool:
    """Another machine with newer rules moved it: ours are old, and moving it back would go on for ever."""
    last = (
        Event.objects.filter(verb=VERB, target_id=str(post_id)).order_by("-seq").values_list("body", flat=True).first()
    )
    return last is not None and str(json.loads(last)["data"]["rules"]) > rules_version()


def rules_version() -> str:
    """Which edition of the zone rules this machine has ("2026a"), or nothing when it does not say."""
    folder = next((Path(path) for path in zoneinfo.TZPATH if Path(path).is_dir()), None)
    if folder is None:
        return str(tzdata.IANA_VERSION)
    listing = folder / "tzdata.zi"
    if not listing.is_file():
        return ""
    with listing.open(encoding="utf-8") as lines:
        return lines.readline().removeprefix("# version ").strip()[:20]
