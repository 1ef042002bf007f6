"""States and kinds of checks, findings, answers and authorizations (leaf)."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Severity(TextChoices):
    NOTE = "note", _("Note")
    WARN = "warn", _("Warning")
    BLOCK = "block", _("Must be settled")


class RunState(TextChoices):
    QUEUED = "queued", _("Waiting")
    RUNNING = "running", _("Running")
    COMPLETE = "complete", _("Complete")
    # Tried, failed, waits for the next try.
    ERROR = "error", _("Failed, will be tried again")
    COULD_NOT_CHECK = "could_not_check", _("Could not check")
    SUPERSEDED = "superseded", _("No longer needed")


OPEN_RUN_STATES = (RunState.QUEUED, RunState.RUNNING, RunState.ERROR)


class RunPurpose(TextChoices):
    SUBMIT = "submit", _("Check before review")
    RECHECK = "recheck", _("Recheck of an approved or waiting post")


class AnswerKind(TextChoices):
    FIXED = "fixed", _("Fixed")
    AUTHORISED = "authorised", _("Covered by an authorization")
    SUBSTANTIATED = "substantiated", _("Substantiated by a source")
    CLAIM = "claim", _("Covered by an approved claim")
    FALSE_ALARM = "false_alarm", _("False alarm")
    NOT_IDENTIFIABLE = "not_identifiable", _("Nobody can be identified")
    ACCEPTED = "accepted", _("Acceptable as it is")


class AnswerSide(TextChoices):
    """Whose answer it is: the author's explains or disputes, only the officer's clears at approval."""

    AUTHOR = "author", _("Author")
    OFFICER = "officer", _("Compliance officer")


class SubjectKind(TextChoices):
    PATIENT = "patient", _("Patient")
    RELATIVE = "relative", _("Relative or household member")
    STAFF = "staff", _("Staff member")
    VOLUNTEER = "volunteer", _("Volunteer or student")
    GUEST = "guest", _("Visitor, donor or guest")
    MODEL = "model", _("Model")


class AuthorizationKind(TextChoices):
    HIPAA = "hipaa", _("HIPAA authorization")
    RELEASE = "release", _("Photo or media release")


class Information(TextChoices):
    NAME = "name", _("Name")
    PHOTO = "photo", _("Photo")
    VIDEO = "video", _("Video")
    VOICE = "voice", _("Voice")
    QUOTE = "quote", _("Quote")
    STORY = "story", _("Story (what happened)")


class Purpose(TextChoices):
    SOCIAL = "social", _("Social media posts")
    WEBSITE = "website", _("Website")
    PRESS = "press", _("Press")
    EDUCATION = "education", _("Teaching")
