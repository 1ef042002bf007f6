"""What a post was: its versions, the difference between any two, its history; and redaction."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from healthsocial.audit.queries import Filters
from healthsocial.audit.queries import page as event_page
from healthsocial.org.views.helpers import run, signed_in, viewer
from posts import reviewing
from posts.actions.redact import redact_version
from posts.forms import WordsForm
from posts.models import Post, PostVersion
from posts.queries import Seen
from posts.views.access import access_post, access_text, viewer_once
from posts.views.detail import page_context
from posts.words import code_words


@require_safe
@signed_in
def versions(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _versions_page(request, access_text(request, pk))


def _versions_page(
    request: HttpRequest, seen: Seen, failed: UUID | None = None, form: WordsForm | None = None, status: int = 200
) -> HttpResponse:
    post = seen.post
    rows = list(post.versions.select_related("created_by").order_by("-number"))
    approvals: dict[UUID, list[Any]] = {}
    for approval in post.approvals.order_by("at"):
        approvals.setdefault(approval.version_id, []).append(approval)
    may_redact = _may_redact(request, seen)
    context = page_context(request, seen, "versions") | {
        "versions": [
            {
                "row": row,
                "approvals": approvals.get(row.pk, []),
                "current": row.pk == post.current_version_id,
                "redact": (form if failed == row.pk else WordsForm(prefix=str(row.pk)))
                if may_redact and row.redacted_at is None and row.pk not in approvals
                else None,
                "failed": failed == row.pk,
            }
            for row in rows
        ],
        "numbers": [row.number for row in rows if row.redacted_at is None],
        "pair": _pair(post, rows, {}),
    }
    return render(request, "posts/versions.html", context, status=status)


@require_safe
@signed_in
def diff(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Two versions word by word. Without a choice: the last approved one, or the one before, against the newest."""
    seen = access_text(request, pk)
    rows = list(seen.post.versions.order_by("-number"))
    old, new = _pair(seen.post, rows, request.GET.dict())
    context = page_context(request, seen, "versions") | {
        "numbers": [row.number for row in rows if row.redacted_at is None],
        "pair": (old, new),
    }
    if old and new and old.pk != new.pk:
        texts, others = reviewing.changes(old, new, seen.channels)
        context |= {"texts": texts, "others": others}
    return render(request, "posts/diff.html", context)


def _pair(post: Post, rows: list[PostVersion], wanted: dict[str, str]) -> tuple[PostVersion | None, PostVersion | None]:
    """The two versions to compare, older first; redacted ones have no words to compare."""
    readable = {row.number: row for row in rows if row.redacted_at is None}
    if not readable:
        return None, None
    new = readable.get(_number(wanted.get("to", ""))) or readable[max(readable)]
    chosen = readable.get(_number(wanted.get("from", "")))
    if chosen is None:
        approved = set(post.approvals.values_list("version_id", flat=True))
        earlier = [row for number, row in sorted(readable.items(), reverse=True) if number < new.number]
        chosen = next((row for row in earlier if row.pk in approved), earlier[0] if earlier else None)
    if chosen is not None and chosen.number > new.number:
        chosen, new = new, chosen
    return chosen, new


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 9 else 0


@require_safe
@signed_in
def history(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What happened to the post, newest first, in plain words and without a word of its text."""
    seen = access_post(request, pk)
    before, after = (_number(request.GET.get(name, "")) or None for name in ("before", "after"))
    found = event_page(Filters(target_type="post", target_id=str(pk)), before=before, after=after)
    here = reverse("posts:history", args=[pk])
    context = page_context(request, seen, "history") | {
        "lines": [
            {"line": item, "detail": _why(item.data), "tone": "danger" if item.refused else ""} for item in found.lines
        ],
        "newer_url": f"{here}?after={found.newer}" if found.newer else "",
        "older_url": f"{here}?before={found.older}" if found.older else "",
    }
    return render(request, "posts/history.html", context)


def _why(data: list[tuple[str, str]]) -> str:
    """The reason code of an event in words; ids say nothing to people."""
    known = dict(data)
    refused = " ".join(code_words(code) for code in known.get("reasons", "").split(", "))
    return code_words(known.get("why", "")) or code_words(known.get("code", "")) or refused


@require_POST
@signed_in
def redact(request: HttpRequest, pk: UUID, version: UUID) -> HttpResponse:
    """The privacy officer empties a version that was never approved."""
    seen = access_text(request, pk)
    if not seen.post.versions.filter(pk=version).exists():
        raise Http404
    form = WordsForm(request.POST, prefix=str(version))
    if not form.is_valid():
        return _versions_page(request, seen, version, form, status=422)
    return run(
        request,
        lambda: redact_version(version, by=viewer(request), words=form.cleaned_data["words"]),
        to=reverse("posts:versions", args=[pk]),
        done=_("The words of this version are gone. Its fingerprint and this act stay on record."),
    )


def _may_redact(request: HttpRequest, seen: Seen) -> bool:
    reader = viewer_once(request)
    if seen.channels:
        return reader.has_perm("posts.redact", seen.channels)
    return reader.has_perm("posts.redact")
