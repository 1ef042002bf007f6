"""Writing a post: begin, change, save after each pause, check while writing, send to review."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.core.exceptions import PermissionDenied
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from healthsocial import clock
from healthsocial.org.models import Channel
from healthsocial.org.permissions import channels_where
from healthsocial.org.templatetags.ui import to_zone
from healthsocial.org.views.helpers import (
    Outcome,
    SeeOther,
    attempt,
    needs,
    new_id,
    organisation_of,
    reasons_for_page,
    signed_in,
    viewer,
)
from posts import canonical, permissions, slots
from posts.actions.copy import content_of
from posts.actions.edit import Content, create_post, fill, save_post
from posts.actions.submit import submit
from posts.diffing import Change, word_diff
from posts.enums import EDITABLE_STATES, PULL_BACK_STATES, PersonAnswer
from posts.forms import ComposerForm, zone_names
from posts.live import Live, live_check
from posts.models import Post, WorkingCopy
from posts.persons import linked_of, with_records
from posts.presenting import line, reading
from posts.queries import Seen
from posts.views.access import access_text


@dataclass(frozen=True)
class Conflict:
    """Somebody saved meanwhile: their words against mine."""

    message: str
    edit_no: int
    texts: list[tuple[str, list[Change]]]
    others: list[str]


@require_http_methods(["GET", "HEAD", "POST"])
@needs("posts.write", anywhere=True)
def create(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return _post(request)
    begun = _begun(request)
    if begun is not None and Post.objects.filter(pk=begun).exists():
        access_text(request, begun)
        return SeeOther(reverse("posts:edit", args=[begun]))  # the back button, after it was saved
    zone = organisation_of(request).zone
    channels = writable_channels(request)
    initial: dict[str, Any] = {"kind": "original", "zone": zone}
    if len(channels) == 1:
        initial["channels"] = [str(channels[0].pk)]
    return _page(request, ComposerForm(writable=channels, initial=initial), None)


def _begun(request: HttpRequest) -> UUID | None:
    """The id that this address was given when the form was opened (by a script, so that the back button knows it)."""
    try:
        return UUID(request.GET.get("new", ""))
    except ValueError:
        return None


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    seen = _writable(request, pk)
    if request.method == "POST":
        return _post(request, seen)
    return _page(request, _stored_form(request, seen), seen)


@require_POST
@needs("posts.write", anywhere=True)
def autosave(request: HttpRequest) -> HttpResponse:
    """Answers JSON: the new number to send next time, or why nothing was saved. Never moves a post back to draft."""
    form, seen = _posted(request)
    if not form.is_valid():
        return JsonResponse({"message": _first_error(form)}, status=422)
    if seen is not None and seen.post.state not in EDITABLE_STATES:
        return JsonResponse(
            {"message": _("Not saved: this change would pull the post back. Save it yourself.")}, status=422
        )
    outcome = _save(request, form, seen)
    if not outcome.ok:
        return _autosave_refused(request, form, seen, outcome)
    post = outcome.value
    saved = to_zone(clock.now(), organisation_of(request).zone)
    return JsonResponse(
        {
            "post": str(post.pk),
            "edit_no": post.edit_no,
            "saved_at": saved.strftime("%H:%M") if saved else "",
            "edit_url": reverse("posts:edit", args=[post.pk]),
        }
    )


@require_POST
@needs("posts.write", anywhere=True)
def check_now(request: HttpRequest) -> HttpResponse:
    """What the checks would say now. The text is neither stored nor logged."""
    form, seen = _posted(request)
    if not form.is_valid():
        live = Live(error=_first_error(form))
    else:
        live = live_check(_fields(form.content()), kind=form.cleaned_data["kind"], channels=form.writable)
    if request.headers.get("HX-Request"):
        return render(request, "posts/_live.html", {"live": live})
    return _page(request, form, seen, live=live)


# --- the work behind them ----------------------------------------------------------------------------------------
def writable_channels(request: HttpRequest) -> list[Channel]:
    """Enabled or not: a channel that is off is named by the guard when the post is sent."""
    allowed = channels_where(viewer(request), "posts.write")
    return list(Channel.objects.filter(allowed).select_related("group").order_by("group__name", "name"))


def _writable(request: HttpRequest, pk: UUID) -> Seen:
    seen = access_text(request, pk)
    if not permissions.may_write(viewer(request), seen.post, seen.channels):
        raise PermissionDenied
    return seen


def _posted(request: HttpRequest) -> tuple[ComposerForm, Seen | None]:
    """The form as it was sent, and the post it belongs to (none yet for a new one)."""
    form = ComposerForm(request.POST, writable=writable_channels(request))
    try:
        return form, _writable(request, UUID(request.POST.get("post", "")))
    except ValueError:
        new = new_id(request)
    if new is None or not Post.objects.filter(pk=new).exists():
        return form, None
    return form, _writable(request, new)


def _post(request: HttpRequest, seen: Seen | None = None) -> HttpResponse:
    """The buttons of the composer: save, save and send, add a person."""
    form, named = _posted(request)
    seen = seen or named
    act = request.POST.get("act", "save")
    if not form.is_valid():
        return _page(request, form, seen, status=422)
    # A token that was typed counts whichever button was pressed: else a post could leave without one of its persons.
    if act == "add_person" or form.cleaned_data.get("token"):
        form.add_person()
        if form.errors:
            return _page(request, form, seen, status=422)
    outcome = _save(request, form, seen)
    if not outcome.ok:
        return _refused(request, form, seen, outcome)
    post = outcome.value
    back = reverse("posts:edit", args=[post.pk])
    if act == "add_person" or any(key.startswith("remove-") for key in request.POST):
        return SeeOther(f"{back}#persons")
    if act != "submit":
        return SeeOther(reverse("posts:detail", args=[post.pk]))
    sent = attempt(lambda: submit(post.pk, by=viewer(request)))
    if sent.ok:
        return SeeOther(reverse("posts:detail", args=[post.pk]))
    again = _writable(request, post.pk)
    return _page(request, _stored_form(request, again), again, refusal=sent, status=sent.status)


def _save(request: HttpRequest, form: ComposerForm, seen: Seen | None) -> Outcome[Post]:
    person, content, new = viewer(request), form.content(), new_id(request)
    if seen is None:
        made = attempt(lambda: create_post(by=person, content=content, new=new))
        if new is None or not any(reason.code == "already_saved" for reason in made.reasons):
            return made
        seen = _writable(request, new)  # the same form, sent twice at once
    overwrite = request.POST.get("overwrite", "")
    first = 1 if seen.post.pk == new else 0  # the form of a new post knows no number yet
    number = int(overwrite) if overwrite.isdecimal() else form.cleaned_data["edit_no"] or first
    return attempt(lambda: save_post(seen.post.pk, by=person, edit_no=number, content=content))


def _stale(outcome: Outcome[Post]) -> bool:
    return any(reason.code == "stale_edit" for reason in outcome.reasons)


def _refused(request: HttpRequest, form: ComposerForm, seen: Seen | None, outcome: Outcome[Post]) -> HttpResponse:
    conflict = _conflict(request, form, seen, outcome) if seen and _stale(outcome) else None
    return _page(request, form, seen, refusal=outcome, conflict=conflict, status=outcome.status)


def _autosave_refused(
    request: HttpRequest, form: ComposerForm, seen: Seen | None, outcome: Outcome[Post]
) -> JsonResponse:
    message = " ".join(reason.message for reason in outcome.reasons)
    if seen is None or not _stale(outcome):
        return JsonResponse({"message": message}, status=422 if outcome.status == 409 else outcome.status)
    conflict = _conflict(request, form, seen, outcome)
    html = render_to_string("posts/_conflict.html", {"conflict": conflict, "post": seen.post}, request)
    return JsonResponse({"message": message, "html": html}, status=409)


def _conflict(request: HttpRequest, form: ComposerForm, seen: Seen, outcome: Outcome[Post]) -> Conflict:
    """What stands on the server now, against what was sent. Nothing of either is lost."""
    post = Post.objects.select_related("working_copy").get(pk=seen.post.pk)
    theirs, mine = content_of(post), form.content()
    names = {str(channel.pk): channel.name for channel in [*seen.channels, *form.writable]}
    pairs = [(_("Title"), theirs.title, mine.title), (_("Text"), theirs.text, mine.text)]
    for key in sorted({*theirs.channel_texts, *mine.channel_texts}):
        label = _("Text for %(channel)s") % {"channel": names.get(key, _("another channel"))}
        pairs.append((label, theirs.channel_texts.get(key, ""), mine.channel_texts.get(key, "")))
    pairs += [
        (_("First comment"), theirs.first_comment, mine.first_comment),
        (_("Notes for colleagues"), theirs.notes, mine.notes),
        (_("Links"), "\n".join(theirs.links), "\n".join(mine.links)),
    ]
    texts = [(label, word_diff(one, other)) for label, one, other in _plain(pairs) if one.strip() != other.strip()]
    others = [
        label
        for label, one, other in (
            (_("Channels"), {str(pk) for pk in theirs.channels}, {str(pk) for pk in mine.channels}),
            (_("Kind"), theirs.kind, mine.kind),
            (_("The answer about persons"), theirs.person_answer, mine.person_answer),
            (_("The persons linked"), list(theirs.persons), list(mine.persons)),
            (_("The authorizations relied on"), sorted(theirs.authorizations), sorted(mine.authorizations)),
        )
        if one != other
    ]
    message = " ".join(reason.message for reason in outcome.reasons)
    return Conflict(message, post.edit_no, texts, others)


def _plain(pairs: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Browsers send CRLF, the database keeps LF: that is no difference."""
    return [(label, one, other.replace("\r\n", "\n")) for label, one, other in pairs]


