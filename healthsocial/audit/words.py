"""How events read in plain words.

Audit is the lowest room and knows no one, so the rooms above say how their verbs read and what their ids stand for.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _

Text = str | Promise
REFUSED = ".refused"


@dataclass(frozen=True)
class Label:
    """What an id stands for today, and where it is shown."""

    text: str
    url: str = ""


@dataclass(frozen=True)
class Kind:
    """A kind of object: its word; ids -> labels in one query; text -> ids of those whose name holds it."""

    word: Text
    resolve: Callable[[set[str]], dict[str, Label]]
    search: Callable[[str], list[str]] | None = None


_verbs: dict[str, Text] = {}
_kinds: dict[str, Kind] = {}


def register_verbs(verbs: Mapping[str, Text]) -> None:
    """Plain words for verbs, such as {"grant.given": _("Gave a role")}; called once when an app starts."""
    _verbs.update(verbs)


def register_kind(target_type: str, kind: Kind) -> None:
    """What the ids of one target type stand for."""
    _kinds[target_type] = kind


def verb_words(verb: str) -> str:
    """ "Gave a role", "Refused: gave a role"; a verb nobody registered reads as it is spelt: "Post approved"."""
    plain = verb.removesuffix(REFUSED)
    words = str(_verbs.get(plain) or plain.replace(".", " ").replace("_", " ").capitalize())
    if verb.endswith(REFUSED):
        return _("Refused: %(what)s") % {"what": words[:1].lower() + words[1:]}
    return words


def kind_words(target_type: str) -> str:
    kind = _kinds.get(target_type)
    return str(kind.word) if kind else target_type.replace("_", " ").capitalize()


def labels(targets: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Label]:
    """Labels for (type, id) pairs, one query per kind; ids that no longer or not yet mean anything are left out."""
    wanted: dict[str, set[str]] = {}
    for target_type, target_id in targets:
        if target_id and target_type in _kinds:
            wanted.setdefault(target_type, set()).add(target_id)
    return {
        (target_type, target_id): label
        for target_type, ids in wanted.items()
        for target_id, label in _kinds[target_type].resolve(ids).items()
    }


def search(target_type: str, text: str) -> list[str]:
    """Ids of a kind whose name holds the text."""
    kind = _kinds.get(target_type)
    return kind.search(text) if kind and kind.search else []
