"""How codes and events of posts read in plain words. A code nobody named reads as it is spelt."""

from uuid import UUID

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from healthsocial.audit.words import Kind, Label, register_kind, register_verbs
from posts.enums import ReviewReason
from posts.models import Post

Text = str | Promise

# Why a post stands where it stands, and why a delivery was not sent.
CODES: dict[str, Text] = {
    "checkpoint_ahead": _("The record ends before its last checkpoint. See Audit, Checkpoints and export."),
    "checkpoint_differs": _("The record was rewritten or replaced. See Audit, Checkpoints and export."),
    "checkpoint_other": _("This is another database than before. See Audit, Checkpoints and export."),
    "checkpoint_forged": _("Its signature is not ours. See Audit, Checkpoints and export."),
    "checkpoint_unreadable": _("The checkpoint file cannot be read."),
    "checkpoint_not_written": _("The checkpoint file cannot be written."),
    "checkpoint_not_mailed": _("The mail did not go out. It is tried again with the next checkpoint."),
    "could_not_check": _("Nothing is wrong with your text; the checker is down."),
    "hard_finding": _("A number that identifies a patient must be removed."),
    "blocking_finding": _("A check found something that must be settled."),
    "authorization_ended": _("An authorization it relies on has ended."),
    "recheck_found_something": _("Checked again, and something new was found."),
    "held_by_person": _("Put on hold."),
    "seal_broken": _("The text is not the one that was approved."),
    "approval_missing": _("The approval does not stand any more."),
    "too_late": _("Its time had passed."),
    "crisis_stop": _("A crisis stop cancelled it."),
    "channel_disabled": _("The channel is switched off."),
    "channel_sick": _("The channel cannot publish."),
    "held": _("It was put on hold."),
    "edited": _("The post was changed."),
    "pulled_back": _("The post was pulled back."),
    "unscheduled": _("It was taken off the schedule."),
    "nothing_sent": _("Nothing was sent."),
    "refused_by_network": _("The network refused it."),
    "no_answer": _("The network did not answer."),
    "not_found_on_read_back": _("We looked on the channel and did not find it; it may still arrive."),
    "asked_by_person": _("Its takedown was asked for."),
    "left_while_stopped": _("It left just before it was stopped."),
    "check_outdated": _("The rules changed; it is being checked again."),
    "role_missing": _("The role for it is missing."),
    "own_post": _("It is their own post."),
    "own_edit": _("They wrote on it."),
    "wrong_state": _("The post was in another state."),
    "stale_edit": _("Somebody else had saved it."),
    "stale_version": _("The post had changed."),
    "words_missing": _("The reason was missing or too short."),
    "proof_missing": _("The proof was missing or too short."),
    "signature_wrong": _("The password was not right."),
    "signature_paused": _("Too many wrong passwords."),
    "slot_passed": _("The time had passed."),
    "outside_window": _("The time was outside the approved window."),
    "finding_unanswered": _("A finding had no officer’s answer."),
    "too_long": _("It is longer than the channel takes."),
    "redacted_words": _("These words were redacted."),
    "publishing_stopped": _("Publishing is stopped until a person says go."),
}


def code_words(code: str) -> str:
    """A sentence for a reason or error code; nothing for no code."""
    if not code:
        return ""
    if code in ReviewReason.values:
        return str(ReviewReason(code).label) + "."
    known = CODES.get(code) or CODES.get(code.split(":")[0])
    return str(known) if known else code.split(":")[0].replace("_", " ").capitalize() + "."


# What would clear a finding (Finding.clears_with).
CLEARS: dict[str, Text] = {
    "remove": _("take it out"),
    "edit": _("say it differently"),
    "authorization": _("link an authorization that covers it"),
    "not_identifiable": _("explain why nobody can be identified"),
    "false_alarm": _("explain why it is a false alarm"),
    "source": _("name a source that proves it"),
    "accepted": _("a named person's word, with a reason"),
}

# Rules name it, but this version keeps no list of approved claims.
NOT_OFFERED = frozenset({"claim"})

VERBS: dict[str, Text] = {
    "post.created": _("Began the post"),
    "post.edited": _("Saved a change"),
    "version.frozen": _("Froze a version for checking"),
    "version.redacted": _("Redacted a version"),
    "check.queued": _("Asked for a check"),
    "check.completed": _("Finished the check"),
    "check.failed": _("Could not check"),
    "finding.answered": _("Answered a finding"),
    "post.submit": _("Sent it to review"),
    "post.pass_checks": _("Passed the checks"),
    "post.block": _("Stopped it for its author"),
    "post.recheck": _("Asked for another check"),
    "post.request_changes": _("Asked for changes"),
    "post.reject": _("Rejected it"),
    "post.approve": _("Approved it"),
    "approval.voided": _("The approval ended"),
    "approval.check_moved": _("Checked again, nothing new"),
    "post.schedule": _("Gave it a time"),
    "post.reslot": _("Moved it to another time"),
    "post.slot_rederived": _("The rules of its time zone changed; the time on the clock was kept"),
    "post.unschedule": _("Took it off the schedule"),
    "post.pull_back": _("Pulled it back to draft"),
    "post.hold": _("Put it on hold"),
    "post.release": _("Released it from hold"),
    "post.authorization_ended": _("An authorization it relies on ended"),
    "post.start_publishing": _("Began to publish"),
    "post.miss": _("Did not send it"),
    "post.finish": _("Published it"),
    "post.fall_short": _("Published it in part"),
    "post.retry": _("Tried the failed channels again"),
    "post.settle": _("Settled it as published"),
    "post.request_takedown": _("Asked for it to be taken down"),
    "post.cancel_takedown": _("Cancelled the takedown"),
    "post.confirm_takedown": _("Confirmed that it is down"),
    "post.discard": _("Discarded it"),
    "post.archive": _("Closed it"),
    "delivery.planned": _("Planned the delivery"),
    "delivery.cancelled": _("Cancelled what had not left"),
    "delivery.sending": _("Sending to a channel"),
    "delivery.sent": _("A channel has it"),
    "delivery.failed": _("A channel refused it"),
    "delivery.unconfirmed": _("Not known whether it arrived"),
    "delivery.late_answer": _("An answer came after its time was up; nothing changed"),
    "delivery.alerted": _("Raised the alert that was missing"),
    "delivery.resolved": _("Said what happened on a channel"),
    "delivery.removed": _("Removed from a channel"),
    "delivery.waits": _("A delivery waits"),
    "delivery.takedown_task": _("Asked for the takedown of what left while stopped"),
    "delivery.lease_lost": _("A worker stopped; taken up again"),
    "crisis_stop.started": _("Started a crisis stop"),
    "crisis_stop.released": _("Released a crisis stop"),
    "channel.enabled": _("Switched a channel on"),
    "channel.disabled": _("Switched a channel off"),
}


def register() -> None:
    """Called once when the app starts: the audit page reads our verbs and ids with it."""
    register_verbs(VERBS)
    register_kind("post", Kind(_("Post"), _titles))


def _titles(ids: set[str]) -> dict[str, Label]:
    keys = [key for key in map(_uuid, ids) if key]
    rows = Post.objects.filter(pk__in=keys).values_list("pk", "title")
    return {str(pk): Label(title, reverse("posts:detail", args=[pk])) for pk, title in rows}


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
