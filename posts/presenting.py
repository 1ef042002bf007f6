"""A post as people read it: one of eight states, one reason line, one next step, and what stops each step.

This is the only place that asks permissions and guards for a page; buttons, "What is stopping this?" and lists print
its answers (law 5). Pages ask with `reading(user)`; actions never do, they re-read the person.
"""

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_fsm import can_proceed

from compliance import queries as checks
from compliance.enums import RunState
from healthsocial import clock
from healthsocial.audit.log import Reason
from healthsocial.org.guards import BY_ITSELF
from healthsocial.org.models import Channel, Grant, Organisation, User
from healthsocial.org.permissions import covers
from healthsocial.org.roles import roles_for
from healthsocial.org.templatetags.ui import in_zone
from posts import canonical, guards, permissions
from posts.actions import approve, schedule, settle, takedown
from posts.enums import DeliveryState, PublicState, ReviewReason, State, Transition
from posts.models import Delivery, Post
from posts.models.delivery import WAITING
from posts.words import code_words

S, T, D = State, Transition, DeliveryState

# The transition that brings a post further on its way, by state.
NEXT: dict[str, Transition] = {
    S.DRAFT: T.SUBMIT,
    S.CHANGES_REQUESTED: T.SUBMIT,
    S.CHECKING: T.PASS_CHECKS,
    S.IN_REVIEW: T.APPROVE,
    S.APPROVED: T.SCHEDULE,
    S.MISSED: T.SCHEDULE,
    S.SCHEDULED: T.START_PUBLISHING,
    S.HELD: T.RELEASE,
    S.INCOMPLETE: T.SETTLE,
    S.TAKEDOWN_REQUESTED: T.CONFIRM_TAKEDOWN,
}
# What people do, in the order of the page.
STEPS = (
    T.SUBMIT,
    T.APPROVE,
    T.REQUEST_CHANGES,
    T.REJECT,
    T.SCHEDULE,
    T.RESLOT,
    T.RETRY,
    T.SETTLE,
    T.CONFIRM_TAKEDOWN,
    T.CANCEL_TAKEDOWN,
    T.RELEASE,
    T.UNSCHEDULE,
    T.PULL_BACK,
    T.HOLD,
    T.RECHECK,
    T.REQUEST_TAKEDOWN,
    T.ARCHIVE,
    T.DISCARD,
)


@dataclass(frozen=True)
class Line:
    """What a row of a list says about a post."""

    state: PublicState
    reason: str
    next_step: str


@dataclass(frozen=True)
class Step:
    """A step this person's role allows in this state; `reasons` say why it cannot be taken now."""

    transition: Transition
    reasons: tuple[Reason, ...] = ()

    @property
    def enabled(self) -> bool:
        return not self.reasons


def reading(user: User) -> User:
    """A copy of the person whose `has_perm` answers from grants read once. For pages only."""
    grants = list(Grant.objects.in_force(clock.now()).filter(user_id=user.pk)) if user.is_active else []
    reader: User = copy.copy(user)

    def has_perm(
        permission: str, obj: Channel | Iterable[Channel] | None = None, *, at: datetime | None = None
    ) -> bool:
        held = [grant for grant in grants if grant.role in roles_for(permission)]
        if obj is None:
            return any(grant.scope == "everything" for grant in held)
        channels = [obj] if isinstance(obj, Channel) else list(obj)
        return bool(channels) and all(any(covers(grant, channel) for grant in held) for channel in channels)

    reader.__dict__["has_perm"] = has_perm
    reader.__dict__["roles_read"] = {grant.role for grant in grants}
    return reader


def holds_anywhere(reader: User, permission: str) -> bool:
    """Like `may_anywhere`, from the grants that `reading` has read."""
    return not roles_for(permission).isdisjoint(reader.__dict__["roles_read"])


def line(
    post: Post,
    channels: Sequence[Channel],
    deliveries: Sequence[Delivery],
    reader: User,
    *,
    zone: str,
    text: bool,
    own_work: bool = False,
) -> Line:
    """State, reason and next step of a post for one person; no queries. Officers' words only where `text` may be read."""
    mine = [delivery for delivery in deliveries if delivery.version_id == post.current_version_id]
    return Line(post.public_state, _reason(post, mine, zone, text), _next_step(post, channels, mine, reader, own_work))


