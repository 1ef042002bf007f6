"""What stops a transition, and who can lift it (law 5). One answer for action, button and "What is stopping this?"."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from compliance import checking, coverage
from compliance import queries as checks
from compliance.enums import AnswerKind, Severity
from compliance.models import CheckRun
from compliance.queries import Answered
from healthsocial.audit.log import Reason
from healthsocial.org.guards import BY_ITSELF
from healthsocial.org.models import Channel, Organisation
from posts import canonical
from posts.enums import DeliveryState, PersonAnswer, StopScope
from posts.models import CrisisStop, Delivery, Post, PostVersion, WorkingCopy
from posts.signing import signature_holds

OFFICER = gettext_lazy("a compliance officer")
AUTHOR = gettext_lazy("the author")
PRIVACY = gettext_lazy("the privacy officer")


def submit(post: Post, copy: WorkingCopy, channels: Sequence[Channel]) -> list[Reason]:
    found: list[Reason] = []
    if not channels:
        found.append(Reason("channel_missing", _("Choose at least one channel."), AUTHOR))
    if not copy.text.strip():
        found.append(Reason("text_missing", _("Write the text of the post."), AUTHOR))
    for channel in channels:
        found += too_long(copy.channel_texts.get(str(channel.pk), copy.text), channel)
        if not channel.is_enabled:
            found.append(
                Reason(
                    "channel_disabled",
                    _("%(channel)s is switched off.") % {"channel": channel.name},
                    _("an administrator"),
                )
            )
    if any(not str(item.get("alt", "")).strip() for item in copy.media):
        found.append(Reason("alt_missing", _("Describe every picture in words (alternative text)."), AUTHOR))
    if copy.person_answer in (PersonAnswer.PATIENTS, PersonAnswer.RELEASE) and not copy.persons:
        found.append(Reason("persons_missing", _("Link the people the post shows or describes."), AUTHOR))
    return found


def too_long(text: str, channel: Channel) -> list[Reason]:
    """The channel does not take this many characters now; its limit may have been lowered after the approval."""
    if len(text) <= channel.character_limit:
        return []
    words = _("%(channel)s takes %(limit)d characters; this has %(count)d.")
    values = {"channel": channel.name, "limit": channel.character_limit, "count": len(text)}
    return [Reason("too_long", words % values, AUTHOR)]


def fits(form: Mapping[str, Any], channels: Iterable[Channel]) -> list[Reason]:
    """The same for a version's words on each of its channels."""
    return [reason for channel in channels for reason in too_long(canonical.text_for(dict(form), channel.pk), channel)]


@dataclass(frozen=True)
class Decision:
    """What a finished check means for a post in `checking`."""

    passes: bool
    code: str = ""
    open_findings: tuple[UUID, ...] = ()


def check_result(run: CheckRun, form: Mapping[str, Any]) -> Decision:
    """pass_checks or block: no hard finding; every other blocking one disputed by the author or waiting for an authorization."""
    answered = checks.with_answers(run)
    hard = [a.finding.pk for a in answered if a.finding.hard]
    if hard:
        return Decision(False, "hard_finding", tuple(hard))
    undisputed = [a.finding.pk for a in answered if _blocks_untouched(a, form)]
    return Decision(False, "blocking_finding", tuple(undisputed)) if undisputed else Decision(True)


def _blocks_untouched(item: Answered, form: Mapping[str, Any]) -> bool:
    if item.finding.severity != Severity.BLOCK:
        return False
    linked = form.get("person_answer") in (PersonAnswer.PATIENTS, PersonAnswer.RELEASE) and bool(form.get("persons"))
    if linked and "authorization" in item.finding.clears_with:
        return False  # waits for the authorization, which the approval guard looks at
    author = item.author
    if author is None or author.disputes:
        return author is None
    # Naming a record is an answer only when a record can clear it and this version relies on it; any other settles nothing.
    names_a_record = author.kind == AnswerKind.AUTHORISED and "authorization" in item.finding.clears_with
    return not names_a_record or str(author.authorization_id) not in form.get("authorizations", [])


