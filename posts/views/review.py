"""The review page and the officer's decisions."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from compliance.enums import AnswerSide
from compliance.queries import newest_complete_run
from healthsocial import clock
from healthsocial.audit.log import Reason, Refused
from healthsocial.org import hidden
from healthsocial.org.forms import refuse
from healthsocial.org.views.helpers import needs, organisation_of, reasons_for_page, run, viewer
from posts import canonical, guards, permissions, reviewing
from posts.actions import approve as approving
from posts.actions import decide
from posts.actions.answer_several import answer_several
from posts.choosing import Choice, choose, leaving, short_time
from posts.enums import State, Transition
from posts.forms_officer import AnswerForm, ApproveForm, SendBackForm
from posts.models import Post
from posts.queries import Seen
from posts.slots import Slot
from posts.views.access import access_text

BULK = "several"


@dataclass
class Typed:
    """Forms as they came back: the page shows them again with what was typed. `opened` is the version they were made from."""

    approve: ApproveForm | None = None
    changes: SendBackForm | None = None
    reject: SendBackForm | None = None
    answers: dict[str, AnswerForm] = field(default_factory=dict)
    opened: UUID | None = None

    @property
    def wrong(self) -> bool:
        forms = (self.approve, self.changes, self.reject, *self.answers.values())
        return any(form is not None and form.errors for form in forms)


@require_safe
@needs("posts.review", anywhere=True)
def review(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _page(request, _seen(request, pk))


@require_POST
@needs("posts.review", anywhere=True)
def answer(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One finding's form, or the form for several: each finding gets its own stored answer."""
    seen = _seen(request, pk)
    card = request.POST.get("card", BULK)
    form = _answer_form(seen.post, card, request.POST)
    if not form.is_valid():
        return _page(request, seen, Typed(answers={card: form}))
    ids = [UUID(text) for text in request.POST.getlist("finding") if _is_uuid(text)]
    fields = {
        "words_missing": "words",
        "source_missing": "source_url",
        "authorization_missing": "authorization",
        "answer_kind": "kind",
    }
    return run(
        request,
        lambda: answer_several(pk, ids, by=viewer(request), side=AnswerSide.OFFICER, **form.answer()),
        to=lambda made: _next_open(seen.post),
        done=lambda made: (
            _("Answered.") if len(made) == 1 else _("%(number)d findings answered.") % {"number": len(made)}
        ),
        again=lambda refusal: _page(
            request, _seen(request, pk), Typed(answers={card: _put(form, refusal, fields)}, opened=_version_of(request))
        ),
    )