def _reason(post: Post, deliveries: Sequence[Delivery], zone: str, text: bool) -> str:
    state = State(post.state)
    if state == S.DRAFT:
        return (
            _("Back in work; not sent to review again yet.")
            if post.current_version_id
            else _("Not sent to review yet.")
        )
    if state == S.CHECKING:
        return _("The checks are reading it; that takes seconds.")
    if state in (S.CHANGES_REQUESTED, S.REJECTED, S.HELD, S.MISSED):
        return _stopped_why(post, state, text)
    if state == S.IN_REVIEW:
        if post.due_at is None:
            return _("Waits for a compliance officer since %(when)s.") % {"when": in_zone(post.changed_at, zone)}
        late = post.due_at < clock.now()
        words = _("A decision was needed by %(when)s.") if late else _("A decision is needed by %(when)s.")
        return words % {"when": in_zone(post.due_at, zone)}
    if state == S.APPROVED:
        if post.proposed_at is None:
            return _("Approved, no time yet.")
        return _("Approved, no time yet; proposed: %(when)s.") % {"when": in_zone(post.proposed_at, zone)}
    if state == S.SCHEDULED:
        return _scheduled(post, deliveries, zone)
    return _public(post, state, deliveries, zone)


def _stopped_why(post: Post, state: State, text: bool) -> str:
    asked = post.reason_code in ReviewReason.values
    if asked and state == S.REJECTED:
        words = _("Rejected: %(why)s.") % {"why": ReviewReason(post.reason_code).label}
    elif asked:
        words = _("Changes asked for: %(why)s.") % {"why": ReviewReason(post.reason_code).label}
    elif state == S.MISSED:
        words = _("Not sent. %(why)s") % {"why": code_words(post.reason_code)}
    else:
        words = code_words(post.reason_code) or _("It needs you.")
    return f"{words} {post.reason_words}" if text and post.reason_words and not asked else words.strip()


def _scheduled(post: Post, deliveries: Sequence[Delivery], zone: str) -> str:
    if any(delivery.state in WAITING for delivery in deliveries):
        return _("Goes out %(when)s.") % {"when": in_zone(post.slot_at, zone)}
    why = next((code_words(d.error_code) for d in deliveries if d.error_code), "")
    return (_("Nothing will be sent until its time is confirmed. %(why)s") % {"why": why}).strip()


def _public(post: Post, state: State, deliveries: Sequence[Delivery], zone: str) -> str:
    total = len(deliveries)
    sent = [delivery for delivery in deliveries if delivery.state == D.SENT]
    removed = sum(delivery.state == D.REMOVED for delivery in deliveries)
    if state == S.PUBLISHING:
        return _("Going out now: %(n)d of %(all)d channels have it.") % {"n": len(sent), "all": total}
    if state == S.INCOMPLETE and has_all(deliveries):
        return _("All channels have it.")
    if state == S.INCOMPLETE:
        unknown = sum(delivery.state == D.UNCONFIRMED for delivery in deliveries)
        words = _("Partly: %(n)d of %(all)d channels have it.") % {"n": len(sent), "all": total}
        more = ngettext("For %(n)d it is not known.", "For %(n)d it is not known.", unknown) % {"n": unknown}
        return f"{words} {more}" if unknown else words
    if state == S.PUBLISHED:
        at = max((d.sent_at for d in sent if d.sent_at), default=post.changed_at)
        return _("Published %(when)s.") % {"when": in_zone(at, zone)}
    if state == S.TAKEDOWN_REQUESTED:
        out = sum(delivery.state in (D.SENT, D.REMOVED, D.UNCONFIRMED) for delivery in deliveries)
        words = _("Being taken down: gone from %(n)d of %(all)d channels.") % {"n": removed, "all": out}
        return f"{words} {code_words(post.reason_code)}".strip()
    if state == S.WITHDRAWN:
        return _("Taken down from every channel.")
    return _("Closed. What was published stays public.") if sent else _("Closed.")


