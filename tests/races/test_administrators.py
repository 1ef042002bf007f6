"""Two administrators at the same moment: the second one sees what the first one did, and somebody always stays."""

from collections.abc import Callable
from functools import partial

import pytest

from healthsocial.audit.log import Refused
from healthsocial.audit.verify import verify_chain
from healthsocial.org import guards
from healthsocial.org.actions.deactivate_person import deactivate_person
from healthsocial.org.actions.end_grant import end_grant
from healthsocial.org.actions.grant_role import grant_role
from healthsocial.org.actions.invite_person import invite_person
from healthsocial.org.actions.redeem_link import redeem_link
from healthsocial.org.actions.reset_link import reset_link
from healthsocial.org.guards import other_administrators
from healthsocial.org.links import token_digest
from healthsocial.org.models import Grant, Organisation, User
from healthsocial.org.queries import open_link
from healthsocial.org.roles import Role
from tests.conftest import Cast, give
from tests.races.together import at_once, codes, events, hold_head, in_order

Step = Callable[[], object]


def outcomes(results: list[object]) -> list[str]:
    return sorted(r.reasons[0].code if isinstance(r, Refused) else "done" for r in results)


def two(cast: Cast) -> tuple[User, User]:
    """Two administrators of everything."""
    give(cast.rita, Role.ADMINISTRATOR)
    return cast.adam, cast.rita


def last_grants(cast: Cast) -> list[Step]:
    """Each ends the other's."""
    adam, rita = two(cast)
    grants = {person: person.grants.get(role=Role.ADMINISTRATOR, ends_at=None) for person in (adam, rita)}
    return [partial(end_grant, grants[rita], by=adam), partial(end_grant, grants[adam], by=rita)]


def test_two_administrators_who_end_each_other_leave_one(cast: Cast) -> None:
    """Ending a grant, stepping down, deactivating: whatever they try at once, one of them can still administer."""
    assert outcomes(at_once(*last_grants(cast))) == ["done", "not_allowed"]
    assert other_administrators()


@pytest.mark.postgres
def test_two_administrators_who_step_down_or_remove_each_other_leave_one(cast: Cast) -> None:
    adam, rita = two(cast)
    grants = [person.grants.get(role=Role.ADMINISTRATOR) for person in (adam, rita)]
    step_down = [partial(end_grant, grant, by=by) for grant, by in zip(grants, (adam, rita), strict=True)]
    assert outcomes(in_order(hold_head, *step_down)) == ["done", "last_administrator"]
    assert other_administrators()
    Grant.objects.filter(pk__in=[grant.pk for grant in grants]).update(ends_at=None)
    remove = [partial(deactivate_person, rita, by=adam), partial(deactivate_person, adam, by=rita)]
    assert outcomes(in_order(hold_head, *remove)) == ["done", "not_allowed"]
    assert other_administrators()
    assert verify_chain().ok


@pytest.mark.postgres
def test_control_without_the_one_lock_nobody_is_left(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    adam, rita = two(cast)
    monkeypatch.setattr(guards, "lock_people", lambda: Organisation.objects.get(id=1))
    grants = [person.grants.get(role=Role.ADMINISTRATOR) for person in (adam, rita)]
    monkeypatch.setattr(guards.queries, "fresh", lambda user: User.objects.get(pk=user.pk))
    step_down = [partial(end_grant, grant, by=by) for grant, by in zip(grants, (adam, rita), strict=True)]
    assert outcomes(in_order(hold_head, *step_down)) == ["done", "done"]
    assert not other_administrators()


def test_nobody_grants_to_themselves_however_often_they_try(cast: Cast) -> None:
    results = at_once(*[partial(grant_role, cast.adam, role=Role.COMPLIANCE_OFFICER, by=cast.adam)] * 4)
    assert codes(results) == {"self_grant": 4}
    assert events(cast.adam, "grant.given", "grant.given.refused") == ["grant.given.refused"] * 4
    # Control: another administrator's press counts, once.
    other = two(cast)[1]
    results = at_once(*[partial(grant_role, cast.adam, role=Role.COMPLIANCE_OFFICER, by=other)] * 4)
    assert codes(results) == {"Grant": 1, "already_granted": 3}


def test_a_link_used_twice_at_once_sets_one_password(cast: Cast) -> None:
    link = open_link(token_digest(reset_link(cast.nobody, by=cast.adam)))
    assert link is not None
    words = ("seven quiet harbour lanterns", "eight quiet harbour lanterns")
    results = at_once(*(partial(redeem_link, link, password=word) for word in words))
    assert codes(results) == {"User": 1, "link_dead": 1}
    used = next(n for n, result in enumerate(results) if isinstance(result, User))
    assert User.objects.get(pk=cast.nobody.pk).check_password(words[used])


def test_one_address_invited_twice_at_once_is_one_person(cast: Cast) -> None:
    steps = [partial(invite_person, email="new@example.org", name="Newcomer", by=by) for by in two(cast)]
    assert outcomes(at_once(*steps)) == ["done", "email_in_use"]
    assert verify_chain().ok
