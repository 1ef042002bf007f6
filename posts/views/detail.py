"""One post: where it is, what was found, what stops it, who may do what next."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from compliance import queries as checks
from compliance.enums import AnswerSide, RunState
from compliance.models import Authorization
from healthsocial import clock
from healthsocial.audit.log import Refused
from healthsocial.org.models import Organisation, User
from healthsocial.org.views.helpers import organisation_of, reasons_for_page, run, signed_in, viewer
from posts import canonical, guards, permissions, reviewing
from posts.actions.answer import AUTHOR_STATES
from posts.actions.answer import answer as answer_action
from posts.buttons import buttons
from posts.enums import EDITABLE_STATES, PULL_BACK_STATES, PersonAnswer, State
from posts.forms import AnswerForm, ProofForm, ResolveForm, SlotForm, WordsForm, zone_names
from posts.live import clears_words
from posts.models import Delivery, Post
from posts.models.delivery import WAITING
from posts.persons import cover_words
from posts.presenting import has_all, holds_anywhere, line, steps, stopping, unchanged
from posts.queries import Seen, visible_posts
from posts.reviewing import Card
from posts.views.access import access_post, access_text, viewer_once
from posts.words import code_words

# The page follows along by itself while a machine moves the post.
MOVING = (State.CHECKING, State.PUBLISHING)
CORRECTABLE = (State.PUBLISHED, State.INCOMPLETE, State.TAKEDOWN_REQUESTED, State.WITHDRAWN, State.ARCHIVED)


@dataclass
class Again:
    """What a refused POST of this page draws once more: the form that was sent, and the reasons."""

    refusal: Refused | None = None
    finding: UUID | None = None
    answer: AnswerForm | None = None
    slot: SlotForm | None = None
    words: dict[str, WordsForm] = field(default_factory=dict)  # by step
    delivery: dict[UUID, ProofForm] = field(default_factory=dict)


@require_safe
@signed_in
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    return detail_page(request, access_post(request, pk))


@require_safe
@signed_in
def status(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The small part that follows along; once the post has moved on, the whole page is drawn anew."""
    seen = access_post(request, pk)
    if request.GET.get("seen") != _moment(seen.post):
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    reader = viewer_once(request)
    return render(
        request, "posts/_status.html", _status_context(request, seen, reader, list(seen.post.deliveries.all()))
    )


@require_POST
@signed_in
def answer(request: HttpRequest, pk: UUID, finding: UUID) -> HttpResponse:
    """The author's word on a finding."""
    seen = access_text(request, pk)
    form = AnswerForm(request.POST, prefix=str(finding), authorizations=_relied_on(seen))
    if not form.is_valid():
        return detail_page(request, seen, Again(finding=finding, answer=form), status=422)
    record = form.cleaned_data.get("authorization")
    return run(
        request,
        lambda: answer_action(
            pk,
            finding,
            by=viewer(request),
            side=AnswerSide.AUTHOR,
            kind=form.cleaned_data["kind"],
            words=form.cleaned_data["words"],
            source_url=form.cleaned_data["source_url"],
            authorization_id=record.pk if record else None,
        ),
        to=f"{reverse('posts:detail', args=[pk])}#finding-{finding}",
        done=_("Your answer is kept. It counts when the post is sent to review."),
        again=lambda refusal: detail_page(
            request, access_text(request, pk), Again(refusal, finding=finding, answer=form)
        ),
    )


# --- the page ----------------------------------------------------------------------------------------------------
def detail_page(
    request: HttpRequest, seen: Seen, again: Again | None = None, *, tab: str = "post", status: int = 200
) -> HttpResponse:
    """The page, also as the answer to a refused POST."""
    again = again or Again()
    context = page_context(request, seen, tab)
    if seen.text:
        context |= _content(request, seen, again)
    context |= _steps(request, seen, context["reader"], again, context["deliveries"])
    context["refused"] = reasons_for_page(again.refusal.reasons) if again.refusal else []
    return render(request, "posts/detail.html", context, status=status)