def check_is_current(run: CheckRun | None) -> list[Reason]:
    if run is None:
        return [Reason("not_checked", _("This version has not been checked."), BY_ITSELF)]
    if not checks.is_current(run, checking.active()):
        return [
            Reason(
                "check_outdated",
                _("The rules changed since this was checked. It is being checked again."),
                BY_ITSELF,
            )
        ]
    return []


def persons_covered(form: Mapping[str, Any], at: datetime, *, moment: str) -> list[Reason]:
    """The person question has an answer that can stand, and everyone linked is covered at `at`."""
    answer = form["person_answer"]
    if answer == PersonAnswer.NOT_SURE:
        return [Reason("person_not_sure", _("It is not settled whether the post shows or describes a person."), AUTHOR)]
    if answer not in (PersonAnswer.PATIENTS, PersonAnswer.RELEASE):
        return []
    persons, channels = form["persons"], form["channels"]
    if not persons:
        return [Reason("persons_missing", _("Nobody is linked, though the post shows or describes people."), AUTHOR)]
    relied_on = form["authorizations"]
    missing = coverage.gaps(
        persons, relied_on, [UUID(pk) for pk in channels], at=at, needs_hipaa=answer == PersonAnswer.PATIENTS
    )
    return [Reason(f"uncovered_{gap.code}", uncovered_words(gap, moment), PRIVACY) for gap in missing]


def uncovered_words(gap: coverage.Gap, moment: str) -> str:
    words = {
        "no_authorization": _("%(who)s: no authorization is linked."),
        "revoked": _("%(who)s: authorization %(what)s was revoked."),
        "not_yet": _("%(who)s: authorization %(what)s is not valid yet %(when)s."),
        "ended": _("%(who)s: authorization %(what)s has ended %(when)s."),
        "release_only": _("%(who)s: %(what)s is a release; a patient needs a HIPAA authorization."),
        "information": _("%(who)s: the authorization does not cover: %(what)s."),
        "channels": _("%(who)s: authorization %(what)s does not cover every channel of the post."),
        "purpose": _("%(who)s: authorization %(what)s is not for social media."),
        "no_information": _("%(who)s: say what the post uses (name, photo, story …)."),
        "unknown_person": _("A linked person is not in the register."),
    }
    return words[gap.code] % {"who": gap.token, "what": gap.detail, "when": moment}


def findings_answered(run: CheckRun, form: Mapping[str, Any], at: datetime, *, barred: frozenset[UUID]) -> list[Reason]:
    """Every warning and blocking finding has an officer's word; authorizations named in answers still stand.

    `barred`: people whose word does not count, because they began or edited what is judged (law 2).
    """
    found: list[Reason] = []
    items = _words_that_count(run, barred)
    for item in items:
        if item.finding.hard:
            found.append(Reason("hard_finding", _("A number that identifies a patient must be removed."), AUTHOR))
        elif item.finding.needs_answer:
            found += _unanswered(item, form, at)
    explicit = form["person_answer"] != PersonAnswer.NOBODY
    return found if explicit else found + _nobody_contradicted(items)


def _words_that_count(run: CheckRun, barred: frozenset[UUID]) -> list[Answered]:
    return [
        replace(item, officer=None) if item.officer is not None and item.officer.by_id in barred else item
        for item in checks.with_answers(run)
    ]


