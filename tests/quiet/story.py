"""A post full of markers goes its whole way through the pages, with everything that can be typed on it and refused."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from compliance.models import Authorization, Finding, Subject
from posts.actions.leases import remove_delivery
from posts.models import CrisisStop, Delivery, Post
from posts.tasks import deliver
from tests.conftest import PASSWORD, Cast
from tests.posts import moves

TEXT = (
    "Zqxtext Testperson of 17 Zqxstreet Lane thanks our team for her new knee. MRN 84417263. "
    "Call her at 617-555-0173 or write to zqxmail@example.org. Results guaranteed."
)
CLEAN = "Zqxclean garden is open on Saturday, and everybody is welcome. Results guaranteed."
WORDS = "{} says more about it here"


@dataclass
class Story:
    """The cast's browsers, what they were answered, and the rows behind the addresses."""

    cast: Cast
    answers: list[tuple[str, HttpResponse]] = field(default_factory=list)
    browsers: dict[str, Client] = field(default_factory=dict)
    ids: dict[str, Any] = field(default_factory=dict)

    def browser(self, who: str) -> Client:
        """Signed in once and kept, as people do; errors become error pages."""
        if who not in self.browsers:
            self.browsers[who] = Client(raise_request_exception=False)
            if who != "anonymous":
                self.browsers[who].force_login(getattr(self.cast, who))
        return self.browsers[who]

    def ask(self, who: str, method: str, address: str, data: dict[str, Any] | None = None, **headers: str) -> Any:
        answer = getattr(self.browser(who), method)(address, data or {}, headers=headers)
        self.answers.append((f"{who} {method} {address}", answer))
        return answer

    def post(self, who: str, name: str, data: dict[str, Any], *args: object, expect: int = 303) -> Any:
        answer = self.ask(who, "post", reverse(name, args=args), data)
        assert answer.status_code == expect, (name, answer.status_code, answer.content.decode()[:9000])
        return answer


def draft(story: Story, text: str, **changes: Any) -> dict[str, Any]:
    """The composer's form with a marker in every field."""
    harbor = str(story.cast.harbor.pk)
    return {
        "title": "Zqxtitle",
        "kind": "original",
        "channels": [harbor, str(story.cast.heart.pk)],
        "text": text,
        f"text-{harbor}": WORDS.format("Zqxown"),
        "first_comment": WORDS.format("Zqxcomment"),
        "links": "https://example.org/?note=Zqxlink",
        "notes": WORDS.format("Zqxnote"),
        "tags": "Zqxtag",
        "edit_no": "0",
        **changes,
    }


def tell(cast: Cast) -> Story:
    """Everything that people can type, through the forms where they type it."""
    story = Story(cast)
    _register(story)
    post = _write(story)
    _blocked(story, post)
    _review(story)
    _publish(story)
    _search_and_stray(story)
    return story


def _register(story: Story) -> None:
    story.post("priya", "compliance:subject_add", {"kind": "patient", "name": "Zqxsubject Testperson"})
    subject = Subject.objects.get()
    signed = {
        "token": subject.token,
        "kind": "hipaa",
        "information": ["name", "story"],
        "purposes": ["social"],
        "all_channels": "on",
        "zone": "UTC",
        "document_reference": "Zqxpaper",
    }
    story.post("priya", "compliance:authorization_add", {**signed, "token": "Zqxtoken"}, expect=422)
    days = {"signed_on": "2026-01-02", "valid_from": "2026-01-02", "valid_until": "2040-01-02", "no_end": ""}
    story.post("priya", "compliance:authorization_add", {**signed, **days})
    story.ids["authorization"] = Authorization.objects.get().pk
    story.post("priya", "compliance:register", {"token": "Zqxtoken"}, expect=200)


def _write(story: Story) -> Post:
    """Live check, autosave, a stale save, a form with a mistake."""
    story.post("alice", "posts:check_now", draft(story, TEXT + " Zqxlive"), expect=200)
    story.post("alice", "posts:autosave", draft(story, "Zqxunsaved", links="Zqxbadlink"), expect=422)
    saved = story.post("alice", "posts:autosave", draft(story, TEXT), expect=200).json()
    again = draft(story, TEXT, post=saved["post"], edit_no=str(saved["edit_no"]))
    story.post("alice", "posts:autosave", {**again, "text": TEXT + " Please call."}, expect=200)
    story.post("alice", "posts:autosave", {**again, "text": "Zqxunsaved"}, expect=409)
    story.post("alice", "posts:edit", {**again, "text": "Zqxunsaved"}, saved["post"], expect=409)
    story.post("alice", "posts:edit", {**again, "wall": "Zqxwall", "zone": "Zqxzone"}, saved["post"], expect=422)
    story.post("mallory", "posts:edit", again, saved["post"], expect=404)
    return Post.objects.get(pk=saved["post"])