def page_context(request: HttpRequest, seen: Seen, tab: str) -> dict[str, Any]:
    """What the three pages of a post share: state, line, tabs."""
    reader = viewer_once(request)
    deliveries = list(seen.post.deliveries.select_related("channel").order_by("channel__name"))
    pages = [
        ("post", "detail", _("Post")),
        ("versions", "versions", _("Versions")),
        ("history", "history", _("History")),
    ]
    shown = [
        {"label": label, "url": reverse(f"posts:{name}", args=[seen.post.pk]), "active": key == tab}
        for key, name, label in pages
        if seen.text or key != "versions"
    ]
    return _status_context(request, seen, reader, deliveries) | {
        "seen": seen,
        "reader": reader,
        "tabs": shown,
        "deliveries": deliveries,
        "channels": seen.channels,
    }


def _status_context(request: HttpRequest, seen: Seen, reader: User, deliveries: Sequence[Delivery]) -> dict[str, Any]:
    organisation = organisation_of(request)
    post = seen.post
    return {
        "post": post,
        "zone": organisation.zone,
        "line": line(
            post,
            seen.channels,
            deliveries,
            reader,
            zone=organisation.zone,
            text=seen.text,
            own_work=post.state == State.IN_REVIEW and permissions.own_work(reader, post) is not None,
        ),
        "moving": post.state in MOVING,
        "moment": _moment(post),
        "other_zone": post.slot_zone if post.slot_zone and post.slot_zone != organisation.zone else "",
    }


def _moment(post: Post) -> str:
    return f"{post.state}-{round(post.changed_at.timestamp() * 1000)}"


def _content(request: HttpRequest, seen: Seen, again: Again) -> dict[str, Any]:
    """The words, what was found in them, who is shown, where they went."""
    post, channels = seen.post, seen.channels
    zone = organisation_of(request).zone
    version = post.current_version
    same = unchanged(post, channels)
    form = canonical.read(version) if version else None
    now_form = canonical.as_form(post.working_copy, kind=post.kind, channels=[c.pk for c in channels])
    run_row = checks.newest_complete_run(version.pk) if version else None
    names = reviewing.names_of(form, channels) if form else {}
    cards = reviewing.cards(run_row, names) if form else []
    newest = checks.newest_run(version.pk) if version else None
    shown_form = form if form and same else now_form
    return {
        "current": version,
        "same": same,
        "blocks": reviewing.blocks(form, channels, cards) if form else [],
        "draft_blocks": [] if same else reviewing.blocks(now_form, channels, []),
        "cards": [_finding(card, seen, request, again) for card in cards],
        "open_count": sum(card.finding.needs_answer and card.author is None for card in cards),
        "links": shown_form["links"],
        "check": reviewing.check_info(run_row, names, clock.now()),
        "could_not_check": newest is not None and newest.state == RunState.COULD_NOT_CHECK,
        "person_answer": PersonAnswer(shown_form["person_answer"]).label,
        "people": _people(shown_form, post, zone),
        "decisions": _decisions(post),
        "delivery_rows": _deliveries(request, seen, again),
    }


def _finding(card: Card, seen: Seen, request: HttpRequest, again: Again) -> dict[str, Any]:
    row = card.finding
    able = (
        row.needs_answer
        and not row.hard
        and seen.post.state in AUTHOR_STATES
        and permissions.may_write(viewer_once(request), seen.post, seen.channels)
    )
    form = again.answer if again.finding == row.pk else None
    if able and form is None:
        records = _relied_on(seen) if "authorization" in row.clears_with else ()
        form = AnswerForm(prefix=str(row.pk), authorizations=records)
    return {
        "finding": card.look
        | {"where": card.where, "clears": clears_words(row.clears_with), "note": row.context_note, "form": form}
        | {"author": card.author, "officer": card.officer, "needs_answer": row.needs_answer, "hard": row.hard},
        "answered": _answered(card),
        "failed": again.finding == row.pk,
    }


def _answered(card: Card) -> str:
    if card.officer is not None:
        return _("Answered by %(who)s") % {"who": card.officer.by_name}
    return _("Answered by its author") if card.author is not None else ""


def _relied_on(seen: Seen) -> list[str]:
    return [str(pk) for pk in seen.post.working_copy.authorizations]


