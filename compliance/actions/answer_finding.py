"""Answer a finding: the author explains or disputes, the officer's word counts at approval (law 11)."""

from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from compliance.enums import AnswerKind, AnswerSide
from compliance.models import Answer, Authorization, Finding
from healthsocial import clock
from healthsocial.audit.log import Act, Reason, Refused
from healthsocial.org.models import User

AUTHOR_KINDS = frozenset(
    {
        AnswerKind.FALSE_ALARM,
        AnswerKind.NOT_IDENTIFIABLE,
        AnswerKind.SUBSTANTIATED,
        AnswerKind.AUTHORISED,
        AnswerKind.ACCEPTED,
    }
)
OFFICER_KINDS = AUTHOR_KINDS
NEEDS_WORDS = frozenset({AnswerKind.FALSE_ALARM, AnswerKind.NOT_IDENTIFIABLE, AnswerKind.ACCEPTED})


def answer_finding(
    act: Act,
    finding: Finding,
    *,
    side: AnswerSide,
    kind: AnswerKind,
    words: str,
    by: User,
    source_url: str = "",
    authorization: Authorization | None = None,
) -> Answer:
    """Store one answer inside the caller's unit of work. Permission is the caller's (it knows the post)."""
    reasons = list(_problems(finding, side, kind, words.strip(), source_url.strip(), authorization))
    if reasons:
        raise Refused(*reasons)
    answer = Answer.objects.create(
        thread=finding.run.thread,
        turn=Answer.objects.filter(thread=finding.run.thread).count() + 1,
        field=finding.field,
        rule_id=finding.rule_id,
        rule_digest=finding.rule_digest,
        sentence_key=finding.sentence_key,
        occurrence=finding.occurrence,
        side=side,
        kind=kind,
        words=words.strip(),
        source_url=source_url.strip(),
        authorization=authorization,
        by=by,
        by_name=by.name,
        at=clock.now(),
    )
    act.record(
        "finding.answered",
        target=("post", str(finding.run.thread)),
        data={
            "finding": str(finding.pk),
            "rule": finding.rule_id,
            "side": side,
            "kind": kind,
            "answer": str(answer.pk),
            "authorization": str(authorization.pk) if authorization else "",
        },
    )
    return answer


def _problems(
    finding: Finding,
    side: AnswerSide,
    kind: AnswerKind,
    words: str,
    source_url: str,
    authorization: Authorization | None,
) -> list[Reason]:
    found: list[Reason] = []
    if not finding.needs_answer:
        found.append(Reason("note_needs_no_answer", _("A note needs no answer.")))
    if finding.hard:
        found.append(
            Reason(
                "hard_finding",
                _("A number that identifies a patient cannot be answered, only removed."),
                _("the author"),
            )
        )
    if kind not in (AUTHOR_KINDS if side == AnswerSide.AUTHOR else OFFICER_KINDS):
        found.append(Reason("answer_kind", _("This kind of answer is not offered here.")))
    if kind in NEEDS_WORDS and len(words) < 10:
        found.append(Reason("words_missing", _("Say why, in a sentence of at least ten characters.")))
    if kind == AnswerKind.SUBSTANTIATED and urlsplit(source_url).scheme not in ("http", "https"):
        found.append(Reason("source_missing", _("Name the source by its address (https://…).")))
    if kind == AnswerKind.AUTHORISED and authorization is None:
        found.append(Reason("authorization_missing", _("Choose the authorization that covers this.")))
    elif kind == AnswerKind.AUTHORISED and "authorization" not in finding.clears_with:
        found.append(Reason("authorization_clears_nothing", _("No authorization of a person allows this wording.")))
    if authorization is not None and authorization.revoked_at is not None:
        found.append(Reason("authorization_revoked", _("This authorization was revoked.")))
    return found