def _unanswered(item: Answered, form: Mapping[str, Any], at: datetime) -> list[Reason]:
    officer = item.officer
    if officer is None:
        return [
            Reason(
                "finding_unanswered",
                _("A finding waits for an officer’s answer: %(what)s") % {"what": item.finding.message},
                OFFICER,
            )
        ]
    needs_authorization = item.finding.severity == Severity.BLOCK and "authorization" in item.finding.clears_with
    if officer.kind == AnswerKind.AUTHORISED:
        record = officer.authorization
        relied = form["authorizations"]
        if record is None or record.revoked_at is not None or str(record.pk) not in relied:
            return [
                Reason(
                    "answer_lapsed",
                    _("The authorization named in an answer does not stand behind this version."),
                    PRIVACY,
                )
            ]
        if at < record.valid_from or (record.valid_until is not None and at >= record.valid_until):
            return [
                Reason("answer_lapsed", _("The authorization named in an answer is not valid at that time."), PRIVACY)
            ]
        return []
    if needs_authorization and (item.author is None or not item.author.disputes):
        return [
            Reason(
                "authorization_needed",
                _("This needs a signed authorization, or the author's dispute and your reasoned word."),
                PRIVACY,
            )
        ]
    return []


def _nobody_contradicted(items: Iterable[Answered]) -> list[Reason]:
    """The default answer "nobody" stands only when the checks found no person, or an officer said none can be identified."""
    for item in items:
        about_person = "authorization" in item.finding.clears_with and item.finding.severity == Severity.BLOCK
        if about_person and (
            item.officer is None or item.officer.kind not in (AnswerKind.NOT_IDENTIFIABLE, AnswerKind.FALSE_ALARM)
        ):
            return [
                Reason(
                    "person_question_open",
                    _("The checks found a person. Say who it is in “Does it show or describe a person?”."),
                    AUTHOR,
                )
            ]
    return []


def seal_matches(post: Post, version: PostVersion | None) -> list[Reason]:
    """Law 1: recompute the seal; on a difference name the field."""
    approval = post.approval
    if approval is None or version is None or approval.voided_at is not None or approval.version_id != version.pk:
        return [Reason("approval_missing", _("There is no standing approval of this version."), OFFICER)]
    if not signature_holds(approval):
        return [Reason("signature_broken", _("The signature does not belong to this approval."), OFFICER)]
    if canonical.seal_of(version.canonical) != approval.seal:
        return [Reason("seal_broken", _("The text is not the one that was approved."), OFFICER)]
    copy = post.working_copy
    form = canonical.canonical_form(copy, kind=post.kind, channels=list(post.channels.values_list("pk", flat=True)))
    if form != version.canonical:
        fields = ", ".join(canonical.differing_fields(form, version.canonical))
        return [
            Reason(
                "seal_broken",
                _("The post differs from the approved version in: %(fields)s.") % {"fields": fields},
                OFFICER,
            )
        ]
    return []


def copy_is_version(post: Post, channels: Sequence[Channel] | None = None) -> list[Reason]:
    """What is on the author's desk is what was submitted; otherwise the version on screen is not the post.

    `channels`: those of the post, where the caller has read them already (an action: under the post's lock).
    """
    version = post.current_version
    keys = [c.pk for c in channels] if channels is not None else list(post.channels.values_list("pk", flat=True))
    form = canonical.canonical_form(post.working_copy, kind=post.kind, channels=keys)
    if version is None or form != version.canonical:
        return [Reason("stale_version", _("The post changed since it was submitted. Submit it again."), AUTHOR)]
    return []


def stops_for(channels: Iterable[Channel]) -> dict[UUID, CrisisStop]:
    """The crisis stop in force for each channel, the one without emergencies first."""
    active = list(CrisisStop.objects.filter(released_at__isnull=True).order_by("emergency_goes_on", "started_at"))
    found: dict[UUID, CrisisStop] = {}
    for channel in channels:
        for stop in active:
            if (
                stop.scope == StopScope.ORGANISATION
                or stop.group_id == channel.group_id
                or stop.channel_id == channel.pk
            ) and (channel.pk not in found):
                found[channel.pk] = stop
    return found