def _blocked(story: Story, post: Post) -> None:
    """A number that identifies a patient: blocked, answered in vain, left there with its version."""
    story.post("alice", "posts:submit", {}, post.pk)
    post = moves.checks_done(post)
    assert post.state == "changes_requested"
    for finding in Finding.objects.filter(run__thread=post.pk, severity="block")[:2]:
        words = {f"{finding.pk}-kind": "false_alarm", f"{finding.pk}-words": WORDS.format("Zqxdispute")}
        story.ask("alice", "post", reverse("posts:answer", args=[post.pk, finding.pk]), words)
    story.ids["blocked"] = post.pk


def _review(story: Story) -> None:
    """A second post comes through: answers, wrong password, sent back, approved."""
    made = story.post("alice", "posts:create", draft(story, CLEAN))
    post = Post.objects.get(pk=made["Location"].split("/")[2])
    story.ids["pk"] = post.pk
    story.post("alice", "posts:submit", {}, post.pk)
    post = moves.checks_done(post)
    assert post.state == "in_review", post.state
    findings = [str(row.pk) for row in Finding.objects.filter(run__version=post.current_version_id) if row.needs_answer]
    story.ids["finding"] = findings[0]
    for finding in findings:
        said = {
            f"{finding}-kind": "substantiated",
            f"{finding}-words": WORDS.format("Zqxanswer"),
            f"{finding}-source_url": "https://example.org/Zqxsource",
        }
        story.post("alice", "posts:answer", said, post.pk, finding)
    word = {"kind": "false_alarm", "words": WORDS.format("Zqxofficer"), "finding": findings, "version": ""}
    story.post("rita", "posts:officer_answer", {**word, "words": "Zqxshort"}, post.pk, expect=409)
    story.post("rita", "posts:officer_answer", word, post.pk)
    signed: dict[str, Any] = {"version": post.current_version_id, "decision": "later", "password": "Zqxpassword"}
    story.post("rita", "posts:approve", signed, post.pk, expect=409)
    back = {"version": post.current_version_id, "reason": "Zqxreason", "words": WORDS.format("Zqxback")}
    story.post("rita", "posts:request_changes", back, post.pk, expect=422)
    story.post("rita", "posts:request_changes", {**back, "reason": "wording"}, post.pk)
    story.post("alice", "posts:submit", {}, post.pk)
    post = moves.checks_done(post)
    story.post("rita", "posts:approve", {**signed, "version": uuid4(), "password": PASSWORD}, post.pk, expect=409)
    story.post("rita", "posts:approve", {**signed, "version": post.current_version_id, "password": PASSWORD}, post.pk)


def _publish(story: Story) -> None:
    """Schedule, publish by the task, take down by hand and by machine; a stop, a hold, a redaction, a revocation."""
    pk = story.ids["pk"]
    story.post("sam", "posts:schedule", {"wall": "Zqxwall", "zone": "UTC"}, pk, expect=422)
    story.post("rita", "posts:schedule", {"now": "1"}, pk)
    for delivery in Delivery.objects.filter(post=pk):
        assert deliver(row_id=str(delivery.pk)) == "sent"
    stop = {"what": "organisation", "reason": WORDS.format("Zqxstop")}
    answer = story.ask("rita", "post", reverse("posts:crisis_stop_start"), {"what": "Zqxwhat"})
    assert answer.status_code == 404
    crisis = story.ask("rita", "post", reverse("posts:crisis_stop_start"), _stop_of(story) | {"reason": stop["reason"]})
    assert crisis.status_code == 303, crisis.content.decode()[:3000]
    story.ids["stop"] = CrisisStop.objects.get().pk
    story.post("rita", "posts:crisis_stop_release", {}, story.ids["stop"])
    story.post("rita", "posts:request_takedown", {"takedown-words": "Zqxshort"}, pk, expect=409)
    story.post("rita", "posts:request_takedown", {"takedown-words": WORDS.format("Zqxtakedown")}, pk)
    first, second = Delivery.objects.filter(post=pk)
    story.post("rita", "posts:prove_removal", {f"{first.pk}-proof": WORDS.format("Zqxproof")}, first.pk)
    remove_delivery(second.pk)
    story.ids["delivery"] = first.pk
    held = moves.approved(story.cast)
    story.post("priya", "posts:hold", {"hold-words": WORDS.format("Zqxhold")}, held.pk)
    blocked = Post.objects.get(pk=story.ids["blocked"])
    version = blocked.versions.get()
    story.ids["version"] = version.pk
    story.post(
        "priya",
        "posts:redact",
        {f"{version.pk}-words": WORDS.format("Zqxshort")[:9]},
        blocked.pk,
        version.pk,
        expect=409,
    )
    story.post("priya", "compliance:revoke", {"words": "Zqxrevoked"}, story.ids["authorization"])