def has_all(deliveries: Sequence[Delivery]) -> bool:
    """Every channel has the version: nothing is left but to settle it."""
    return bool(deliveries) and all(delivery.state == D.SENT for delivery in deliveries)


def _next_step(
    post: Post, channels: Sequence[Channel], deliveries: Sequence[Delivery], reader: User, own_work: bool
) -> str:
    state = State(post.state)
    if state in (S.DRAFT, S.CHANGES_REQUESTED):
        return _next_of_author(post, state, permissions.may_write(reader, post, channels))
    if state == S.IN_REVIEW:
        return _next_of_officer(reader.has_perm("posts.approve", channels), own_work)
    may_schedule = reader.has_perm("posts.schedule", channels)
    may_settle = reader.has_perm("posts.settle", channels)
    unknown = any(delivery.state == D.UNCONFIRMED for delivery in deliveries)
    waiting = any(delivery.state in WAITING for delivery in deliveries)
    if state == S.SCHEDULED and waiting:
        return _("Nothing to do; it goes out by itself.")
    words: dict[str, tuple[bool, str, str]] = {
        S.APPROVED: (may_schedule, _("Give it a time."), _("A scheduler or compliance officer gives it a time.")),
        S.SCHEDULED: (may_schedule, _("Confirm its time."), _("A scheduler or compliance officer confirms its time.")),
        S.MISSED: (may_schedule, _("Choose a new time."), _("A scheduler or compliance officer chooses a new time.")),
        S.HELD: (
            reader.has_perm("posts.review", channels),
            _("Release it to the checks, or pull it back."),
            _("A compliance officer releases it, or its author pulls it back."),
        ),
        S.INCOMPLETE: (
            may_settle,
            _("Look at the channel and say what you saw.")
            if unknown
            else _("Settle it.")
            if has_all(deliveries)
            else _("Try the failed channels again, or settle."),
            _("A compliance officer settles it.")
            if has_all(deliveries)
            else _("A compliance officer settles what did not arrive."),
        ),
        S.TAKEDOWN_REQUESTED: (
            may_settle,
            _("Prove that it is gone from every channel.")
            if any(delivery.state in (D.SENT, D.UNCONFIRMED, D.SENDING) for delivery in deliveries)
            else _("Confirm that it is down everywhere."),
            _("A compliance officer confirms that it is down."),
        ),
    }
    if state in words:
        able, mine, theirs = words[state]
        return mine if able else theirs
    if state == S.REJECTED:
        return _("Copy it to a new draft to try again.")
    return _("Wait for the checks.") if state == S.CHECKING else _("Nothing to do.")


def _next_of_author(post: Post, state: State, able: bool) -> str:
    if not able:
        return _("Its author goes on with it.")
    if state == S.DRAFT:
        return _("Send it to review.")
    if post.reason_code == "could_not_check":
        return _("Send it to the checks again.")
    return _("Settle what was found, then send it again.")


def _next_of_officer(able: bool, own_work: bool) -> str:
    if able and own_work:
        return _("Another compliance officer decides; you wrote on it.")
    return _("Read it and decide.") if able else _("A compliance officer decides.")


def steps(post: Post, channels: Sequence[Channel], reader: User, organisation: Organisation) -> dict[str, Step]:
    """The steps of this state that the person's roles allow, by name; those that something stops say what."""
    found: dict[str, Step] = {}
    for transition in STEPS:
        if not can_proceed(getattr(post, transition.value)):
            continue
        denial = permissions.denied(reader, transition, post, channels)
        if denial is not None and denial.code == "role_missing":
            continue
        reasons = [denial] if denial else []
        found[transition.value] = Step(
            transition, tuple(reasons + blockers(transition, post, channels, organisation=organisation))
        )
    return found


