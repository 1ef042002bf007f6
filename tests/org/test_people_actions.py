"""What administrators do with people: allowed for them, refused and recorded for everybody else."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from healthsocial import clock
from healthsocial.audit.log import Denied, Refused
from healthsocial.audit.models import Event
from healthsocial.audit.verify import verify_chain
from healthsocial.org.actions.create_channel import create_channel
from healthsocial.org.actions.create_group import create_group
from healthsocial.org.actions.deactivate_person import deactivate_person
from healthsocial.org.actions.end_grant import end_grant
from healthsocial.org.actions.grant_role import grant_role
from healthsocial.org.actions.invite_person import invite_person
from healthsocial.org.actions.reactivate_person import reactivate_person
from healthsocial.org.actions.reissue_link import reissue_link
from healthsocial.org.actions.rename_channel import rename_channel
from healthsocial.org.actions.rename_group import rename_group
from healthsocial.org.actions.rename_person import rename_person
from healthsocial.org.actions.reset_link import reset_link
from healthsocial.org.actions.update_channel import update_channel
from healthsocial.org.enums import GroupKind, Network
from healthsocial.org.models import Grant, OneTimeLink, User
from healthsocial.org.roles import Role
from tests.conftest import PASSWORD, Cast, give

Act = Callable[[Cast, User], object]


def gone(cast: Cast) -> User:
    """Nobody, deactivated."""
    User.objects.filter(pk=cast.nobody.pk).update(is_active=False, deactivated_at=clock.now())
    return User.objects.get(pk=cast.nobody.pk)


def newcomer() -> User:
    return User.objects.create_user("new@example.org", "Newcomer")


# Each action with arguments that work for an administrator, and the verb it records.
ACTS: dict[str, Act] = {
    "person.invited": lambda cast, by: invite_person(email="new@example.org", name="Newcomer", by=by),
    "person.link_reissued": lambda cast, by: reissue_link(newcomer(), by=by),
    "person.reset_link_made": lambda cast, by: reset_link(cast.nobody, by=by),
    "person.renamed": lambda cast, by: rename_person(cast.nobody, name="Somebody Else", by=by),
    "person.deactivated": lambda cast, by: deactivate_person(cast.nobody, by=by),
    "person.reactivated": lambda cast, by: reactivate_person(gone(cast), by=by),
    "grant.given": lambda cast, by: grant_role(cast.nobody, role=Role.AUTHOR, channel=cast.heart, by=by),
    "grant.ended": lambda cast, by: end_grant(cast.alice.grants.get(), by=by),
    "group.created": lambda cast, by: create_group(name="Rehab", kind=GroupKind.UNIT, by=by),
    "group.renamed": lambda cast, by: rename_group(cast.harbor.group, name="Main", kind=GroupKind.SITE, by=by),
    "channel.created": lambda cast, by: create_channel(
        group=cast.harbor.group, name="Blog", network=Network.LOCAL, by=by
    ),
    "channel.renamed": lambda cast, by: rename_channel(cast.heart, name="Heart and vessels", by=by),
    "channel.changed": lambda cast, by: update_channel(cast.heart, character_limit=280, max_lateness_minutes=30, by=by),
}
OTHERS = ("alice", "rita", "priya", "sam", "olga", "mallory", "nobody")


def last_event() -> Event:
    return Event.objects.latest("seq")


@pytest.mark.parametrize("verb", ACTS)
def test_an_administrator_may_and_it_is_recorded(cast: Cast, verb: str) -> None:
    ACTS[verb](cast, cast.adam)
    event = last_event()
    assert (event.verb, event.actor_id, event.actor_name, event.actor_role) == (
        verb,
        str(cast.adam.pk),
        "Adam Example",
        "administrator",
    )
    assert verify_chain().ok


@pytest.mark.parametrize("who", OTHERS)
@pytest.mark.parametrize("verb", ACTS)
def test_nobody_else_may_and_the_attempt_is_recorded(cast: Cast, verb: str, who: str) -> None:
    person: User = getattr(cast, who)
    before = (User.objects.count(), Grant.objects.count(), OneTimeLink.objects.count())
    extra = 1 if verb == "person.link_reissued" else 0  # the newcomer that the test itself creates
    with pytest.raises(Denied) as caught:
        ACTS[verb](cast, person)
    assert [reason.code for reason in caught.value.reasons] == ["not_allowed"]
    event = last_event()
    assert (event.verb, event.actor_id) == (f"{verb}.refused", str(person.pk))
    assert json.loads(event.body)["data"] == {"reasons": ["not_allowed"]}
    assert (User.objects.count() - extra, Grant.objects.count(), OneTimeLink.objects.count()) == before


def test_a_deactivated_administrator_is_refused_whatever_their_object_says(cast: Cast) -> None:
    stale = User.objects.get(pk=cast.adam.pk)
    User.objects.filter(pk=cast.adam.pk).update(is_active=False, deactivated_at=clock.now())
    with pytest.raises(Denied):
        rename_person(cast.nobody, name="X", by=stale)


def refused(call: Callable[[], object]) -> list[str]:
    with pytest.raises(Refused) as caught:
        call()
    return [reason.code for reason in caught.value.reasons]


def test_nobody_gives_a_role_to_themselves(cast: Cast) -> None:
    assert refused(lambda: grant_role(cast.adam, role=Role.COMPLIANCE_OFFICER, by=cast.adam)) == ["self_grant"]
    assert last_event().verb == "grant.given.refused"
    with pytest.raises(DatabaseError), transaction.atomic():
        Grant.objects.create(user=cast.adam, role=Role.AUTHOR, starts_at=clock.now(), granted_by=cast.adam)


def test_the_last_administrator_stays(cast: Cast) -> None:
    grant = cast.adam.grants.get()
    assert refused(lambda: end_grant(grant, by=cast.adam)) == ["last_administrator"]
    assert refused(lambda: deactivate_person(cast.adam, by=cast.adam)) == ["self_deactivation", "last_administrator"]


def test_an_administrator_without_a_password_or_with_an_end_does_not_count_as_another_one(cast: Cast) -> None:
    give(newcomer(), Role.ADMINISTRATOR)
    ending = give(cast.rob, Role.ADMINISTRATOR)
    Grant.objects.filter(pk=ending.pk).update(ends_at=clock.now() + timedelta(days=1))
    assert refused(lambda: end_grant(cast.adam.grants.get(), by=cast.adam)) == ["last_administrator"]
    give(cast.rita, Role.ADMINISTRATOR)
    end_grant(cast.adam.grants.get(), by=cast.adam)
    assert not cast.adam.has_perm("org.people")


def test_deactivation_ends_roles_links_and_sessions_at_once(cast: Cast) -> None:
    grant_role(cast.nobody, role=Role.AUTHOR, starts_at=clock.now() + timedelta(days=3), by=cast.adam)
    grant_role(cast.nobody, role=Role.SCHEDULER, by=cast.adam)
    reset_link(cast.nobody, by=cast.adam)
    phone, desk = Client(), Client()
    for client in (phone, desk):
        assert client.post("/account/login/", {"login": cast.nobody.email, "password": PASSWORD}).status_code == 302
        assert client.get("/me/").status_code == 200
    deactivate_person(cast.nobody, by=cast.adam)
    for client in (phone, desk):
        answer = client.get("/me/")
        assert (answer.status_code, answer["Location"]) == (302, "/account/login/?next=/me/")
    assert not Grant.objects.in_force(clock.now() + timedelta(days=9)).filter(user=cast.nobody).exists()
    assert not OneTimeLink.objects.filter(user=cast.nobody, cancelled_at__isnull=True).exists()
    verbs = list(Event.objects.order_by("-seq").values_list("verb", flat=True)[:3])
    assert verbs == ["person.deactivated", "grant.ended", "grant.ended"]


def test_reactivation_brings_back_neither_roles_nor_password(cast: Cast) -> None:
    deactivate_person(cast.alice, by=cast.adam)
    reactivate_person(cast.alice, by=cast.adam)
    back = User.objects.get(pk=cast.alice.pk)
    assert (back.is_active, back.deactivated_at, back.has_usable_password()) == (True, None, False)
    assert not back.has_perm("posts.write", cast.harbor)
    assert refused(lambda: reactivate_person(back, by=cast.adam)) == ["already_active"]


def test_deactivating_twice_is_refused(cast: Cast) -> None:
    assert refused(lambda: deactivate_person(gone(cast), by=cast.adam)) == ["already_deactivated"]


def test_a_grant_needs_an_active_person_and_a_sensible_time_and_is_not_given_twice(cast: Cast) -> None:
    moment = clock.now()
    assert refused(lambda: grant_role(cast.nobody, role=Role.AUTHOR, ends_at=moment, by=cast.adam)) == [
        "ends_before_start"
    ]
    group = cast.harbor.group
    assert refused(lambda: grant_role(cast.alice, role=Role.AUTHOR, group=group, by=cast.adam)) == ["already_granted"]
    assert refused(lambda: grant_role(gone(cast), role=Role.AUTHOR, by=cast.adam)) == ["deactivated"]
    with pytest.raises(ValueError, match="not on both"):
        grant_role(cast.nobody, role=Role.AUTHOR, group=group, channel=cast.harbor, by=cast.adam)


def test_a_grant_is_ended_once_and_stays_in_history(cast: Cast) -> None:
    grant = cast.alice.grants.get()
    end_grant(grant, by=cast.adam)
    grant.refresh_from_db()
    assert (grant.ended_by, grant.ends_at is not None) == (cast.adam, True)
    assert refused(lambda: end_grant(grant, by=cast.adam)) == ["already_ended"]
    with pytest.raises(DatabaseError), transaction.atomic():
        grant.delete()


def test_a_role_that_has_not_begun_can_be_ended(cast: Cast) -> None:
    coming = grant_role(cast.nobody, role=Role.AUTHOR, starts_at=clock.now() + timedelta(days=3), by=cast.adam)
    ended = end_grant(coming, by=cast.adam)
    assert ended.ends_at == ended.starts_at
    assert not cast.nobody.has_perm("posts.write", at=clock.now() + timedelta(days=4))


@pytest.mark.parametrize(
    ("email", "name", "codes"),
    [
        ("ALICE@example.org", "Alice Again", ["email_in_use"]),
        ("no address", "Newcomer", ["email_invalid"]),
        ("new@example.org", "  ", ["name_missing"]),
        ("new@example.org", "x" * 201, ["name_too_long"]),
    ],
)
def test_an_invitation_needs_a_name_and_a_free_address(cast: Cast, email: str, name: str, codes: list[str]) -> None:
    assert refused(lambda: invite_person(email=email, name=name, by=cast.adam)) == codes


def test_a_rename_that_changes_nothing_records_nothing_and_old_events_keep_the_old_name(cast: Cast) -> None:
    rename_person(cast.adam, name="Adam Berg", job_title="IT", by=cast.adam)
    rename_person(cast.adam, name="Adam Berg", job_title="IT", by=cast.adam)
    assert list(Event.objects.values_list("verb", "actor_name")) == [("person.renamed", "Adam Example")]
    assert json.loads(last_event().body)["data"] == {"fields": ["name", "job_title"]}


def test_no_event_holds_a_token_or_an_address(cast: Cast) -> None:
    _person, token = invite_person(email="new@example.org", name="Newcomer", by=cast.adam)
    told = " ".join(Event.objects.values_list("body", flat=True))
    assert token not in told
    assert "new@example.org" not in told
