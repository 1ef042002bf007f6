"""The rules as they are: what is looked for, why, on what law, with examples. Read only."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from compliance.forms import RuleFilterForm
from compliance.packs import FLAGS, Pack, PackSet, Rule, default_packs
from healthsocial.org.views.helpers import needs
from healthsocial.searching import quiet_search


@dataclass(frozen=True)
class ShownPack:
    pack: Pack
    rules: list[Rule]


@require_http_methods(["GET", "HEAD", "POST"])
@needs("posts.see_titles", anywhere=True)
@quiet_search("flag", "severity", "status")
def packs(request: HttpRequest) -> HttpResponse:
    """For everybody with a role: who writes may know the rules."""
    active = default_packs()
    form = RuleFilterForm(request.GET, flags=sorted(FLAGS))
    form.is_valid()
    data = form.cleaned_data
    shown = matching(active, data.get("q", ""), data.get("flag", ""), data.get("severity", ""), data.get("status", ""))
    return render(
        request,
        "compliance/packs.html",
        {
            "form": form,
            "packs": shown,
            "digest": active.digest,
            "total": sum(len(row.rules) for row in shown),
            "filtered": any(data.values()),
        },
    )


def matching(active: PackSet, text: str, flag: str, severity: str, status: str) -> list[ShownPack]:
    """Packs with the rules that fit; a pack without any is left out."""
    words = text.casefold().split()
    found = [
        ShownPack(
            pack,
            [
                rule
                for rule in pack.rules
                if flag in ("", rule.flag)
                and severity in ("", rule.severity)
                and status in ("", rule.status)
                and all(word in _haystack(rule) for word in words)
            ],
        )
        for pack in active.packs
    ]
    return [row for row in found if row.rules]


def _haystack(rule: Rule) -> str:
    return " ".join(
        [rule.id, rule.flag, rule.message, rule.why, rule.source, rule.rewrite, *rule.flags, *rule.passes]
    ).casefold()
