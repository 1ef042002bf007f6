"""Numbers, rows and signatures that must be counted once, however many write at the same moment."""

from functools import partial

import pytest

from compliance.actions.register import add_subject
from compliance.models import Authorization
from healthsocial.audit.log import Refused
from healthsocial.audit.verify import verify_chain
from posts.actions.approve import approve
from posts.actions.import_row import Defaults, import_row
from posts.enums import State
from posts.importing import Row
from posts.models import ImportedRow, Post
from tests.conftest import PASSWORD, Cast
from tests.posts import moves, people
from tests.races.together import at_once, codes, events, hold_head, in_order, rounds


def rows(count: int) -> list[Row]:
    return [
        Row(n, {"id": f"row-{n}", "channel": "harbor-news", "text": f"Notice {n} about the flu clinic."}, ())
        for n in range(count)
    ]


def test_two_importers_of_one_file_take_each_row_in_once(cast: Cast) -> None:
    file = rows(rounds(6, 100))

    def importer() -> list[Post | None]:
        return [import_row(row, by=cast.alice, defaults=Defaults()) for row in file]

    results = at_once(importer, importer)
    made = [post for result in results if isinstance(result, list) for post in result if post is not None]
    assert [type(result) for result in results] == [list, list], results
    assert len(made) == Post.objects.count() == ImportedRow.objects.count() == len(file)
    assert verify_chain().ok


@pytest.mark.postgres
def test_both_importers_have_looked_before_either_writes(cast: Cast) -> None:
    """The row's own key decides then; without one (control: the same words under other ids) there are two posts."""
    one, other = rows(2)
    take = [partial(import_row, one, by=cast.alice, defaults=Defaults())] * 2
    assert codes(in_order(hold_head, *take)) == {"Post": 1, "NoneType": 1}
    assert Post.objects.count() == 1
    twins = [partial(import_row, row, by=cast.alice, defaults=Defaults()) for row in (other, rows(3)[2])]
    assert codes(in_order(hold_head, *twins)) == {"Post": 2}


def test_authorizations_registered_side_by_side_have_numbers_of_their_own(cast: Cast) -> None:
    subject = add_subject(by=cast.priya, kind="patient")
    results = at_once(*[lambda: people.authorization(cast, subject)] * 6)
    assert sorted(record.number for record in results if isinstance(record, Authorization)) == [*range(1001, 1007)]
    assert verify_chain().ok


def test_wrong_passwords_tried_side_by_side_are_all_counted(cast: Cast) -> None:
    post = moves.in_review(cast)
    version = post.current_version_id
    assert version is not None
    wrong = partial(approve, post.pk, by=cast.rita, version_id=version, password="wrong")
    assert codes(at_once(*[wrong] * 12)) == {"signature_wrong": 5, "signature_paused": 7}
    assert len(events(post, "post.approve.refused")) == 12
    with pytest.raises(Refused) as refused:
        approve(post.pk, by=cast.rita, version_id=version, password=PASSWORD)
    assert (refused.value.reasons[0].code, refused.value.status) == ("signature_paused", 429)
    # Somebody else's tries are their own.
    approve(post.pk, by=cast.rob, version_id=version, password=PASSWORD)
    assert moves.fresh(post).state == State.APPROVED
