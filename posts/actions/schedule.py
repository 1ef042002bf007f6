"""Give an approved post its slot, move it, take it away."""

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from compliance.models import CheckRun
from healthsocial import clock
from healthsocial.audit.log import Reason
from healthsocial.org.enums import AlertKind
from healthsocial.org.models import Channel, User
from healthsocial.org.templatetags.ui import in_zone
from posts import canonical, guards
from posts.actions import approval, deliveries
from posts.actions.move import Move, moving
from posts.actions.system_takedown import close_alerts
from posts.enums import Transition
from posts.models import Post
from posts.slots import Slot, now_slot, zone_of


def blockers(post: Post, channels: list[Channel], at: datetime, now: datetime) -> list[Reason]:
    """Everything but the role that stops this post from being scheduled at `at`."""
    found = guards.slot_in_future(at, now)
    found += guards.seal_matches(post, post.current_version)
    if post.approval is not None:
        found += guards.check_is_current(CheckRun.objects.filter(pk=post.approval.check_run).first())
    if post.current_version is not None:
        form = canonical.read(post.current_version)
        found += guards.persons_covered(form, at, moment=_("at that time"))
        found += guards.fits(form, channels)
    return [*found, *guards.channels_healthy(channels), *guards.stopped(post, channels)]


def schedule(post_id: UUID, *, by: User, slot: Slot | None = None, publish_now: bool = False) -> Post:
    """approved|missed -> scheduled. `publish_now` is the slot of this minute."""
    with moving(Transition.SCHEDULE, post_id, by=by, with_authorizations=True) as move:
        chosen = _chosen(move, slot, publish_now)
        _inside_window(move, chosen)
        move.must(blockers(move.post, move.channels, chosen.at, move.now))
        move.post.schedule()
        _place(move, chosen)
        move.done(Transition.SCHEDULE, slot=chosen.at.isoformat(), zone=chosen.zone, wall=chosen.wall)
        return move.post


def reslot(post_id: UUID, *, by: User, slot: Slot | None = None, publish_now: bool = False) -> Post:
    """Move a scheduled post to another time, or confirm its time after a crisis stop."""
    with moving(Transition.RESLOT, post_id, by=by, with_authorizations=True) as move:
        chosen = _chosen(move, slot, publish_now)
        _inside_window(move, chosen)
        move.must(blockers(move.post, move.channels, chosen.at, move.now))
        before = move.post.slot_at
        move.post.reslot()
        _place(move, chosen)
        move.done(
            Transition.RESLOT,
            slot=chosen.at.isoformat(),
            zone=chosen.zone,
            wall=chosen.wall,
            before=before.isoformat() if before else "",
        )
        return move.post


def unschedule(post_id: UUID, *, by: User) -> Post:
    """scheduled -> approved; the approval stands."""
    with moving(Transition.UNSCHEDULE, post_id, by=by) as move:
        deliveries.cancel(move.act, move.post, "unscheduled")
        move.post.unschedule()
        approval.clear_slot(move.post)
        move.done(Transition.UNSCHEDULE)
        return move.post


def _chosen(move: Move, slot: Slot | None, publish_now: bool) -> Slot:
    if publish_now:
        return now_slot(clock.now(), move.organisation.zone)
    if slot is None:
        move.must([Reason("slot_missing", _("Choose a time."))])
    assert slot is not None
    zone_of(slot.zone)
    return slot


def _inside_window(move: Move, slot: Slot) -> None:
    """After the approved window only an officer may place the post; a time that has passed is nobody's to choose."""
    assert move.user is not None
    move.must(guards.slot_in_future(slot.at, move.now))
    standing = move.post.approval
    if standing is None or move.user.has_perm("posts.approve", move.channels):
        return
    if slot.at > standing.window_until:
        until = in_zone(standing.window_until, zone_of(slot.zone))
        move.must(
            [
                Reason(
                    "outside_window",
                    _("Approved for times until %(until)s. A later time needs a compliance officer.")
                    % {"until": until},
                    guards.OFFICER,
                )
            ]
        )


def _place(move: Move, slot: Slot) -> None:
    post = move.post
    post.slot_at, post.slot_zone, post.slot_wall = slot.at, slot.zone, slot.wall
    post.due_at = slot.at
    post.reason_code, post.reason_words = "", ""
    close_alerts(post, AlertKind.MISSED, AlertKind.DELIVERY_FAILED)
    deliveries.plan(move.act, post, [channel.pk for channel in move.channels], slot.at)