@require_safe
@needs("posts.review", anywhere=True)
def slot_button(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The part of the decision panel that names the time; asked again whenever the time changes. Writes nothing."""
    seen = _seen(request, pk)
    form = _approve_form(request, seen.post, request.GET)
    form.full_clean()
    choice = choose(seen.post, seen.channels, form.wall(), clock.now())
    return render(
        request,
        "posts/officer/_slot_button.html",
        {
            "choice": choice,
            "choice_reasons": reasons_for_page(choice.reasons),
            "stopping": _stopping(request, seen),
            "post": seen.post,
        },
    )


@sensitive_post_parameters("password")
@require_POST
@needs("posts.review", anywhere=True)
def approve(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Sign the version on screen: for the time that the button named, for now, or with no time yet."""
    seen = _seen(request, pk)
    form = _approve_form(request, seen.post, request.POST)
    decision = request.POST.get("decision", "")
    opened = _version_of(request)
    choice = choose(seen.post, seen.channels, form.wall() if form.is_valid() else None, clock.now())
    offer = next((offer for offer in choice.offers if offer.decision == decision), None)
    if (
        form.is_valid()
        and decision not in ("now", "later")
        and (offer is None or choice.named != form.cleaned_data["named"])
    ):
        form.add_error("time" if not choice.offers else None, _time_problem(choice))
    if not form.is_valid() or opened is None:
        return _page(request, seen, Typed(approve=form, opened=opened))
    return run(
        request,
        lambda: approving.approve(
            pk,
            by=viewer(request),
            version_id=opened,
            check_id=form.cleaned_data["check"],
            password=form.cleaned_data["password"],
            slot=offer.slot if offer else None,
            publish_now=decision == "now",
        ),
        to=reverse("posts:queue"),
        done=lambda post: _approved_words(post, decision),
        again=lambda refusal: _page(
            request,
            _seen(request, pk),
            Typed(
                approve=_put(form, refusal, {"signature_wrong": "password", "signature_paused": "password"}),
                opened=opened,
            ),
        ),
    )


@require_POST
@needs("posts.review", anywhere=True)
def request_changes(request: HttpRequest, pk: UUID) -> HttpResponse:
    form = SendBackForm(request.POST, auto_id="id_changes_form_%s")
    return _send_back(
        request, pk, decide.request_changes, form, Typed(changes=form), _("Sent back to the author with your reason.")
    )


@require_POST
@needs("posts.review", anywhere=True)
def reject(request: HttpRequest, pk: UUID) -> HttpResponse:
    form = SendBackForm(request.POST, auto_id="id_reject_form_%s")
    done = _("Rejected. The author sees your reason and can make a copy.")
    return _send_back(request, pk, decide.reject, form, Typed(reject=form), done)


def _send_back(
    request: HttpRequest, pk: UUID, step: Callable[..., Post], form: SendBackForm, typed: Typed, done: str
) -> HttpResponse:
    seen = _seen(request, pk)
    typed.opened = _version_of(request)
    if not form.is_valid():
        return _page(request, seen, typed)
    data = form.cleaned_data

    def again(refusal: Refused) -> HttpResponse:
        _put(form, refusal, {"reason_missing": "reason", "words_missing": "words"})
        return _page(request, _seen(request, pk), typed)

    return run(
        request,
        lambda: step(
            pk,
            by=viewer(request),
            version_id=data["version"],
            check_id=data["check"],
            reason=data["reason"],
            words=data["words"],
        ),
        to=reverse("posts:queue"),
        done=done,
        again=again,
    )


def _seen(request: HttpRequest, pk: UUID) -> Seen:
    """The post, for officers of one of its channels. Hidden posts and posts whose words are hidden are 404."""
    seen = access_text(request, pk)
    if seen.post.current_version is None:
        raise Http404
    if not any(viewer(request).has_perm("posts.review", channel) for channel in seen.channels):
        raise PermissionDenied
    return seen


def _page(request: HttpRequest, seen: Seen, typed: Typed | None = None) -> HttpResponse:
    """The whole page; with bound forms it keeps what was typed and names what is wrong (422, or the refusal's status)."""
    post, person, now = seen.post, viewer(request), clock.now()
    typed = typed or Typed()
    assert post.current_version is not None
    form = canonical.read(post.current_version)
    names = reviewing.names_of(form, seen.channels)
    checked = newest_complete_run(post.current_version.pk)
    cards = reviewing.cards(checked, names)
    records = reviewing.relied_on(form)
    stale = typed.opened is not None and typed.opened != post.current_version.pk
    choosing = typed.approve or _approve_form(request, post)
    for bound in (typed.approve, typed.changes, typed.reject):
        _renew(bound, post)
    choice = choose(post, seen.channels, _wall(choosing), now)
    waiting = [card.look["id"] for card in cards if card.open]
    may_answer = (
        post.state == State.IN_REVIEW and permissions.denied(person, Transition.APPROVE, post, seen.channels) is None
    )
    context: dict[str, Any] = {
        "post": post,
        "channels": seen.channels,
        "zone": organisation_of(request).zone,
        "now": now,
        "stale": stale,
        "shown_version": post.current_version,
        "form_kind": form["kind"],
        "links": form["links"],
        "person_answer": reviewing.person_answer(form, explicit=post.working_copy.person_answer_explicit),
        "blocks": reviewing.blocks(form, seen.channels, cards),
        "cards": [(card, _card_form(card, records, typed.answers)) for card in cards],
        "open_count": len(waiting),
        "first_open": waiting[0] if waiting else "",
        "several": may_answer and (len(waiting) > 1 or BULK in typed.answers),
        "bulk": typed.answers.get(BULK) or AnswerForm(records=records, auto_id="id_several_%s"),
        "bulk_used": BULK in typed.answers,
        "ticked": request.POST.getlist("finding"),
        "comparisons": reviewing.comparisons(post, person, seen.channels, typed.opened if stale else None),
        "hidden": hidden.count(reviewing.published(form)),
        "persons": reviewing.persons(form, records, now),
        "person_reasons": reasons_for_page(guards.persons_covered(form, now, moment=_("now"))),
        "check": reviewing.check_info(checked, names, now),
        "in_review": post.state == State.IN_REVIEW,
        "stopping": reviewing.linked(_stopping(request, seen), cards),
        "meaning": approving.MEANING,
        "may_answer": may_answer,
        "may_send_back": permissions.denied(person, Transition.REJECT, post, seen.channels) is None,
        "approve_form": choosing,
        "choice": choice,
        "choice_reasons": reasons_for_page(choice.reasons),
        "now_reasons": reasons_for_page(leaving(post, seen.channels)),
        "changes_form": typed.changes or _send_back_form(post, "changes"),
        "reject_form": typed.reject or _send_back_form(post, "reject"),
    }
    return render(request, "posts/officer/review.html", context, status=422 if typed.wrong else 200)


def _send_back_form(post: Post, name: str) -> SendBackForm:
    return SendBackForm(initial=_on_screen(post), auto_id=f"id_{name}_form_%s")


def _card_form(card: reviewing.Card, records: list[Any], answers: dict[str, AnswerForm]) -> AnswerForm | None:
    if not card.finding.needs_answer or card.finding.hard:
        return None
    key = str(card.finding.pk)
    said = card.officer
    initial = {"kind": said.kind, "words": said.words, "source_url": said.source_url} if said else {}
    offered = records if "authorization" in card.finding.clears_with else []
    if len(offered) == 1:
        initial["authorization"] = str(offered[0].pk)
    return answers.get(key) or AnswerForm(records=offered, auto_id=f"id_{key}_%s", initial=initial)


def _answer_form(post: Post, card: str, data: QueryDict) -> AnswerForm:
    assert post.current_version is not None
    records = reviewing.relied_on(canonical.read(post.current_version))
    return AnswerForm(data, records=records, auto_id=f"id_{card if _is_uuid(card) else BULK}_%s")


def _approve_form(request: HttpRequest, post: Post, data: QueryDict | None = None) -> ApproveForm:
    zone = organisation_of(request).zone
    initial: dict[str, Any] = {**_on_screen(post), "zone": post.proposed_zone or zone}
    if post.proposed_wall:
        initial["day"], _sep, initial["time"] = post.proposed_wall.partition("T")
    return ApproveForm(data, zones=[zone, post.proposed_zone], initial=initial)


def _on_screen(post: Post) -> dict[str, UUID | None]:
    """What the officer is looking at: an older form carries another version or another check, and is refused."""
    checked = newest_complete_run(post.current_version_id) if post.current_version_id else None
    return {"version": post.current_version_id, "check": checked.pk if checked else None}


def _wall(form: ApproveForm) -> tuple[str, str] | None:
    if form.is_bound:
        form.is_valid()
        return form.wall()
    day, time = form.initial.get("day"), form.initial.get("time")
    return (f"{day}T{time}", str(form.initial["zone"])) if day and time else None


def _renew(form: ApproveForm | SendBackForm | None, post: Post) -> None:
    """The form that is sent next is about the version that is on screen now."""
    if form is not None and isinstance(form.data, QueryDict):
        form.data = form.data.copy()
        for name, value in _on_screen(post).items():
            form.data[name] = str(value or "")


def _stopping(request: HttpRequest, seen: Seen) -> list[dict[str, Any]]:
    """Everything that keeps this person from approving this version now, and who can lift it."""
    denied = permissions.denied(viewer(request), Transition.APPROVE, seen.post, seen.channels)
    reasons: list[Reason] = [denied] if denied else []
    return reasons_for_page([*reasons, *approving.blockers(seen.post, clock.now())])


def _time_problem(choice: Choice) -> str:
    if choice.problem:
        return choice.problem
    if not choice.offers:
        return _("Choose a day and a time, or approve with no time yet.")
    return _("You chose another time. The button names it now; sign again if it is right.")


def _put(form: Any, refusal: Refused, fields: dict[str, str]) -> Any:
    known = {code: name for code, name in fields.items() if name in form.fields}
    return refuse(form, refusal.reasons, known)


def _approved_words(post: Post, decision: str) -> str:
    if decision == "now":
        return _("Approved. It is being published now.")
    if decision == "later" or post.slot_at is None:
        return _("Approved, with no time yet. It is not published until somebody gives it a time.")
    return _("Approved for %(when)s.") % {
        "when": short_time(Slot(post.slot_at, post.slot_zone, post.slot_wall), clock.now())
    }


def _next_open(post: Post) -> str:
    """The review page at the next finding that waits for a word, else at the decision."""
    assert post.current_version_id is not None
    waiting = [card for card in reviewing.cards(newest_complete_run(post.current_version_id), {}) if card.open]
    return reverse("posts:review", args=[post.pk]) + (f"#finding-{waiting[0].finding.pk}" if waiting else "#decision")


def _version_of(request: HttpRequest) -> UUID | None:
    text = request.POST.get("version", "")
    return UUID(text) if _is_uuid(text) else None


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
