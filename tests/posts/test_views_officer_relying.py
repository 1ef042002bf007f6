"""Which posts rely on an authorization: shown on its page by a part that posts serves."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from compliance.actions.register import add_authorization, add_subject
from compliance.models import Authorization
from healthsocial import clock
from healthsocial.org.models import User
from healthsocial.org.roles import Role
from tests.conftest import Cast, give
from tests.posts import moves

pytestmark = pytest.mark.django_db


def relying(user: User, record: Authorization) -> tuple[int, str]:
    client = Client()
    client.force_login(user)
    answer = client.get(reverse("posts:relying", args=[record.pk]))
    return answer.status_code, answer.content.decode()


def test_officers_see_their_posts_and_only_the_number_of_the_others(cast: Cast) -> None:
    now = clock.now()
    person = add_subject(by=cast.priya, kind="patient", name="Grete Beispiel")
    record = add_authorization(
        by=cast.priya,
        subject=person,
        kind="hipaa",
        information=["name"],
        purposes=["social"],
        signed_on=now.date(),
        valid_from=now - timedelta(days=1),
        valid_until=None,
        all_channels=True,
    )
    assert "No post relies on it." in relying(cast.priya, record)[1]
    post = moves.in_review(
        cast,
        person_answer="patients",
        person_answer_explicit=True,
        authorizations=(str(record.pk),),
        persons=({"subject": str(person.pk), "information": ["name"]},),
    )
    status, shown = relying(cast.rita, record)
    assert (status, "1 post relies on it." in shown, post.title in shown, "Grete" in shown) == (200, True, True, False)
    wanda = User.objects.create(email="wanda@example.org", name="Wanda Example", password="!")
    give(wanda, Role.COMPLIANCE_OFFICER, group=cast.other.group)
    elsewhere = relying(wanda, record)[1]
    assert post.title not in elsewhere
    assert "1 more post is on channels on which you hold no role." in elsewhere
    assert relying(cast.alice, record)[0] == 403
    page = Client()
    page.force_login(cast.rita)
    review = page.get(reverse("posts:review", args=[post.pk])).content.decode()
    assert person.token in review
    assert "Covered now" in review
    assert "Grete" not in review