def stopping(
    post: Post,
    channels: Sequence[Channel],
    reader: User,
    organisation: Organisation,
    *,
    asked: Mapping[str, Step] | None = None,
) -> list[Reason]:
    """ "What is stopping this?": what stands between the post and its next state, and who can lift it.

    `asked`: what `steps` said for the same page; the guards of a step that it names are not asked a second time.
    """
    transition = NEXT.get(post.state)
    if transition is None:
        return []
    if asked and transition.value in asked and post.state != S.CHANGES_REQUESTED:
        return list(asked[transition.value].reasons)
    denial = None
    if transition not in permissions.SYSTEM_ONLY:
        denial = permissions.denied(reader, transition, post, channels)
    own = [denial] if denial is not None and denial.code != "role_missing" else []
    known = _would_block(post, channels) if post.state == S.CHANGES_REQUESTED else []
    return own + known + blockers(transition, post, channels, organisation=organisation)


def _would_block(post: Post, channels: Sequence[Channel]) -> list[Reason]:
    """What the checks would stop again, were the unchanged words sent as they are."""
    run = checks.newest_complete_run(post.current_version_id) if post.current_version_id else None
    if run is None or post.current_version is None or not unchanged(post, channels):
        return []
    still = guards.check_result(run, canonical.read(post.current_version)).open_findings
    return [
        Reason(
            "finding_open",
            (_("Must be taken out: %(what)s") if finding.hard else _("Say it differently, or answer it: %(what)s"))
            % {"what": finding.message},
            guards.AUTHOR,
        )
        for finding in run.findings.filter(pk__in=still)
    ]


def blockers(
    transition: Transition, post: Post, channels: Sequence[Channel], *, organisation: Organisation
) -> list[Reason]:
    """Everything but the role that stops a transition now: the guards that the action itself asks."""
    now = clock.now()
    if transition == T.SUBMIT:
        return guards.submit(post, post.working_copy, channels)
    if transition == T.PASS_CHECKS:
        return _checks(post)
    if transition == T.APPROVE:
        return approve.blockers(post, now)
    if transition in (T.SCHEDULE, T.RESLOT):
        wanted = post.slot_at or post.proposed_at
        return schedule.blockers(post, list(channels), max(wanted or now, now), now)
    if transition == T.START_PUBLISHING:
        return _leaving(post, channels, organisation, now)
    if transition == T.RETRY:
        return settle.retry_blockers(post, organisation, now)
    if transition == T.SETTLE:
        return settle.settle_blockers(post)
    if transition == T.REQUEST_TAKEDOWN:
        return takedown.request_blockers(post)
    if transition == T.CANCEL_TAKEDOWN:
        return takedown.cancel_blockers(post, now)
    if transition == T.CONFIRM_TAKEDOWN:
        return takedown.confirm_blockers(post)
    return guards.nothing_sent(post) if transition == T.DISCARD else []


def _checks(post: Post) -> list[Reason]:
    run = checks.newest_run(post.current_version_id) if post.current_version_id else None
    if run is not None and run.state == RunState.ERROR:
        return [Reason("check_failed", _("The check did not work. It is tried again by itself."), BY_ITSELF)]
    return [Reason("check_running", _("The check is not finished."), BY_ITSELF)]


def _leaving(post: Post, channels: Sequence[Channel], organisation: Organisation, now: datetime) -> list[Reason]:
    """What would stop the deliveries at their time, as things stand now."""
    found: list[Reason] = []
    waiting = 0
    by_pk = {channel.pk: channel for channel in channels}
    mine = post.deliveries.filter(version=post.current_version_id).select_related("channel__group")
    for delivery in mine:
        if delivery.state not in WAITING:
            continue
        waiting += 1
        channel = by_pk.get(delivery.channel_id, delivery.channel)
        ready = guards.may_leave(post, delivery, channel, organisation, now=max(now, delivery.due_at))
        found += [reason for reason in ready.reasons if reason not in found]
    if waiting:
        return found
    return [
        Reason(
            "time_unconfirmed",
            _("Its delivery was cancelled. Its time must be confirmed."),
            permissions.WHO["posts.schedule"],
        ),
        *guards.stopped(post, channels),
        *guards.channels_healthy(channels),
    ]


def unchanged(post: Post, channels: Sequence[Channel]) -> bool:
    """True when the working copy is the current version, so that offsets of its findings fit the words on screen."""
    if post.current_version is None:
        return False
    form = canonical.canonical_form(post.working_copy, kind=post.kind, channels=[channel.pk for channel in channels])
    return form == post.current_version.canonical
