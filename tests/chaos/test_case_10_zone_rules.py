"""Case 10: a country changes its clocks between scheduling and due. The time on the clock is kept."""

import json
import struct
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from healthsocial.audit.models import Event
from posts import rounds, tasks
from posts.actions.rederive_slots import rederive_slots, rules_version
from posts.actions.schedule import schedule
from posts.enums import State
from posts.models import Delivery, Post
from posts.slots import resolve
from tests.conftest import Cast
from tests.posts import moves

pytestmark = pytest.mark.django_db
ZONE = "America/New_York"


def _zone_file(offset_hours: int) -> bytes:
    """A TZif file (version 1) of a zone that has had one offset for ever."""
    header = b"TZif" + b"\0" * 16 + struct.pack(">6l", 0, 0, 0, 0, 1, 4)
    return header + struct.pack(">lbb", offset_hours * 3600, 0, 0) + b"NEW\0"


class Rules:
    """A folder of zone files that stands in the place of the system's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def change(self, offset_hours: int, version: str) -> None:
        (self.folder / "America").mkdir(exist_ok=True)
        (self.folder / ZONE).write_bytes(_zone_file(offset_hours))
        (self.folder / "tzdata.zi").write_text(f"# version {version}\n", encoding="ascii")


@pytest.fixture
def rules(tmp_path: Path) -> Iterator[Rules]:
    """New York at UTC-5 all the year round, until the rules change."""
    before = zoneinfo.TZPATH
    rules = Rules(tmp_path)
    rules.change(-5, "2026a")
    zoneinfo.reset_tzpath([str(tmp_path)])
    zoneinfo.ZoneInfo.clear_cache()
    yield rules
    zoneinfo.reset_tzpath(before)
    zoneinfo.ZoneInfo.clear_cache()


def _next_week() -> datetime:
    return (datetime.now(UTC) + timedelta(days=7)).replace(hour=14, minute=0, second=0, microsecond=0)


def _scheduled(cast: Cast) -> Post:
    """Nine o'clock in New York, next week."""
    wall = _next_week().strftime("%Y-%m-%dT09:00")
    post = moves.scheduled(cast, slot=resolve(wall, ZONE))
    assert post.slot_at == _next_week()
    return post


def _events(post: Post) -> list[dict[str, object]]:
    rows = Event.objects.filter(verb="post.slot_rederived", target_id=str(post.pk)).order_by("seq")
    return [json.loads(row.body)["data"] for row in rows]


def test_the_time_on_the_clock_is_kept_and_the_instant_moves(cast: Cast, rules: Rules) -> None:
    post = _scheduled(cast)
    before = post.slot_at
    rules.change(-4, "2026b")  # summer time for ever; the process has the old rules in its memory
    tasks.housekeeping()
    post = moves.fresh(post)
    assert (post.slot_at, post.slot_wall[-5:], post.slot_zone) == (before - timedelta(hours=1), "09:00", ZONE)
    assert post.due_at == post.slot_at
    row = Delivery.objects.get(post=post)
    assert (row.due_at, row.next_attempt_at, row.state) == (post.slot_at, post.slot_at, "due")
    assert [(e["rules"], e["before"], e["slot"], e["wall"], e["deliveries"]) for e in _events(post)] == [
        ("2026b", before.isoformat(), post.slot_at.isoformat(), post.slot_wall, 1)
    ]
    assert rederive_slots() == 0
    assert len(_events(post)) == 1


def test_control_without_it_the_post_goes_out_at_another_time_of_day(cast: Cast, rules: Rules) -> None:
    post = _scheduled(cast)
    rules.change(-4, "2026b")
    new = zoneinfo.ZoneInfo.no_cache(ZONE)
    assert post.slot_at is not None
    assert post.slot_at.astimezone(new).strftime("%H:%M") == "10:00"
    # and a process that only remembers its zones sees nothing:
    assert post.slot_at.astimezone(zoneinfo.ZoneInfo(ZONE)).strftime("%H:%M") == "09:00"


def test_rules_that_are_taken_back_move_it_back(cast: Cast, rules: Rules) -> None:
    post = _scheduled(cast)
    for offset, version in ((-4, "2026b"), (-5, "2026c")):
        rules.change(offset, version)
        assert rederive_slots() == 1
    assert moves.fresh(post).slot_at == post.slot_at
    assert [e["rules"] for e in _events(post)] == ["2026b", "2026c"]


def test_a_machine_with_older_rules_does_not_move_it_back(cast: Cast, rules: Rules) -> None:
    post = _scheduled(cast)
    rules.change(-4, "2026b")
    assert rederive_slots() == 1
    moved = moves.fresh(post).slot_at
    rules.change(-5, "2026a")
    assert rules_version() == "2026a"
    assert rederive_slots() == 0
    assert moves.fresh(post).slot_at == moved


def test_a_new_instant_that_has_passed_is_published_or_missed_by_the_rule_for_lateness(
    cast: Cast, rules: Rules
) -> None:
    post = _scheduled(cast)
    assert post.slot_at is not None
    soon = datetime.now(UTC) + timedelta(minutes=30)
    wall = (soon - timedelta(hours=5)).strftime("%Y-%m-%dT%H:%M")
    at = soon.replace(second=0, microsecond=0)
    Post.objects.filter(pk=post.pk).update(slot_at=at, slot_wall=wall)
    Delivery.objects.filter(post=post).update(due_at=at, next_attempt_at=at)
    rules.change(-4, "2026b")  # half an hour from now becomes half an hour ago
    assert rederive_slots() == 1
    assert rounds.run_round() == {"deliveries": 1}
    assert moves.fresh(post).state == State.PUBLISHED


def test_outside_the_approved_window_the_instant_stays(cast: Cast, rules: Rules) -> None:
    post = _scheduled(cast)
    assert post.slot_at is not None
    window = post.approval.window_until if post.approval else None
    assert window is not None
    at = window.replace(second=0, microsecond=0)
    wall = (at - timedelta(hours=5)).strftime("%Y-%m-%dT%H:%M")
    Post.objects.filter(pk=post.pk).update(slot_at=at, slot_wall=wall)
    Delivery.objects.filter(post=post).update(due_at=at, next_attempt_at=at)
    rules.change(-6, "2026b")  # an hour later, and so after the window
    assert rederive_slots() == 1
    after = moves.fresh(post)
    assert after.slot_at == at
    assert after.slot_wall == (at - timedelta(hours=6)).strftime("%Y-%m-%dT%H:%M")
    assert rederive_slots() == 0


def test_what_is_not_scheduled_or_goes_out_now_is_left_alone(cast: Cast, rules: Rules) -> None:
    approved = moves.approved(cast)
    schedule(moves.approved(cast, "A second notice.").pk, by=cast.rita, publish_now=True)
    rules.change(-4, "2026b")
    assert rederive_slots() == 0
    assert moves.fresh(approved).slot_at is None
