"""Take one row of a file in as a draft, once. The importer counts as an editor, so they cannot approve it (law 2)."""

from dataclasses import dataclass

from django.db import IntegrityError
from django.utils.translation import gettext as _

from healthsocial import crypto
from healthsocial.audit.log import Actor, Denied, Reason, Refused, action
from healthsocial.org import permissions as org_permissions
from healthsocial.org import queries as org
from healthsocial.org.models import Channel, User
from posts.actions.edit import Content, create_post
from posts.enums import PostKind
from posts.importing import Row
from posts.models import ImportedRow, Post, PostEditor
from posts.slots import Slot, resolve


@dataclass(frozen=True)
class Defaults:
    """What a row that does not say it gets. Channel is a slug, author an e-mail address; empty: none."""

    channel: str = ""
    author: str = ""
    kind: str = PostKind.ORIGINAL


def import_row(row: Row, *, by: User, defaults: Defaults) -> Post | None:
    """Create the row's draft for its author; None when an earlier import took the same row in.

    Raises Denied or Refused: nothing of the row stays, and the refusal is recorded.
    """
    key = key_of(row)
    try:
        return _import_once(row, key, by, defaults)
    except IntegrityError:
        if ImportedRow.objects.filter(pk=key).exists():
            return None  # another import was first
        raise


def _import_once(row: Row, key: str, by: User, defaults: Defaults) -> Post | None:
    person = org.actor(by, "+".join(org.roles_held(by)))
    with action("post.imported", actor=Actor("command", person.id, person.name, person.role)) as act:
        if ImportedRow.objects.filter(pk=key).exists():
            act.nothing_changed()
            return None
        importer = org.fresh(by)
        author = _author(row, importer, defaults)
        content = _content(row, defaults)
        _may_import(importer, author, content)
        post = create_post(by=author, content=content)
        if importer != author:
            PostEditor.objects.create(post=post, user=importer, epoch=post.epoch, at=post.created_at)
        ImportedRow.objects.create(key=key, post=post)
        act.record("post.imported", target=("post", str(post.pk)), data={"author": str(author.pk), "line": row.line})
        return post


def key_of(row: Row) -> str:
    """The row's id, else a keyed digest of what it says: a plain one would let short texts be guessed."""
    given = row.values.get("id", "").strip()
    if given and len(given) <= 190:
        return f"id:{given}"
    return f"row:{crypto.mac('imported-row', given or row.content())}"


def _author(row: Row, importer: User, defaults: Defaults) -> User:
    email = row.values.get("author", defaults.author).strip()
    if not email:
        return importer
    author = User.objects.filter(email__iexact=email).first()
    if author is None:
        raise Refused(Reason("author_unknown", _("Nobody here has the author's e-mail address.")))
    return author


def _content(row: Row, defaults: Defaults) -> Content:
    slug = row.values.get("channel", defaults.channel).strip()
    channel = Channel.objects.filter(slug=slug).first() if slug else None
    if slug and channel is None:
        raise Refused(Reason("channel_unknown", _("The channel is not known; use its short name as in its address.")))
    given = row.values.get("id", "").strip()
    name = given if given and len(given) <= 60 else _("line %(line)d") % {"line": row.line}
    return Content(
        text=row.values["text"],
        channels=(channel.pk,) if channel else (),
        first_comment=row.values.get("first_comment", ""),
        links=row.links,
        kind=row.values.get("kind", defaults.kind),
        # Not the first words of the text: a title is seen by people who may not read the text.
        title=row.values.get("title", "").strip() or _("Imported: %(name)s") % {"name": name},
        proposed=_proposed(row),
    )


def _proposed(row: Row) -> Slot | None:
    wall = row.values.get("proposed_at", "").strip()
    if not wall:
        return None
    try:
        return resolve(wall, row.values.get("zone", "").strip() or org.organisation().zone)
    except OverflowError:
        raise Refused(Reason("time_unreadable", _("The proposed time is too far away."))) from None


def _may_import(importer: User, author: User, content: Content) -> None:
    """One's own posts as an author; for somebody else as an author of the same channels, or as an administrator."""
    if importer == author or importer.has_perm("org.people"):
        return
    channels = Channel.objects.filter(pk__in=content.channels)
    mine = (
        importer.has_perm("posts.write", channels)
        if content.channels
        else org_permissions.may_anywhere(importer, "posts.write")
    )
    if not mine:
        raise Denied(
            Reason("role_missing", _("You may not import posts for somebody else here."), _("an administrator"))
        )
