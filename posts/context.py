"""What every page shows around its content: navigation, banners, organisation, version, the person's roles.

At most three queries for a signed-in person (grants, heartbeats, stops); none for anybody else.
"""

from dataclasses import dataclass

from django.conf import settings
from django.db.models import F
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from healthsocial import clock
from healthsocial.org.enums import Scope
from healthsocial.org.models import Grant, Organisation, User
from healthsocial.org.queries import silent_processes
from healthsocial.org.roles import Role, roles_for
from posts.enums import StopScope
from posts.models import CrisisStop


@dataclass(frozen=True)
class Place:
    """An entry of the main navigation. `permission` empty: for everybody; `everywhere`: a grant for everything is needed."""

    url_name: str
    label: str | Promise
    icon: str
    permission: str = ""
    everywhere: bool = False


PLACES = (
    Place("posts:home", gettext_lazy("Home"), "house"),
    Place("posts:list", gettext_lazy("Posts"), "file-text", "posts.see_titles"),
    Place("posts:queue", gettext_lazy("Review"), "list-checks", "posts.review"),
    Place("posts:calendar", gettext_lazy("Calendar"), "calendar", "posts.see_titles"),
    Place("posts:stops", gettext_lazy("Crisis stop"), "octagon-pause", "posts.crisis_stop"),
    Place("compliance:register", gettext_lazy("Authorizations"), "file-check", "authorizations.see"),
    Place("compliance:packs", gettext_lazy("Rules"), "scale", "posts.see_titles"),
    Place("org:channels", gettext_lazy("Channels"), "megaphone", "posts.see_titles"),
    Place("org:people", gettext_lazy("People"), "users", "org.see_people", everywhere=True),
    Place("audit:list", gettext_lazy("Audit"), "scroll-text", "audit.see", everywhere=True),
    Place("org:settings", gettext_lazy("Settings"), "settings", "org.settings", everywhere=True),
)


def page(request: HttpRequest) -> dict[str, object]:
    """The context processor behind base.html and base_plain.html."""
    organisation = getattr(request, "organisation", None)
    found: dict[str, object] = {"organisation": organisation, "version": settings.VERSION}
    found["mail_configured"] = settings.MAIL_CONFIGURED
    user = getattr(request, "user", None)
    if not isinstance(user, User) or not isinstance(organisation, Organisation):
        return found
    grants = Grant.objects.in_force(clock.now()).filter(user_id=user.pk) if user.is_active else Grant.objects.none()
    held = set(grants.values_list("role", "scope"))
    found["user_roles"] = [role.label for role in Role if any(role.value == name for name, _scope in held)]
    found["nav"] = _nav(request.path, held)
    may_see_stops = any(_open(place, held) for place in PLACES if place.url_name == "posts:stops")
    found["banners"] = _banners(organisation, may_see_stops)
    return found


def _open(place: Place, held: set[tuple[str, str]]) -> bool:
    if not place.permission:
        return True
    roles = roles_for(place.permission)
    return any(role in roles and (scope == Scope.EVERYTHING or not place.everywhere) for role, scope in held)


def _nav(path: str, held: set[tuple[str, str]]) -> list[dict[str, object]]:
    entries: list[dict[str, object]] = []
    for place in PLACES:
        if not _open(place, held):
            continue
        try:
            url = reverse(place.url_name)
        except NoReverseMatch:
            continue
        active = path == url if url == "/" else path.startswith(url)
        entries.append({"label": place.label, "url": url, "icon": place.icon, "active": active})
    return entries


def _banners(organisation: Organisation, may_see_stops: bool) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    if organisation.publishing_stopped_at is not None:
        found.append(
            {
                "level": "danger",
                "title": _("Publishing is stopped until a person says go."),
                "text": _(
                    "A backup was restored, or the audit record lost its end. An administrator says go, under Settings."
                ),
            }
        )
    found += [_stop_banner(stop, may_see_stops) for stop in _stops()]
    silent = silent_processes()
    if silent:
        names = {"worker": _("the worker"), "dispatch": _("the dispatcher")}
        found.append(
            {
                "level": "warning",
                "title": _("Not running: %(names)s.") % {"names": ", ".join(names[name] for name in silent)},
                "text": _("Checks and posts may be late. Nothing is lost; an administrator starts it again."),
            }
        )
    if organisation.created_as_demo:
        found.append(
            {
                "level": "info",
                "title": _("This is a demo database."),
                "text": _("Everything in it is invented, and its clock can be moved."),
            }
        )
    return found


def _stops() -> list[dict[str, object]]:
    rows = CrisisStop.objects.filter(released_at__isnull=True).order_by("-started_at")
    names = {"group_name": F("group__name"), "channel_name": F("channel__name")}
    return [dict(row) for row in rows.values("scope", "emergency_goes_on", "reason", **names)[:5]]


def _stop_banner(stop: dict[str, object], may_see_stops: bool) -> dict[str, object]:
    where = {
        StopScope.ORGANISATION: _("the whole organisation"),
        StopScope.GROUP: stop["group_name"],
        StopScope.CHANNEL: stop["channel_name"],
    }[StopScope(str(stop["scope"]))]
    rule = _("Emergency posts go on.") if stop["emergency_goes_on"] else _("Nothing is published there.")
    text = _("Reason: “%(reason)s” %(rule)s") % {"reason": stop["reason"], "rule": rule}
    banner: dict[str, object] = {
        "level": "danger",
        "title": _("Crisis stop: %(where)s.") % {"where": where},
        "text": text,
    }
    if may_see_stops:
        banner |= {"url": reverse("posts:stops"), "url_label": _("Show the stops")}
    return banner
