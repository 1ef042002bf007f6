"""The buttons of a post's page: what each step is called, what it asks before it is sent, and where it goes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from healthsocial.audit.log import Reason
from posts.enums import Transition
from posts.forms import WordsForm
from posts.models import Post
from posts.presenting import Step

Text = str | Promise
T = Transition


@dataclass(frozen=True)
class Look:
    """How a step is offered. `title` empty: no question is asked first. `words`: a reason must be given."""

    url_name: str
    label: Text
    icon: str
    css: str = "btn-secondary"
    title: Text = ""
    text: Text = ""
    words: str = ""

    @property
    def danger(self) -> bool:
        return self.css == "btn-danger"


LOOKS: dict[str, Look] = {
    T.SUBMIT: Look("posts:submit", _("Send to review"), "send", "btn-primary"),
    T.RETRY: Look("posts:retry", _("Try the failed channels again"), "refresh-cw", "btn-primary"),
    T.SETTLE: Look(
        "posts:settle",
        _("Settle as published"),
        "circle-check",
        title=_("Settle it as published?"),
        text=_("The channels that do not have it stay without it."),
    ),
    T.CONFIRM_TAKEDOWN: Look("posts:confirm_takedown", _("Confirm that it is down everywhere"), "check", "btn-primary"),
    T.CANCEL_TAKEDOWN: Look("posts:cancel_takedown", _("Cancel the takedown"), "undo-2"),
    T.RELEASE: Look("posts:release", _("Release to the checks"), "play", "btn-primary"),
    T.UNSCHEDULE: Look(
        "posts:unschedule",
        _("Take off the schedule"),
        "calendar",
        title=_("Take it off the schedule?"),
        text=_("It will not go out at its time. The approval stands; it can be given a time again."),
    ),
    T.PULL_BACK: Look(
        "posts:pull_back",
        _("Pull back to draft"),
        "undo-2",
        title=_("Pull it back to draft?"),
        text=_("What has not left is cancelled, and an approval ends: it must be checked and approved again."),
    ),
    T.HOLD: Look(
        "posts:hold",
        _("Put on hold"),
        "pause",
        title=_("Put it on hold?"),
        text=_("What has not left is cancelled, and the approval ends."),
        words="hold",
    ),
    T.RECHECK: Look("posts:recheck", _("Check again"), "scan-search"),
    T.REQUEST_TAKEDOWN: Look(
        "posts:request_takedown",
        _("Take down"),
        "eye-off",
        "btn-danger",
        title=_("Take it down everywhere?"),
        text=_("It is removed at once where the network allows it; elsewhere somebody removes it and proves it."),
        words="takedown",
    ),
    T.ARCHIVE: Look(
        "posts:archive",
        _("Close"),
        "archive",
        title=_("Close this post?"),
        text=_("What is public stays public. It can still be copied, corrected and taken down."),
    ),
    T.DISCARD: Look(
        "posts:discard",
        _("Discard"),
        "trash-2",
        "btn-danger",
        title=_("Discard this draft?"),
        text=_("It is closed and can no longer be edited. Its words stay on record and can be copied to a new draft."),
    ),
}


ALL_HAVE_IT = _("Every channel has it. Settling says so; nothing more is sent.")


@dataclass(frozen=True)
class Button:
    """One button as the page draws it."""

    name: str
    look: Look
    url: str
    reasons: tuple[Reason, ...]
    form: WordsForm | None

    @property
    def dialog(self) -> str:
        """The id of the dialog that asks first; empty when the button sends at once."""
        return f"do-{self.name}" if self.look.title and not self.reasons else ""


def buttons(
    post: Post, steps: Mapping[str, Step], forms: Mapping[str, WordsForm], *, complete: bool = False
) -> list[Button]:
    """The steps that are one press of a button. Deciding and choosing a time have their own forms.

    `complete`: every channel has the post, so settling leaves nobody without it.
    """
    return [
        Button(
            name,
            replace(LOOKS[name], css="btn-primary", text=ALL_HAVE_IT) if complete and name == T.SETTLE else LOOKS[name],
            reverse(LOOKS[name].url_name, args=[post.pk]),
            step.reasons,
            (forms.get(LOOKS[name].words) or WordsForm(prefix=LOOKS[name].words)) if LOOKS[name].words else None,
        )
        for name, step in steps.items()
        if name in LOOKS
    ]