def _stop_of(story: Story) -> dict[str, str]:
    return {"what": f"channel:{story.cast.heart.pk}"}


def _search_and_stray(story: Story) -> None:
    """Searches on every list, wrong addresses, a wrong sign-in, a forged form, a page of somebody else."""
    for who, name in (
        ("alice", "posts:list"),
        ("adam", "org:people"),
        ("olga", "audit:list"),
        ("alice", "compliance:packs"),
    ):
        answer = story.post(who, name, {"q": "Zqxsearch"})
        assert story.ask(who, "get", answer["Location"]).status_code == 200
    for path in ("/posts/Zqxpath/", "/c/Zqxpath/", "/link/Zqxpath/", f"/posts/{uuid4()}/", "/Zqxpath?x=Zqxquery"):
        assert story.ask("alice", "get", path).status_code in (404, 410), path
    story.ask(
        "anonymous", "post", reverse("account_login"), {"login": "zqxlogin@example.org", "password": "Zqxpassword"}
    )
    story.ask("anonymous", "post", reverse("account_reset_password"), {"email": "zqxlogin"})
    forged = Client(enforce_csrf_checks=True, raise_request_exception=False)
    forged.force_login(story.cast.alice)
    story.answers.append(("forged", forged.post(reverse("posts:autosave"), draft(story, "Zqxforged"))))
    far = {"Referer": "https://elsewhere.example/?Zqxquery=Zqxquery", "Origin": "null"}
    forged_far = forged.post(reverse("posts:autosave"), draft(story, "Zqxforged"), secure=True, headers=far)
    story.answers.append(("forged from afar", forged_far))


# --- every address -------------------------------------------------------------------------------------------------
def addresses(story: Story) -> Iterator[tuple[str, str]]:
    """(name, address) of every pattern there is, with the story's own rows in it."""
    for name, pattern in _patterns(get_resolver().url_patterns):
        yield name, reverse(name, kwargs={key: _value(story, name, key) for key in pattern.pattern.converters})


def _patterns(patterns: list[Any], prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
            yield from _patterns(pattern.url_patterns, inner)
        elif pattern.name != "account_reset_password_from_key":
            yield prefix + pattern.name, pattern


def _value(story: Story, name: str, key: str) -> Any:
    if key != "pk":
        known = {
            "slug": story.cast.harbor.slug,
            "token": "Zqxpath",
            "seq": 1,
            "finding": story.ids["finding"],
            "version": story.ids["version"],
        }
        return known[key]
    rows: dict[str, UUID | None] = {
        "posts:resolve_delivery": story.ids["delivery"],
        "posts:prove_removal": story.ids["delivery"],
        "posts:crisis_stop_release": story.ids["stop"],
        "posts:relying": story.ids["authorization"],
        "compliance": story.ids["authorization"],
        "posts:channel_disable": story.cast.other.pk,
        "posts:channel_enable": story.cast.other.pk,
        "org:channel": story.cast.harbor.pk,
        "org:group": story.cast.harbor.group_id,
        "org:grant_end": story.cast.mallory.grants.get().pk,
        "org": story.cast.mallory.pk,
    }
    found = next((rows[part] for part in (name, name.split("_")[0], name.split(":")[0]) if part in rows), None)
    return found or story.ids["pk"]
