"""Begin, change, copy and correct a post. A change of content after submission pulls the post back by itself."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from compliance.enums import Information
from compliance.models import Authorization, Subject
from healthsocial import clock
from healthsocial.audit.log import Act, Denied, Reason, Refused, action
from healthsocial.org import naming
from healthsocial.org import permissions as org_permissions
from healthsocial.org import queries as org
from healthsocial.org.models import Channel, User
from posts import canonical, permissions
from posts.actions.move import lock_post
from posts.actions.pull_back import pull_back_within
from posts.enums import EDITABLE_STATES, PULL_BACK_STATES, PersonAnswer, PostKind
from posts.models import Post, PostEditor, WorkingCopy
from posts.slots import Slot

MAX_TEXT = 20_000
MAX_LINKS = 20
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # PostgreSQL refuses NUL, UTF-8 has no lone surrogates


@dataclass(frozen=True)
class Content:
    """Everything of a post that a save may change. The first block is sealed, the second is not."""

    text: str = ""
    channels: tuple[UUID, ...] = ()
    channel_texts: dict[str, str] = field(default_factory=dict)
    first_comment: str = ""
    links: tuple[str, ...] = ()
    kind: str = PostKind.ORIGINAL
    person_answer: str = PersonAnswer.NOBODY
    person_answer_explicit: bool = False
    persons: tuple[dict[str, object], ...] = ()  # {"subject": id, "information": [...]}
    authorizations: tuple[str, ...] = ()

    title: str = ""
    notes: str = ""
    tags: tuple[str, ...] = ()
    proposed: Slot | None = None
    emergency: bool = False


def create_post(
    *,
    by: User,
    content: Content,
    corrects: Post | None = None,
    copied_from: UUID | None = None,
    new: UUID | None = None,
) -> Post:
    """Begin a draft. The author needs the role on every chosen channel; with none chosen, on at least one somewhere.

    `new` is the id that the form already carried: sent twice, it makes one post and `already_saved`.
    """
    with action("post.created", actor=org.actor(by)) as act:
        user = org.fresh(by)
        channels = _channels(content)
        _may_write_on(user, channels)
        now = clock.now()
        post = Post(
            id=new or uuid4(),
            title=_title(content),
            kind=content.kind,
            creator=user,
            created_at=now,
            changed_at=now,
            edit_no=1,
            corrects=corrects,
        )
        _check_content(content)
        _insert(post)
        post.channels.set(channels)
        copy = WorkingCopy(post=post, saved_at=now, saved_by=user)
        fill(copy, content)
        _fill_outside(post, content)
        copy.save()
        post.save()
        PostEditor.objects.create(post=post, user=user, epoch=post.epoch, at=now)
        act.actor = org.actor(user, org_permissions.role_used(user, "posts.write", channels))
        act.record(
            "post.created",
            target=("post", str(post.pk)),
            data={
                "channels": sorted(str(c.pk) for c in channels),
                "kind": post.kind,
                "corrects": str(corrects.pk) if corrects else "",
                "copied_from": str(copied_from or ""),
            },
        )
        return post


def _insert(post: Post) -> None:
    try:
        with transaction.atomic():
            post.save(force_insert=True)
    except IntegrityError as error:
        raise Refused(
            Reason("already_saved", _("This form was sent before, and its post is there already."))
        ) from error


def save_post(post_id: UUID, *, by: User, edit_no: int, content: Content) -> Post:
    """Save the working copy. `edit_no` is the one the form was made from; an older one is refused, never merged.

    Sealed content that did not change keeps version, approval and slot; a change pulls the post back to draft.
    """
    with action("post.edited", actor=org.actor(by), target=("post", str(post_id))) as act:
        post = lock_post(post_id)
        user = org.fresh(by)
        before = list(post.channels.order_by("pk"))
        if not permissions.may_write(user, post, before):
            raise Denied(permissions.role_missing("posts.write"))
        channels = _channels(content)
        _may_write_on(user, channels, before)
        if post.edit_no != edit_no:
            raise Refused(
                Reason(
                    "stale_edit",
                    _("Somebody saved this post after you opened it. Compare, then choose whose words stay."),
                )
            )
        _check_content(content)
        act.actor = org.actor(user, org_permissions.role_used(user, "posts.write", before))
        _apply(act, post, user, content, channels, before)
        return post


def _apply(
    act: Act, post: Post, user: User, content: Content, channels: Sequence[Channel], before: Sequence[Channel]
) -> None:
    copy = post.working_copy
    old = json.loads(canonical.canonical_form(copy, kind=post.kind, channels=[c.pk for c in before]))
    was_explicit = copy.person_answer_explicit
    fill(copy, content)
    new_form = canonical.canonical_form(copy, kind=content.kind, channels=[c.pk for c in channels])
    new = json.loads(new_form)
    changed = [name for name in canonical.FIELD_NAMES if old.get(name) != new.get(name)]
    outside = _fill_outside(post, content)
    now = clock.now()
    if not changed and not outside and was_explicit == copy.person_answer_explicit:
        act.nothing_changed()
        return
    # Who may pass a crisis stop is part of what the officer signed, though not of the words.
    if changed or ("emergency" in outside and post.state not in EDITABLE_STATES):
        _change_content(act, post, user, content, channels)
    copy.saved_at, copy.saved_by = now, user
    copy.save()
    post.edit_no += 1
    post.changed_at = now
    post.save()
    act.record("post.edited", data={"fields": changed, "outside": outside, "edit": post.edit_no, "state": post.state})


def _change_content(act: Act, post: Post, user: User, content: Content, channels: Sequence[Channel]) -> None:
    if post.state in PULL_BACK_STATES:
        pull_back_within(act, post, "edited")
    elif post.state not in EDITABLE_STATES:
        raise Refused(
            Reason(
                "not_editable", _("This post can no longer be changed. Copy it to a new draft, or write a correction.")
            )
        )
    if post.approvals.filter(epoch=post.epoch).exists():
        post.epoch += 1  # first change after an approval: the list of editors starts anew
    post.kind = content.kind
    post.channels.set(channels)
    PostEditor.objects.get_or_create(post=post, user=user, epoch=post.epoch, defaults={"at": clock.now()})


def _channels(content: Content) -> list[Channel]:
    found = list(Channel.objects.select_related("group").filter(pk__in=content.channels).order_by("pk"))
    if len(found) != len(set(content.channels)):
        raise Refused(Reason("channel_unknown", _("A chosen channel does not exist any more.")))
    return found


def _may_write_on(user: User, channels: Sequence[Channel], already: Sequence[Channel] = ()) -> None:
    if channels:
        if not user.has_perm("posts.write", channels):
            raise Denied(
                Reason(
                    "role_missing", _("You may not write for every channel you chose."), permissions.WHO["posts.write"]
                )
            )
    elif not already and not org_permissions.may_anywhere(user, "posts.write"):
        raise Denied(Reason("role_missing", _("You are not an author on any channel."), _("an administrator")))


def _title(content: Content) -> str:
    return content.title.strip()[:160] or _("Untitled post")


def _check_content(content: Content) -> None:
    """Refuse what cannot be stored or was not chosen from the lists offered."""
    problems: list[Reason] = []
    texts = [content.text, content.first_comment, *content.channel_texts.values()]
    if any(len(text) > MAX_TEXT for text in [*texts, *content.links]):
        problems.append(Reason("text_too_long", _("A text holds at most %(n)d characters.") % {"n": MAX_TEXT}))
    if any(UNSTORABLE.search(text) for text in [*texts, content.title, content.notes, *content.links, *content.tags]):
        problems.append(
            Reason("text_unreadable", _("It holds a character that cannot be stored (NUL, or half of one). Remove it."))
        )
    elif naming.unseen(content.title.strip(), joiner=True):
        problems.append(Reason("title_unseen", str(naming.TITLE_MESSAGE)))
    if len(content.links) > MAX_LINKS or any(not link.startswith(("https://", "http://")) for link in content.links):
        problems.append(Reason("link_unreadable", _("Write each link in full (https://…), at most twenty.")))
    if content.kind not in PostKind.values or content.person_answer not in PersonAnswer.values:
        problems.append(Reason("choice_unknown", _("Choose from the offered values.")))
    subjects = [str(person["subject"]) for person in content.persons]
    if Subject.objects.filter(pk__in=subjects).count() != len(set(subjects)) or len(subjects) != len(set(subjects)):
        problems.append(Reason("person_unknown", _("A linked person is not in the register.")))
    if Authorization.objects.filter(pk__in=content.authorizations).count() != len(set(content.authorizations)):
        problems.append(Reason("authorization_unknown", _("A linked authorization is not in the register.")))
    if any(not set(_words(person)) <= set(Information.values) for person in content.persons):
        problems.append(Reason("choice_unknown", _("Choose from the offered values.")))
    if problems:
        raise Refused(*problems)


def _words(person: dict[str, object]) -> list[str]:
    raw = person.get("information", [])
    return [str(item) for item in raw] if isinstance(raw, list | tuple) else []


def fill(copy: WorkingCopy, content: Content) -> None:
    """Put content into a working copy in memory; equal content gives equal canonical bytes."""
    copy.text = _newlines(content.text)
    chosen = {str(pk) for pk in content.channels}
    copy.channel_texts = {
        key: _newlines(text)
        for key, text in content.channel_texts.items()
        if key in chosen and text.strip() and _newlines(text) != copy.text
    }
    copy.first_comment = _newlines(content.first_comment)
    copy.links = list(content.links)
    copy.person_answer = content.person_answer
    copy.person_answer_explicit = content.person_answer_explicit or content.person_answer != PersonAnswer.NOBODY
    linked = content.person_answer in (PersonAnswer.PATIENTS, PersonAnswer.RELEASE)
    copy.persons = (
        [{"subject": str(p["subject"]), "information": sorted(_words(p))} for p in content.persons] if linked else []
    )
    copy.authorizations = sorted(content.authorizations) if linked else []


def _newlines(text: str) -> str:
    """Browsers send CRLF; one form keeps equal text equal."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _fill_outside(post: Post, content: Content) -> list[str]:
    """Set what is outside the seal; returns the names of what changed."""
    proposed = content.proposed
    values: dict[str, object] = {
        "title": _title(content),
        "notes": _newlines(content.notes),
        "tags": list(content.tags),
        "emergency": content.emergency,
        "proposed_at": proposed.at if proposed else None,
        "proposed_zone": proposed.zone if proposed else "",
        "proposed_wall": proposed.wall if proposed else "",
    }
    changed = [name for name, value in values.items() if getattr(post, name) != value]
    for name in changed:
        setattr(post, name, values[name])
    if post.slot_at is None:
        post.due_at = post.proposed_at
    return changed