def _stored_form(request: HttpRequest, seen: Seen) -> ComposerForm:
    copy = seen.post.working_copy
    post = seen.post
    answered = copy.person_answer_explicit or copy.person_answer != PersonAnswer.NOBODY
    initial = {
        "post": post.pk,
        "edit_no": post.edit_no,
        "title": post.title,
        "kind": post.kind,
        "channels": [str(channel.pk) for channel in seen.channels],
        "channel_texts": copy.channel_texts,
        "text": copy.text,
        "first_comment": copy.first_comment,
        "links": "\n".join(copy.links),
        "person_answer": copy.person_answer if answered else "",
        "persons": linked_of(copy),
        "wall": post.proposed_wall,
        "zone": post.proposed_zone or organisation_of(request).zone,
        "second": _which(post),
        "notes": post.notes,
        "tags": ", ".join(post.tags),
        "emergency": post.emergency,
    }
    form = ComposerForm(writable=writable_channels(request), initial=initial)
    form.ask_which = bool(initial["second"])
    return form


def _which(post: Post) -> str:
    """Which of two equal wall times was chosen; empty when clocks showed it once."""
    if post.proposed_at is None:
        return ""
    found = slots.readings(datetime.fromisoformat(post.proposed_wall), slots.zone_of(post.proposed_zone))
    if len(found) < 2:
        return ""
    return "first" if post.proposed_at == found[0] else "second"


