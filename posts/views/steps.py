"""The steps of a post as buttons send them: one POST, one action; a refusal draws the post again with its reasons."""

from collections.abc import Callable
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from healthsocial.audit.log import Refused
from healthsocial.org.models import User
from healthsocial.org.views.helpers import new_id, run, signed_in, viewer
from posts.actions import close
from posts.actions import hold as holding
from posts.actions import schedule as scheduling
from posts.actions import settle as settling
from posts.actions import takedown as removing
from posts.actions.copy import copy_post
from posts.actions.pull_back import pull_back as pull_back_action
from posts.actions.recheck import recheck as recheck_action
from posts.actions.submit import submit as submit_action
from posts.forms import ProofForm, ResolveForm, SlotForm, WordsForm
from posts.models import Delivery, Post
from posts.queries import Seen
from posts.views.access import access_delivery, access_text
from posts.views.detail import Again, detail_page

Action = Callable[[User], object]


def _step(request: HttpRequest, pk: UUID, act: Action, done: str, again: Again | None = None) -> HttpResponse:
    """Run one action of a post and go back to its page."""
    access_text(request, pk)

    def drawn(refusal: Exception) -> HttpResponse:
        kept = again or Again()
        kept.refusal = refusal  # type: ignore[assignment]
        return detail_page(request, access_text(request, pk), kept)

    here = reverse("posts:detail", args=[pk])
    return run(request, lambda: act(viewer(request)), to=here, done=done, again=drawn)


@require_POST
@signed_in
def submit(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _step(request, pk, lambda by: submit_action(pk, by=by), _("Sent. The checks come first, then a reviewer."))


@require_POST
@signed_in
def pull_back(request: HttpRequest, pk: UUID) -> HttpResponse:
    done = _("It is a draft again. Nothing of it will be sent.")
    return _step(request, pk, lambda by: pull_back_action(pk, by=by), done)


@require_POST
@signed_in
def discard(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _step(
        request, pk, lambda by: close.discard(pk, by=by), _("Discarded. You can still copy it to a new draft.")
    )


@require_POST
@signed_in
def archive(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _step(request, pk, lambda by: close.archive(pk, by=by), _("Closed. Its record stays."))


@require_POST
@signed_in
def copy(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _new_from(request, pk, correction=False)


@require_POST
@signed_in
def correct(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _new_from(request, pk, correction=True)


def _new_from(request: HttpRequest, pk: UUID, *, correction: bool) -> HttpResponse:
    seen = access_text(request, pk)

    def page_of(new: Post) -> str:
        return reverse("posts:edit", args=[new.pk])

    return run(
        request,
        lambda: _copy_once(request, seen.post, correction=correction),
        to=page_of,
        done=_("A new draft with the same words. The old post stays as it is."),
        again=lambda refusal: detail_page(request, access_text(request, pk), Again(refusal)),
    )


def _copy_once(request: HttpRequest, post: Post, *, correction: bool) -> Post:
    """A second press of the same button leads to the draft that the first one made."""
    new = new_id(request)
    try:
        return copy_post(post, by=viewer(request), correction=correction, new=new)
    except Refused as refusal:
        if new is None or refusal.reasons[0].code != "already_saved":
            raise
        return access_text(request, new).post


# --- time --------------------------------------------------------------------------------------------------------
@require_POST
@signed_in
def schedule(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _place(request, pk, scheduling.schedule)


@require_POST
@signed_in
def reslot(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _place(request, pk, scheduling.reslot)


def _place(request: HttpRequest, pk: UUID, place: Callable[..., Post]) -> HttpResponse:
    seen = access_text(request, pk)
    form = SlotForm(request.POST)
    if not form.is_valid():
        return detail_page(request, seen, Again(slot=form), status=422)
    now = bool(form.cleaned_data["now"])
    done = _("It goes out now.") if now else _("It has its time.")
    again = Again(slot=form)
    return _step(request, pk, lambda by: place(pk, by=by, slot=form.slot, publish_now=now), done, again)


@require_POST
@signed_in
def unschedule(request: HttpRequest, pk: UUID) -> HttpResponse:
    done = _("Taken off the schedule. The approval stands.")
    return _step(request, pk, lambda by: scheduling.unschedule(pk, by=by), done)


# --- stopping and going on ---------------------------------------------------------------------------------------
@require_POST
@signed_in
def hold(request: HttpRequest, pk: UUID) -> HttpResponse:
    def act(words: str) -> Action:
        return lambda by: holding.hold(pk, by=by, words=words)

    return _with_words(request, pk, "hold", act, _("On hold. Nothing of it will be sent."))


@require_POST
@signed_in
def release(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _step(request, pk, lambda by: holding.release(pk, by=by), _("Released. It is being checked again."))


@require_POST
@signed_in
def recheck(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _step(request, pk, lambda by: recheck_action(pk, by=by), _("It is being checked again."))


@require_POST
@signed_in
def retry(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _step(request, pk, lambda by: settling.retry(pk, by=by), _("The failed channels are tried again."))


@require_POST
@signed_in
def settle(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _step(request, pk, lambda by: settling.settle(pk, by=by), _("Settled as published."))


# --- taking down -------------------------------------------------------------------------------------------------
@require_POST
@signed_in
def request_takedown(request: HttpRequest, pk: UUID) -> HttpResponse:
    def act(words: str) -> Action:
        return lambda by: removing.request_takedown(pk, by=by, words=words)

    return _with_words(request, pk, "takedown", act, _("It is being taken down."))


@require_POST
@signed_in
def cancel_takedown(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _step(request, pk, lambda by: removing.cancel_takedown(pk, by=by), _("It stays published."))


@require_POST
@signed_in
def confirm_takedown(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _step(request, pk, lambda by: removing.confirm_takedown(pk, by=by), _("Confirmed: it is down everywhere."))


def _with_words(request: HttpRequest, pk: UUID, name: str, act: Callable[[str], Action], done: str) -> HttpResponse:
    """A step that needs a person's reason."""
    seen = access_text(request, pk)
    form = WordsForm(request.POST, prefix=name)
    again = Again(words={name: form})
    if not form.is_valid():
        return detail_page(request, seen, again, status=422)
    return _step(request, pk, act(form.cleaned_data["words"]), done, again)


# --- one channel -------------------------------------------------------------------------------------------------
@require_POST
@signed_in
def resolve_delivery(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A person looked: it arrived, or it did not."""
    delivery = access_delivery(request, pk)
    form = ResolveForm(request.POST, prefix=str(pk))

    def act(by: User) -> Delivery:
        data = form.cleaned_data
        arrived = data["arrived"] == "yes"
        return settling.resolve_unconfirmed(
            pk, by=by, arrived=arrived, proof=data["proof"], remote_url=data["remote_url"]
        )

    return _on_delivery(request, delivery, form, act, _("Noted what you saw."))


@require_POST
@signed_in
def prove_removal(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A person removed it by hand."""
    delivery = access_delivery(request, pk)
    form = ProofForm(request.POST, prefix=str(pk))

    def act(by: User) -> Delivery:
        return removing.prove_removal(pk, by=by, proof=form.cleaned_data["proof"])

    return _on_delivery(request, delivery, form, act, _("Noted as removed."))


def _on_delivery(request: HttpRequest, delivery: Delivery, form: ProofForm, act: Action, done: str) -> HttpResponse:
    again = Again(delivery={delivery.pk: form})
    if not form.is_valid():
        seen: Seen = access_text(request, delivery.post_id)
        return detail_page(request, seen, again, status=422)
    return _step(request, delivery.post_id, act, done, again)