def _people(form: dict[str, Any], post: Post, zone: str) -> list[dict[str, Any]]:
    """Tokens, what is used of them, what covers it, and what is missing at the slot (or now)."""
    records = list(
        Authorization.objects.filter(pk__in=form["authorizations"]).prefetch_related("channels").order_by("number")
    )
    now = clock.now()
    at = max(post.slot_at or now, now)
    moment = _("at its time") if post.slot_at else _("now")
    missing = guards.persons_covered(form, at, moment=moment) if form["persons"] else []
    return [
        {
            "person": person,
            "cover": [{"number": r.number, "words": cover_words(r, zone)} for r in person.records],
            "missing": [
                _sentence(reason.message.removeprefix(f"{person.token}: "))
                for reason in missing
                if reason.message.startswith(f"{person.token}:")
            ],
        }
        for person in reviewing.persons(form, records, at)
    ]


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _decisions(post: Post) -> list[dict[str, Any]]:
    """What officers asked for since the last approval, newest first; shown while the author works on it."""
    if post.state not in (*EDITABLE_STATES, State.CHECKING, State.IN_REVIEW, State.REJECTED):
        return []
    approved = post.approvals.order_by("-at").values_list("at", flat=True).first()
    rows = post.decisions.select_related("version").order_by("-at")
    return [
        {
            "reason": row.get_reason_display(),
            "words": row.words,
            "by": row.by_name,
            "at": row.at,
            "number": row.version.number,
            "done": row.version_id != post.current_version_id,
        }
        for row in rows
        if approved is None or row.at > approved
    ]


def _deliveries(request: HttpRequest, seen: Seen, again: Again) -> list[dict[str, Any]]:
    able = viewer_once(request).has_perm("posts.settle", seen.channels)
    rows = seen.post.deliveries.select_related("channel", "version").order_by("-version__number", "channel__name")
    found = []
    for row in rows:
        form: ProofForm | None = None
        if able and row.state == "unconfirmed":
            form = again.delivery.get(row.pk) or ResolveForm(prefix=str(row.pk))
        elif able and row.state == "sent" and seen.post.state == State.TAKEDOWN_REQUESTED:
            form = again.delivery.get(row.pk) or ProofForm(prefix=str(row.pk))
        old = row.version_id != seen.post.current_version_id
        # An error of an earlier attempt says nothing about a delivery that arrived after all.
        why = "" if row.state in ("sent", "removed") else code_words(row.error_code)
        found.append({"row": row, "why": why, "form": form, "old": old})
    return found


def _steps(request: HttpRequest, seen: Seen, reader: User, again: Again, rows: Sequence[Delivery]) -> dict[str, Any]:
    """Buttons: enabled, or disabled with their reasons; and what stops the next transition."""
    post, channels, organisation = seen.post, seen.channels, organisation_of(request)
    found = steps(post, channels, reader, organisation) if seen.text else {}
    writes = seen.text and permissions.may_write(reader, post, channels)
    anywhere = seen.text and holds_anywhere(reader, "posts.write")
    out = any(row.state in ("sent", "unconfirmed", "removed") for row in rows)
    complete = has_all([row for row in rows if row.version_id == post.current_version_id])
    places = [step for name, step in found.items() if name in ("schedule", "reslot")]
    shown = buttons(post, found, again.words, complete=complete)
    return {
        "buttons": [button for button in shown if button.name != "submit" or button.reasons],
        "send": next((button for button in shown if button.name == "submit" and not button.reasons), None),
        "decides": "approve" in found,
        "now_hidden": {"now": "1"},
        "unplaced": post.state == State.SCHEDULED and not any(row.state in WAITING for row in rows),
        "place": places[0] if places else None,
        "place_reasons": reasons_for_page(places[0].reasons) if places else [],
        "stopping": reasons_for_page(stopping(post, channels, reader, organisation, asked=found)) if seen.text else [],
        "may_edit": writes and post.state in (*EDITABLE_STATES, *PULL_BACK_STATES),
        "may_copy": anywhere,
        "may_correct": anywhere and out and post.state in CORRECTABLE,
        "related": _related(viewer(request), post),
        "slot_form": again.slot or _slot_form(post, organisation),
        "zones": zone_names() if places else [],
    }


def _related(user: User, post: Post) -> list[dict[str, Any]]:
    """What it corrects and what corrects it, as far as this person may see them."""
    seen = visible_posts(user)
    after = [{"post": row, "corrects": False} for row in seen.filter(corrects=post).order_by("created_at")]
    before = [{"post": row, "corrects": True} for row in seen.filter(pk=post.corrects_id)] if post.corrects_id else []
    return before + after


def _slot_form(post: Post, organisation: Organisation) -> SlotForm:
    wall = post.slot_wall or post.proposed_wall
    zone = post.slot_zone or post.proposed_zone or organisation.zone
    return SlotForm(initial={"wall": wall, "zone": zone})