def _fields(content: Content) -> dict[str, str]:
    """The texts as they would be published, without storing anything."""
    unsaved = WorkingCopy(media=[])
    fill(unsaved, content)
    return canonical.checked_fields(canonical.as_form(unsaved, kind=content.kind, channels=content.channels))


def _first_error(form: BaseForm) -> str:
    return " ".join(str(error) for errors in form.errors.values() for error in errors)


def _page(
    request: HttpRequest,
    form: ComposerForm,
    seen: Seen | None,
    *,
    refusal: Outcome[Post] | None = None,
    conflict: Conflict | None = None,
    live: Live | None = None,
    status: int = 200,
) -> HttpResponse:
    organisation = organisation_of(request)
    with_records(form.persons, organisation.zone)
    post = seen.post if seen else None
    context: dict[str, Any] = {
        "form": form,
        "post": post,
        "new": new_id(request) or _begun(request) or uuid4(),
        "zones": zone_names(),
        "zone": organisation.zone,
        "live": live,
        "conflict": conflict,
        "reasons": reasons_for_page(refusal.reasons) if refusal and not conflict else [],
        "pulls_back": post is not None and post.state in PULL_BACK_STATES,
        "frozen": post is not None and post.state not in (*EDITABLE_STATES, *PULL_BACK_STATES),
        "autosaves": conflict is None and (post is None or post.state in EDITABLE_STATES),
    }
    if seen is not None:
        reader = reading(viewer(request))
        deliveries = list(seen.post.deliveries.all())
        context["line"] = line(seen.post, seen.channels, deliveries, reader, zone=organisation.zone, text=True)
    return render(request, "posts/compose.html", context, status=status)
