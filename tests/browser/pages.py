"""Every page, by the name of its address: who opens it, where, and what is done there first.

The list is compared with the URL resolver, so that a new address without an entry here fails loudly.
Used by the accessibility tests and by `make screenshots`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver, reverse
from playwright.sync_api import Page

from tests.browser import doing
from tests.browser.world import World


@dataclass(frozen=True)
class Look:
    """One page to look at. `who` is a role of the world ("" is nobody signed in); `act` leads to a state of the page."""

    name: str
    who: str
    path: Callable[[World], str]
    act: Callable[[Page, World], None] | None = None
    status: int = 200  # of the address; what `act` sends may answer otherwise


def plain(name: str, *arguments: str) -> Callable[[World], str]:
    return lambda world: reverse(name, args=arguments)


def of(name: str, find: Callable[[World], object]) -> Callable[[World], str]:
    return lambda world: reverse(name, args=[str(find(world))])


def post(name: str, state: str, **having: object) -> Callable[[World], str]:
    return of(name, lambda world: world.post(state, **having))


STATES = [
    "draft",
    "checking",
    "changes_requested",
    "in_review",
    "rejected",
    "approved",
    "scheduled",
    "publishing",
    "published",
    "incomplete",
    "missed",
    "held",
    "takedown_requested",
    "withdrawn",
    "archived",
]
# Who sees most on the page of a post in this state.
READER = {"draft": "author", "changes_requested": "author"}

ACCOUNT: dict[str, tuple[Look, ...]] = {
    "account_login": (
        Look("sign-in", "", plain("account_login")),
        Look("sign-in-refused", "", plain("account_login"), doing.sign_in_wrongly),
    ),
    "account_logout": (Look("sign-out", "author", plain("account_logout")),),
    "account_inactive": (Look("account-inactive", "", plain("account_inactive")),),
    "account_signup": (Look("sign-up-closed", "", plain("account_signup")),),
    "account_reauthenticate": (Look("confirm-it-is-you", "author", plain("account_reauthenticate")),),
    "account_change_password": (
        Look("change-password", "author", plain("account_change_password")),
        Look("change-password-refused", "author", plain("account_change_password"), doing.change_password_wrongly),
    ),
    "account_reset_password": (Look("forgot-password", "", plain("account_reset_password")),),
    "account_reset_password_done": (Look("look-in-your-mail", "", plain("account_reset_password_done")),),
    "account_reset_password_from_key": (
        Look("password-link-dead", "", plain("account_reset_password_from_key", "1", "set-password")),
    ),
    "account_reset_password_from_key_done": (
        Look("password-saved", "", plain("account_reset_password_from_key_done")),
    ),
}

ORGANISATION: dict[str, tuple[Look, ...]] = {
    "org:people": (
        Look("people", "admin", plain("org:people")),
        Look("people-nobody", "admin", plain("org:people"), doing.search_for_nothing),
        Look("not-for-your-role", "author", plain("org:people"), status=403),
    ),
    "org:invite": (
        Look("invite", "admin", plain("org:invite")),
        Look("invite-refused", "admin", plain("org:invite"), doing.send_empty),
    ),
    "org:person": (
        Look("person", "admin", of("org:person", lambda world: world.person("officer"))),
        Look("person-oneself", "admin", of("org:person", lambda world: world.person("admin"))),
        Look("person-for-auditor", "auditor", of("org:person", lambda world: world.person("author"))),
        Look("person-link", "admin", of("org:person", lambda world: world.person("author")), doing.make_a_link),
    ),
    "org:link": (Look("link-dead", "", plain("org:link", "no-such-link"), status=404),),
    "org:link_open": (Look("choose-password", "", lambda world: reverse("org:link", args=[world.link()])),),
    "org:channels": (
        Look("channels", "admin", plain("org:channels")),
        Look("channels-for-author", "author", plain("org:channels")),
    ),
    "org:channel_create": (
        Look("channel-new", "admin", plain("org:channel_create")),
        Look("channel-new-refused", "admin", plain("org:channel_create"), doing.send_empty),
    ),
    "org:channel": (
        Look("channel", "admin", of("org:channel", lambda world: world.channel())),
        Look("channel-for-author", "author", of("org:channel", lambda world: world.channel())),
    ),
    "org:group_create": (Look("group-new", "admin", plain("org:group_create")),),
    "org:group_edit": (Look("group", "admin", of("org:group_edit", lambda world: world.group())),),
    "org:settings": (
        Look("settings", "admin", plain("org:settings")),
        Look("settings-refused", "admin", plain("org:settings"), doing.settings_wrongly),
    ),
    "org:record": (Look("record", "auditor", plain("org:record")),),
    "org:me": (Look("me", "author", plain("org:me")), Look("me-no-role", "stranger", plain("org:me"))),
    "audit:list": (
        Look("audit", "auditor", plain("audit:list")),
        Look("audit-nothing", "auditor", lambda world: reverse("audit:list") + "?kind=person&target=none"),
    ),
    "audit:event": (Look("audit-event", "auditor", of("audit:event", lambda world: world.event())),),
}

COMPLIANCE: dict[str, tuple[Look, ...]] = {
    "compliance:register": (
        Look("authorizations", "privacy", plain("compliance:register")),
        Look("authorizations-for-officer", "officer", plain("compliance:register")),
    ),
    "compliance:subject_add": (
        Look("person-add", "privacy", plain("compliance:subject_add")),
        Look("person-added", "privacy", plain("compliance:subject_add"), doing.add_a_person),
    ),
    "compliance:authorization_add": (
        Look("authorization-add", "privacy", plain("compliance:authorization_add")),
        Look("authorization-add-refused", "privacy", plain("compliance:authorization_add"), doing.send_empty),
    ),
    "compliance:authorization": (
        Look("authorization", "privacy", of("compliance:authorization", lambda world: world.authorization())),
        Look(
            "authorization-revoked", "privacy", of("compliance:authorization", lambda world: world.authorization(True))
        ),
        Look(
            "authorization-revoke-refused",
            "privacy",
            of("compliance:authorization", lambda world: world.authorization()),
            doing.revoke_wrongly,
        ),
    ),
    "compliance:packs": (
        Look("rules", "author", plain("compliance:packs")),
        Look("rules-nothing", "author", plain("compliance:packs"), doing.search_for_nothing),
    ),
}

POSTS: dict[str, tuple[Look, ...]] = {
    "posts:home": tuple(
        Look(f"home-{who}", who, plain("posts:home"))
        for who in ("author", "officer", "scheduler", "privacy", "admin", "auditor", "stranger")
    ),
    "posts:list": (
        Look("posts", "author", plain("posts:list")),
        Look("posts-for-admin", "admin", plain("posts:list")),
        Look("posts-nothing", "author", plain("posts:list"), doing.search_for_nothing),
    ),
    "posts:create": (
        Look("compose", "author", plain("posts:create")),
        Look("compose-refused", "author", plain("posts:create"), doing.send_too_early),
        Look("compose-checked", "author", plain("posts:create"), doing.check_a_claim),
    ),
    "posts:edit": (
        Look("edit-draft", "author", post("posts:edit", "draft")),
        Look("edit-pulls-back", "author", post("posts:edit", "in_review")),
        Look("edit-frozen", "author", post("posts:edit", "published")),
        Look("edit-with-persons", "author", post("posts:edit", "in_review", persons=True)),
        Look("edit-conflict", "author", post("posts:edit", "draft"), doing.save_an_old_text),
    ),
    "posts:detail": (
        *(Look(f"post-{state}", READER.get(state, "officer"), post("posts:detail", state)) for state in STATES),
        Look("post-scheduled-for-author", "author", post("posts:detail", "scheduled")),
        Look("post-scheduled-for-scheduler", "scheduler", post("posts:detail", "scheduled")),
        Look("post-title-only", "admin", post("posts:detail", "scheduled")),
        Look("post-with-persons", "officer", post("posts:detail", "held", persons=True)),
        Look("post-refused", "scheduler", post("posts:detail", "scheduled"), doing.schedule_in_the_past),
        Look("post-not-found", "author", plain("posts:detail", "00000000-0000-4000-8000-000000000000"), status=404),
    ),
    "posts:history": (Look("post-history", "officer", post("posts:history", "published")),),
    "posts:versions": (
        Look("post-versions", "officer", post("posts:versions", "published")),
        Look("post-versions-none", "author", post("posts:versions", "draft", sent=False)),
        Look("post-versions-redact", "privacy", post("posts:versions", "in_review")),
    ),
    "posts:diff": (
        Look("post-diff", "officer", lambda world: reverse("posts:diff", args=[world.two_versions()])),
        Look("post-diff-nothing", "officer", post("posts:diff", "published", versions=1)),
    ),
}

OFFICERS: dict[str, tuple[Look, ...]] = {
    "posts:queue": (
        Look("review", "officer", plain("posts:queue")),
        Look("review-nothing", "officer", lambda world: reverse("posts:queue") + "?risk=low&due=overdue"),
    ),
    "posts:review": (
        Look("review-post", "officer", post("posts:review", "in_review", findings=False)),
        Look("review-findings", "officer", post("posts:review", "in_review", findings=True)),
        Look("review-changed", "officer", of("posts:review", lambda world: world.two_versions())),
        Look("review-persons", "officer", post("posts:review", "in_review", persons=True)),
        Look("review-own-work", "officer_author", post("posts:review", "in_review", by="officer_author")),
        Look("review-decided", "officer", post("posts:review", "approved")),
        Look("review-wrong-password", "officer", post("posts:review", "in_review", findings=False), doing.sign_wrongly),
        Look("review-changes-refused", "officer", post("posts:review", "in_review", findings=False), doing.ask_nothing),
        Look(
            "review-answer-refused", "officer", post("posts:review", "in_review", findings=True), doing.answer_nothing
        ),
    ),
    "posts:calendar": (
        Look("calendar", "scheduler", plain("posts:calendar")),
        Look("calendar-empty", "author", lambda world: reverse("posts:calendar") + "?week=2031-01-06"),
    ),
    "posts:stops": (Look("stops", "officer", plain("posts:stops")),),
    "posts:public_channel": (
        Look("public", "", lambda world: reverse("posts:public_channel", args=[world.slug()])),
        Look("public-empty", "", lambda world: reverse("posts:public_channel", args=[world.slug(empty=True)])),
    ),
}

# Variants of other looks: seen by `make screenshots` and in the long form of the tests.
MORE = frozenset(
    [
        "people-nobody",
        "person-oneself",
        "person-for-auditor",
        "channels-for-author",
        "channel-for-author",
        "me-no-role",
        "audit-nothing",
        "group",
        "authorizations-for-officer",
        "person-added",
        "rules-nothing",
        "authorization-revoked",
        "home-scheduler",
        "home-privacy",
        "home-auditor",
        "home-stranger",
        "posts-for-admin",
        "posts-nothing",
        "edit-frozen",
        "edit-draft",
        "post-draft",
        "post-checking",
        "post-rejected",
        "post-approved",
        "post-publishing",
        "post-published",
        "post-missed",
        "post-held",
        "post-withdrawn",
        "post-archived",
        "post-scheduled-for-author",
        "post-scheduled-for-scheduler",
        "post-versions-none",
        "post-diff-nothing",
        "review-nothing",
        "review-decided",
        "review-post",
        "calendar-empty",
        "change-password",
        "channel-new",
        "authorization-add",
        "invite",
        "settings",
    ]
)
# Looked at by the tests only.
EMPTY = (
    Look("home-author-empty", "author", plain("posts:home")),
    Look("home-admin-empty", "admin", plain("posts:home")),
    Look("posts-empty", "author", plain("posts:list")),
    Look("review-empty", "officer", plain("posts:queue")),
    Look("authorizations-empty", "privacy", plain("compliance:register")),
    Look("stops-empty", "officer", plain("posts:stops")),
    Look("public-empty", "", plain("posts:public_channel", "harbor-news")),
)
TROUBLED = (
    Look("home-troubled", "officer", plain("posts:home")),
    Look("stops-troubled", "officer", plain("posts:stops")),
    Look("settings-troubled", "admin", plain("org:settings")),
    Look("channels-troubled", "admin", plain("org:channels")),
    Look("sign-in-troubled", "", plain("account_login")),
)
BROKEN = (
    Look("broken", "author", lambda world: "/broken/", status=500),
    Look("not-found", "", lambda world: "/nowhere/", status=404),
    Look("not-for-you", "author", plain("org:settings"), status=403),
    Look("sent-from-elsewhere", "author", plain("posts:create"), doing.send_without_token),
    Look("too-much-at-once", "author", lambda world: "/too-much/", status=413),
)

PAGES = {**ACCOUNT, **ORGANISATION, **COMPLIANCE, **POSTS, **OFFICERS}
SENT = "is only ever sent (POST); its refusals are drawn on the page that it belongs to"
PART = "a part of a page, looked at within that page"
DATA = "no page: data for a machine"
NOT_PAGES = {
    "healthz": DATA,
    "posts:public_feed": DATA,
    "org:checkpoint_download": DATA,
    "posts:status": PART,
    "posts:slot_button": PART,
    "posts:relying": PART,
    **dict.fromkeys(
        [
            *(
                f"org:{name}"
                for name in ["person_rename", "grant", "deactivate", "reactivate", "reset_link", "reissue_link"]
            ),
            *(
                f"org:{name}"
                for name in ["grant_end", "channel_rename", "channel_change", "demo_clock", "publishing_resume"]
            ),
            "org:record_export",
            "org:checkpoint_mail",
            *("compliance:revoke", "posts:autosave", "posts:check_now", "posts:answer", "posts:redact"),
            *(
                f"posts:{name}"
                for name in ["submit", "pull_back", "discard", "copy", "correct", "schedule", "reslot", "unschedule"]
            ),
            *(
                f"posts:{name}"
                for name in ["hold", "release", "recheck", "retry", "settle", "request_takedown", "cancel_takedown"]
            ),
            *(f"posts:{name}" for name in ["confirm_takedown", "archive", "resolve_delivery", "prove_removal"]),
            *(
                f"posts:{name}"
                for name in ["officer_answer", "approve", "request_changes", "reject", "crisis_stop_start"]
            ),
            *(f"posts:{name}" for name in ["crisis_stop_release", "channel_disable", "channel_enable"]),
        ],
        SENT,
    ),
}


def addresses(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[str]:
    """The names of all addresses; one without a name counts as its pattern, so that it is noticed."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from addresses(entry, f"{prefix}{entry.namespace}:" if entry.namespace else prefix)
        elif isinstance(entry, URLPattern):
            yield f"{prefix}{entry.name}" if entry.name else str(entry.pattern)


def unlisted() -> set[str]:
    """Addresses that nobody looks at, and entries whose address is gone."""
    return set(addresses()) ^ {*PAGES, *NOT_PAGES}
