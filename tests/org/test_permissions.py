"""Grants answer "role on every channel"; nothing else does."""

from datetime import timedelta

import pytest

from healthsocial import clock
from healthsocial.org.models import Channel, Grant, User
from healthsocial.org.permissions import channels_where, may_anywhere, role_used
from healthsocial.org.queries import roles_held
from healthsocial.org.roles import PERMISSIONS, Role
from tests.conftest import Cast, give


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("permission", list(PERMISSIONS))
def test_a_role_carries_exactly_the_permissions_of_the_table(cast: Cast, role: Role, permission: str) -> None:
    give(cast.nobody, role)
    expected = role in PERMISSIONS[permission]
    assert cast.nobody.has_perm(permission) is expected
    assert cast.nobody.has_perm(permission, cast.harbor) is expected
    assert may_anywhere(cast.nobody, permission) is expected


def test_nobody_is_a_superuser(cast: Cast) -> None:
    assert (cast.adam.is_superuser, cast.adam.is_staff, cast.adam.has_module_perms("org")) == (False, False, False)
    assert not cast.adam.has_perm("posts.approve", cast.harbor)
    with pytest.raises(KeyError):
        cast.adam.has_perm("posts.no_such_thing")


def test_an_empty_collection_is_refused(cast: Cast) -> None:
    assert cast.adam.has_perm("org.channels", []) is False
    assert cast.alice.has_perm("posts.write", iter([])) is False


def test_a_group_grant_covers_its_channels_and_no_others(cast: Cast) -> None:
    assert cast.alice.has_perm("posts.write", [cast.harbor, cast.heart])
    assert not cast.alice.has_perm("posts.write", [cast.harbor, cast.other])
    assert not cast.alice.has_perm("posts.write")
    assert list(Channel.objects.filter(channels_where(cast.mallory, "posts.write"))) == [cast.other]


def test_a_channel_grant_covers_one_channel(cast: Cast) -> None:
    give(cast.nobody, Role.AUTHOR, channel=cast.heart)
    assert cast.nobody.has_perm("posts.write", cast.heart)
    assert not cast.nobody.has_perm("posts.write", [cast.harbor, cast.heart])


def test_several_grants_together_cover_every_channel(cast: Cast) -> None:
    give(cast.alice, Role.AUTHOR, channel=cast.other)
    assert cast.alice.has_perm("posts.write", [cast.harbor, cast.other])
    assert role_used(cast.alice, "posts.write", [cast.harbor]) == "author"


def _grant(person: User, starts_in: timedelta, ends_in: timedelta | None) -> Grant:
    at = clock.now()
    return Grant.objects.create(
        user=person, role=Role.AUDITOR, starts_at=at + starts_in, ends_at=at + ends_in if ends_in else None
    )


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("starts_in", "ends_in", "holds"),
    [(-HOUR, None, True), (-HOUR, HOUR, True), (HOUR, None, False), (-2 * HOUR, -HOUR, False), (-HOUR, -HOUR, False)],
)
def test_only_grants_in_force_count(cast: Cast, starts_in: timedelta, ends_in: timedelta | None, holds: bool) -> None:
    _grant(cast.nobody, starts_in, ends_in)
    assert cast.nobody.has_perm("audit.see") is holds
    assert roles_held(cast.nobody) == ([Role.AUDITOR] if holds else [])
    assert cast.nobody.has_perm("audit.see", at=clock.now() + 3 * HOUR) is (ends_in is None)


def test_a_deactivated_person_holds_nothing_even_with_a_grant_in_force(cast: Cast) -> None:
    cast.adam.is_active = False
    assert not cast.adam.has_perm("org.people")
    assert roles_held(cast.adam) == []
