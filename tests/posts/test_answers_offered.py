"""An authorization is offered as an answer only where one could clear the finding."""

import re

from django.test import Client

from compliance.models import Finding
from posts.models import Post
from tests.conftest import Cast
from tests.posts import moves, people

CLAIM = " We have the best heart surgeons in the state."


def offered(page: str, post: Post) -> dict[bool, set[bool]]:
    """Could an authorization clear it -> is it offered, for every finding that has a form on the page."""
    found: dict[bool, set[bool]] = {True: set(), False: set()}
    for finding in Finding.objects.filter(run__thread=post.pk):
        select = re.search(rf'<select[^>]*id="id_{finding.pk}[-_]kind".*?</select>', page, re.S)
        if select is not None:
            found["authorization" in finding.clears_with].add('value="authorised"' in select[0])
    return found


def test_the_author_is_offered_it_for_a_person_and_not_for_a_claim(client: Client, cast: Cast) -> None:
    record = people.authorization(cast)
    post = moves.in_review(
        cast,
        "Our patient Wilma Testperson was treated for arthritis. Our tincture cures arthritis.",
        person_answer="patients",
        persons=({"subject": str(record.subject_id), "information": ["name", "quote", "story"]},),
        authorizations=(str(record.pk),),
    )
    client.force_login(cast.alice)
    page = client.get(f"/posts/{post.pk}/").content.decode()
    assert offered(page, post) == {True: {True}, False: {False}}


def test_the_officer_is_not_offered_it_for_a_claim(client: Client, cast: Cast) -> None:
    post = people.story(cast, people.authorization(cast), text=people.STORY + CLAIM)
    client.force_login(cast.rita)
    page = client.get(f"/review/{post.pk}/").content.decode()
    assert offered(page, post)[False] == {False}
