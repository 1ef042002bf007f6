"""What every address answers to whom. A new address needs a row here: see `test_addresses.py`.

A row names the object of the address (`own`), the same object on the other site (`far`, where there is one), what a
valid form sends (`data`; None: the address only reads), and the status for each of `site.PEOPLE`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from compliance.queries import newest_complete_run
from tests.conftest import PASSWORD
from tests.hostile.site import Site

Args = Callable[[Site], list[Any]]
Data = Callable[[Site], dict[str, Any]]
WHY = "A family asked us to wait."
PROOF = "I looked at the page at nine."


@dataclass(frozen=True)
class Row:
    """`expect`: statuses for nobody, alice, sam, rita, priya, adam, olga, in that order. `public`: no sign-in asked."""

    expect: str
    own: Args = lambda site: []
    far: Args | None = None
    data: Data | None = None
    also_read: str = ""  # a page that reads and writes: its statuses for GET
    public: bool = False


def post(state: str) -> Args:
    return lambda site: [site.posts[state].pk]


def far(site: Site) -> list[Any]:
    return [site.far.pk]


def step(state: str, expect: str, data: Data = lambda site: {}) -> Row:
    """A step of a post."""
    return Row(expect, post(state), far, data)


def page(expect: str, own: Args = lambda site: [], far: Args | None = None) -> Row:
    return Row(expect, own, far)


def slot(site: Site) -> dict[str, Any]:
    return {"wall": "2027-03-04T09:00", "zone": "America/New_York", "now": "1"}


def words(prefix: str) -> Data:
    return lambda site: {f"{prefix}-words": WHY}


def decision(state: str, **more: str) -> Data:
    def sent(site: Site) -> dict[str, Any]:
        version = site.posts[state].current_version_id
        assert version is not None
        check = newest_complete_run(version)
        assert check is not None
        return {"version": str(version), "check": str(check.pk), **more}

    return sent


def composed(site: Site) -> dict[str, Any]:
    return {"title": "Parking", "kind": "original", "channels": [str(site.cast.harbor.pk)], "text": "Parking is free."}


def edited(site: Site) -> dict[str, Any]:
    draft = site.posts["draft"]
    return {**composed(site), "post": str(draft.pk), "edit_no": str(draft.edit_no)}


def authorization(site: Site) -> dict[str, Any]:
    return {
        "token": site.subject.token,
        "kind": "hipaa",
        "information": ["name"],
        "purposes": ["social"],
        "all_channels": "on",
        "signed_on": "2026-01-02",
        "valid_from": "2026-01-02",
        "zone": "America/New_York",
    }


def new_password(site: Site) -> dict[str, Any]:
    return {"oldpassword": PASSWORD, "password1": PASSWORD + " 2", "password2": PASSWORD + " 2"}


def sample(site: Site) -> list[Any]:
    return [site.cast.sam.pk]


def harbor(site: Site) -> list[Any]:
    return [site.cast.harbor.pk]


def west(site: Site) -> list[Any]:
    return [site.far_channel.pk]


#        nobody alice sam rita priya adam olga
OPEN = "200 200 200 200 200 200 200"
SIGNED_IN = "302 302 302 302 302 302 302"
ADMIN = "403 403 403 403 403 200 403"
ADMIN_ACTS = "403 403 403 403 403 303 403"
ADMIN_READS = "403 403 403 403 403 200 200"
PERSON_ACTS = "404 404 404 404 404 303 403"  # the auditor may see people, and change none
PERSON_LINK = "404 404 404 404 404 200 403"
CHANNEL_ACTS = "404 403 403 403 403 303 403"
ANY_ROLE = "403 200 200 200 200 200 200"
REGISTER = "403 403 403 200 200 403 200"
PRIVACY = "403 403 403 403 200 403 403"
PRIVACY_ACTS = "403 403 403 403 303 403 403"
READERS = "404 200 200 200 200 200 200"  # an administrator sees titles and states ...
TEXT = "404 200 200 200 200 404 200"  # ... and no words
AUTHOR_ACTS = "404 303 403 403 403 404 403"
TIME_ACTS = "404 403 303 303 403 404 403"
OFFICER_ACTS = "404 403 403 303 403 404 403"
OFFICERS_ACT = "404 403 403 303 303 404 403"
REVIEW = "403 403 403 200 403 403 403"
REVIEW_ACTS = "403 403 403 303 403 403 403"
STOP_ACTS = "403 403 403 303 403 303 403"
GONE = "404 404 404 404 404 404 404"

ADDRESSES: dict[str, Row] = {
    # --- signing in: the package's own pages
    "account_login": Row(SIGNED_IN, data=lambda s: {}, also_read=SIGNED_IN, public=True),
    "account_logout": Row(SIGNED_IN, data=lambda s: {}, also_read=OPEN, public=True),
    "account_inactive": Row(OPEN, public=True),
    "account_signup": Row(SIGNED_IN, public=True),
    "account_reauthenticate": Row(SIGNED_IN, data=lambda s: {"password": PASSWORD}, also_read=OPEN),
    "account_change_password": Row(SIGNED_IN, data=new_password, also_read=OPEN),
    "account_reset_password": Row(SIGNED_IN, data=lambda s: {"email": "sam@example.org"}, also_read=OPEN, public=True),
    "account_reset_password_done": Row(OPEN, public=True),
    "account_reset_password_from_key": Row(OPEN, lambda s: ["x", "y-z"], public=True),
    "account_reset_password_from_key_done": Row(OPEN, public=True),
    "healthz": Row(OPEN, public=True),
    # --- audit
    "audit:list": page(ADMIN_READS),
    "audit:event": page(ADMIN_READS, lambda site: [1]),
    "org:record": page(ADMIN_READS),
    "org:checkpoint_download": page("403 403 403 403 403 404 404"),  # there is none yet
    "org:checkpoint_mail": Row(ADMIN_ACTS, data=lambda s: {"address": "auditor@example.org"}),
    "org:record_export": Row("403 403 403 403 403 422 422", data=lambda s: {"reason": ""}),  # whoever may must say why
    # --- people
    "org:people": page(ADMIN_READS),
    "org:invite": Row(ADMIN, data=lambda s: {"name": "New Comer", "email": "new@example.org"}, also_read=ADMIN),
    "org:person": page("404 404 404 404 404 200 200", sample),
    "org:person_rename": Row(PERSON_ACTS, sample, data=lambda s: {"name": "Sam Other"}),
    "org:grant": Row(PERSON_ACTS, sample, data=lambda s: {"role": "author", "where": "everything"}),
    "org:deactivate": Row(PERSON_ACTS, sample, data=lambda s: {}),
    "org:reactivate": Row(PERSON_LINK, lambda s: [s.leaver.pk], data=lambda s: {}),
    "org:reset_link": Row(PERSON_LINK, sample, data=lambda s: {}),
    "org:reissue_link": Row(PERSON_LINK, lambda s: [s.invited.pk], data=lambda s: {}),
    "org:grant_end": Row(PERSON_ACTS, lambda s: [s.grant.pk], data=lambda s: {}),
    "org:link_open": Row(GONE, data=lambda s: {"password": PASSWORD, "again": PASSWORD}, also_read=GONE, public=True),
    "org:link": Row(GONE, lambda s: ["no-such-token"], public=True),
    "org:me": page(OPEN),
    "org:settings": Row(
        ADMIN_ACTS,
        data=lambda s: {
            "name": "Harbor",
            "zone": "UTC",
            "max_lateness_minutes": "60",
            "approved_window_days": "7",
        },
        also_read=ADMIN,
    ),
    "org:demo_clock": Row("403 403 403 403 403 409 403", data=lambda s: {"days": "1"}),
    "org:publishing_resume": Row(ADMIN_ACTS, data=lambda s: {}),
    # --- channels
    "org:channels": page(ANY_ROLE),
    "org:channel_create": Row(
        ADMIN_ACTS,
        data=lambda s: {
            "group": str(s.cast.harbor.group_id),
            "name": "Blog",
            "network": "local",
            "character_limit": "500",
        },
        also_read=ADMIN,
    ),
    "org:channel": page(READERS, harbor, west),
    "org:channel_rename": Row(CHANNEL_ACTS, harbor, west, lambda s: {"name": "Harbor"}),
    "org:channel_change": Row(CHANNEL_ACTS, harbor, west, lambda s: {"character_limit": "500"}),
    "org:group_create": Row(ADMIN_ACTS, data=lambda s: {"name": "Rehab", "kind": "unit"}, also_read=ADMIN),
    "org:group_edit": Row(
        "404 404 404 404 404 303 404",
        lambda s: [s.cast.harbor.group_id],
        data=lambda s: {"name": "M", "kind": "site"},
        also_read="404 404 404 404 404 200 404",
    ),
    "posts:channel_disable": Row(CHANNEL_ACTS, harbor, west, lambda s: {}),
    "posts:channel_enable": Row(CHANNEL_ACTS, lambda s: [s.off.pk], west, lambda s: {}),
    # --- the register and the rules
    "compliance:register": Row(REGISTER, data=lambda s: {"token": s.subject.token}, also_read=REGISTER),
    "compliance:subject_add": Row(
        PRIVACY_ACTS, data=lambda s: {"kind": "patient", "name": "Pat Doe"}, also_read=PRIVACY
    ),
    "compliance:authorization_add": Row(PRIVACY_ACTS, data=authorization, also_read=PRIVACY),
    "compliance:authorization": page(REGISTER, lambda s: [s.record.pk]),
    "compliance:revoke": Row(PRIVACY_ACTS, lambda s: [s.record.pk], data=lambda s: {"words": WHY}),
    "compliance:packs": page(ANY_ROLE),
    "posts:relying": page(REGISTER, lambda s: [s.record.pk]),
    # --- posts
    "posts:home": page(OPEN),
    "posts:list": page(OPEN),
    "posts:create": Row("403 303 403 403 403 403 403", data=composed, also_read="403 200 403 403 403 403 403"),
    "posts:autosave": Row("403 200 403 403 403 403 403", data=edited),
    "posts:check_now": Row("403 200 403 403 403 403 403", data=edited),
    "posts:detail": page(READERS, post("flagged"), far),
    "posts:edit": Row(AUTHOR_ACTS, post("draft"), far, edited, also_read="404 200 403 403 403 404 403"),
    "posts:status": page("404 204 204 204 204 204 204", post("in_review"), far),
    "posts:history": page(READERS, post("in_review"), far),
    "posts:versions": page(TEXT, post("edited"), far),
    "posts:diff": page(TEXT, post("edited"), far),
    "posts:answer": Row(
        AUTHOR_ACTS,
        lambda s: [s.posts["flagged"].pk, s.finding.pk],
        lambda s: [s.far.pk, s.far_finding.pk],
        lambda s: {f"{s.finding.pk}-kind": "false_alarm", f"{s.finding.pk}-words": WHY},
    ),
    "posts:redact": Row(
        "404 403 403 403 303 404 403",
        lambda s: [s.posts["edited"].pk, s.old_version.pk],
        lambda s: [s.far.pk, s.far_version.pk],
        lambda s: {f"{s.old_version.pk}-words": WHY},
    ),
    "posts:submit": step("draft", AUTHOR_ACTS),
    "posts:pull_back": step("in_review", "404 303 403 303 403 404 403"),
    "posts:discard": step("draft", AUTHOR_ACTS),
    "posts:copy": step("in_review", AUTHOR_ACTS),
    "posts:correct": step("published", AUTHOR_ACTS),
    "posts:schedule": step("approved", TIME_ACTS, slot),
    "posts:reslot": step("scheduled", TIME_ACTS, slot),
    "posts:unschedule": step("scheduled", TIME_ACTS),
    "posts:hold": step("approved", OFFICERS_ACT, words("hold")),
    "posts:release": step("held", OFFICER_ACTS),
    "posts:recheck": step("in_review", OFFICER_ACTS),
    "posts:retry": step("incomplete", OFFICER_ACTS),
    "posts:settle": step("incomplete", OFFICER_ACTS),
    "posts:request_takedown": step("published", OFFICERS_ACT, words("takedown")),
    "posts:cancel_takedown": step("takedown_requested", OFFICER_ACTS),
    "posts:confirm_takedown": step("removed", OFFICER_ACTS),
    "posts:archive": step("published", OFFICER_ACTS),
    "posts:resolve_delivery": Row(
        OFFICER_ACTS,
        lambda s: [s.unconfirmed.pk],
        lambda s: [s.far_delivery.pk],
        lambda s: {f"{s.unconfirmed.pk}-arrived": "yes", f"{s.unconfirmed.pk}-proof": PROOF},
    ),
    "posts:prove_removal": Row(
        OFFICER_ACTS, lambda s: [s.going.pk], lambda s: [s.far_delivery.pk], lambda s: {f"{s.going.pk}-proof": PROOF}
    ),
    # --- review
    "posts:queue": page(REVIEW),
    "posts:review": page(REVIEW, post("flagged"), far),
    "posts:officer_answer": Row(
        REVIEW_ACTS,
        post("flagged"),
        far,
        lambda s: {"finding": str(s.finding.pk), "card": str(s.finding.pk), "kind": "accepted", "words": WHY},
    ),
    "posts:slot_button": page(REVIEW, post("in_review"), far),
    "posts:approve": step("in_review", REVIEW_ACTS, decision("in_review", decision="later", password=PASSWORD)),
    "posts:request_changes": step("in_review", REVIEW_ACTS, decision("in_review", reason="wording", words=WHY)),
    "posts:reject": step("in_review", REVIEW_ACTS, decision("in_review", reason="duplicate", words=WHY)),
    "posts:calendar": page(ANY_ROLE),
    # --- stops
    "posts:stops": page("403 403 403 200 403 200 403"),
    "posts:crisis_stop_start": Row(
        STOP_ACTS,
        data=lambda s: {"what": f"channel:{s.cast.harbor.pk}", "reason": "A storm is coming."},
        also_read="403 403 403 302 403 302 403",
    ),
    "posts:crisis_stop_release": Row(STOP_ACTS, lambda s: [s.stop.pk], data=lambda s: {}),
    # --- for everybody
    "posts:public_channel": Row(OPEN, lambda s: [s.cast.harbor.slug], public=True),
    "posts:public_feed": Row(OPEN, lambda s: [s.cast.harbor.slug], public=True),
}