def stopped(post: Post, channels: Sequence[Channel]) -> list[Reason]:
    stops = stops_for(channels)
    return [
        Reason(
            "crisis_stop",
            _("Crisis stop on %(channel)s.") % {"channel": channel.name},
            _("whoever may release the stop"),
        )
        for channel in channels
        if channel.pk in stops and not (post.emergency and stops[channel.pk].emergency_goes_on)
    ]


def channels_healthy(channels: Sequence[Channel]) -> list[Reason]:
    found: list[Reason] = []
    for channel in channels:
        if not channel.is_enabled:
            found.append(
                Reason(
                    "channel_disabled",
                    _("%(channel)s is switched off.") % {"channel": channel.name},
                    _("an administrator"),
                )
            )
        elif channel.sick_reason:
            found.append(
                Reason(
                    "channel_sick",
                    _("%(channel)s cannot publish: %(why)s") % {"channel": channel.name, "why": channel.sick_reason},
                    _("an administrator"),
                )
            )
    return found


def slot_in_future(at: datetime, now: datetime) -> list[Reason]:
    if at < now - timedelta(seconds=60):
        return [
            Reason(
                "slot_passed", _("This time has passed. Choose a later one."), _("a scheduler or compliance officer")
            )
        ]
    return []


@dataclass(frozen=True)
class Ready:
    """Whether a delivery may leave now. `wait`: try again soon; `hold`: the approval cannot stand; else cancel."""

    reasons: tuple[Reason, ...] = ()
    wait: bool = False
    hold: bool = False


def too_late(delivery: Delivery, channel: Channel, organisation: Organisation, *, now: datetime) -> list[Reason]:
    """What was approved for Tuesday may be wrong on Thursday."""
    own = channel.max_lateness_minutes
    lateness = own if own is not None else organisation.max_lateness_minutes
    if now <= delivery.due_at + timedelta(minutes=lateness):
        return []
    return [Reason("too_late", _("Its time had passed by more than %(n)d minutes.") % {"n": lateness})]


def may_leave(post: Post, delivery: Delivery, channel: Channel, organisation: Organisation, *, now: datetime) -> Ready:
    """start_publishing's guard, read again for every single delivery inside the claim (law 7)."""
    if late := too_late(delivery, channel, organisation, now=now):
        return Ready(tuple(late))
    if broken := seal_matches(post, post.current_version):
        return Ready(tuple(broken), hold=True)
    assert post.current_version is not None
    assert post.approval is not None
    form = canonical.read(post.current_version)
    if uncovered := persons_covered(form, now, moment=_("now")):
        return Ready(tuple(uncovered), hold=True)
    if blocked := [*stopped(post, [channel]), *channels_healthy([channel]), *fits(form, [channel])]:
        return Ready(tuple(blocked))
    if organisation.publishing_stopped_at is not None:
        return Ready((Reason("publishing_stopped", _("Publishing is stopped until a person says go.")),), wait=True)
    return _still_checked(post)


def _still_checked(post: Post) -> Ready:
    """The approved check is current; or a recheck is on its way (wait); or it found something new (stop)."""
    assert post.approval is not None
    run = CheckRun.objects.filter(pk=post.approval.check_run).first()
    outdated = check_is_current(run)
    if not outdated:
        return Ready()
    newest = checks.newest_complete_run(post.approval.version_id)
    if newest is not None and not check_is_current(newest):
        words = _("The rules changed since, and the recheck found something new. This version cannot go out any more.")
        return Ready((Reason("recheck_found_something", words, AUTHOR),))
    return Ready(tuple(outdated), wait=True)


def nothing_sent(post: Post) -> list[Reason]:
    gone = (DeliveryState.SENDING, DeliveryState.SENT, DeliveryState.UNCONFIRMED, DeliveryState.REMOVED)
    if post.deliveries.filter(state__in=gone).exists():
        return [Reason("already_sent", _("Something of this post went out, so its record stays open."), OFFICER)]
    return []
