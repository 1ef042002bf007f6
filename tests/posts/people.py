"""Posts that show a person, with a registered authorization behind them."""

from datetime import datetime, timedelta
from typing import Any

from compliance.actions.register import add_authorization, add_subject
from compliance.models import Authorization, Finding, Subject
from healthsocial import clock
from posts.actions.answer import answer
from posts.actions.approve import approve
from posts.models import Post
from tests.conftest import PASSWORD, Cast
from tests.posts import moves

STORY = "Our volunteer of the month tells how the garden project began. Read the interview on our page."


def authorization(cast: Cast, subject: Subject | None = None, **changes: Any) -> Authorization:
    """An authorization for name, quote and story on every channel for a year; `changes` replace single values."""
    now = clock.now()
    values: dict[str, Any] = {
        "kind": "hipaa",
        "information": ["name", "quote", "story"],
        "purposes": ["social"],
        "signed_on": now.date(),
        "valid_from": now - timedelta(days=1),
        "valid_until": now + timedelta(days=365),
        "all_channels": True,
    }
    person = subject or add_subject(by=cast.priya, kind="patient", name="Wilma Testperson")
    return add_authorization(by=cast.priya, subject=person, **{**values, **changes})


def story(cast: Cast, record: Authorization, **changes: Any) -> Post:
    """A post in review that names one patient and relies on this record."""
    values: dict[str, Any] = {
        "person_answer": "patients",
        "persons": ({"subject": str(record.subject_id), "information": ["quote", "story"]},),
        "authorizations": (str(record.pk),),
    }
    return moves.in_review(cast, changes.pop("text", STORY), **{**values, **changes})


def approved_story(cast: Cast, record: Authorization | None = None) -> Post:
    record = record or authorization(cast)
    post = story(cast, record)
    assert post.current_version_id is not None
    for finding in Finding.objects.filter(run__thread=post.pk, severity__in=("warn", "block")):
        answer(post.pk, finding.pk, by=cast.rita, side="officer", kind="authorised", authorization_id=record.pk)
    approve(post.pk, by=cast.rita, version_id=post.current_version_id, password=PASSWORD)
    return moves.fresh(post)


def valid_until(record: Authorization) -> datetime:
    assert record.valid_until is not None
    return record.valid_until
