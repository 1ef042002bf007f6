"""Channels, groups and settings: what is refused, and why."""

import json
from collections.abc import Callable

import pytest

from healthsocial.audit.log import Denied, Refused
from healthsocial.audit.models import Event
from healthsocial.org.actions.change_settings import change_settings
from healthsocial.org.actions.create_channel import create_channel
from healthsocial.org.actions.create_group import create_group
from healthsocial.org.actions.rename_channel import rename_channel
from healthsocial.org.actions.rename_group import rename_group
from healthsocial.org.actions.update_channel import update_channel
from healthsocial.org.enums import GroupKind, Network, PracticeMode
from healthsocial.org.models import Channel, Organisation
from healthsocial.org.queries import organisation
from healthsocial.org.roles import Role
from tests.conftest import Cast, give


def refused(call: Callable[[], object]) -> list[str]:
    with pytest.raises(Refused) as caught:
        call()
    return [reason.code for reason in caught.value.reasons]


def data() -> object:
    return json.loads(Event.objects.latest("seq").body)["data"]


def test_an_address_is_made_once_and_stays_after_a_rename(cast: Cast) -> None:
    group = cast.harbor.group
    blog = create_channel(group=group, name="Blog", network=Network.LOCAL, by=cast.adam)
    assert blog.slug == "main-campus-blog"
    assert rename_channel(blog, name="Journal", by=cast.adam).slug == "main-campus-blog"
    assert create_channel(group=group, name="Blog", network=Network.LOCAL, by=cast.adam).slug == "main-campus-blog-2"


def test_a_name_without_latin_letters_gets_a_plain_address(cast: Cast) -> None:
    group = create_group(name="医院", kind=GroupKind.SITE, by=cast.adam)
    assert create_channel(group=group, name="新聞", network=Network.LOCAL, by=cast.adam).slug == "channel"


def test_names_are_free_within_their_place(cast: Cast) -> None:
    group = cast.harbor.group
    local = Network.LOCAL
    assert refused(lambda: create_channel(group=group, name="HARBOR NEWS", network=local, by=cast.adam)) == [
        "name_in_use"
    ]
    assert refused(lambda: rename_channel(cast.heart, name="Harbor news", by=cast.adam)) == ["name_in_use"]
    assert refused(lambda: rename_channel(cast.heart, name=" ", by=cast.adam)) == ["name_missing"]
    assert refused(lambda: create_group(name="main campus", kind=GroupKind.SITE, by=cast.adam)) == ["name_in_use"]
    assert refused(lambda: rename_group(group, name="West clinic", kind=GroupKind.SITE, by=cast.adam)) == [
        "name_in_use"
    ]
    assert create_channel(group=cast.other.group, name="Harbor news", network=local, by=cast.adam).name == "Harbor news"


def test_the_practice_network_is_for_demo_databases_only(cast: Cast) -> None:
    group, practice = cast.harbor.group, Network.PRACTICE
    codes = refused(lambda: create_channel(group=group, name="Practice", network=practice, by=cast.adam))
    assert codes == ["practice_in_demo_only"]
    codes = refused(
        lambda: update_channel(
            cast.harbor, character_limit=280, max_lateness_minutes=None, practice_mode=PracticeMode.REFUSE, by=cast.adam
        )
    )
    assert codes == ["practice_in_demo_only"]


def test_on_a_demo_database_the_practice_network_can_be_told_how_to_answer(cast: Cast) -> None:
    Organisation.objects.all().delete()
    Organisation.objects.create(created_as_demo=True)
    channel = create_channel(group=cast.harbor.group, name="Practice", network=Network.PRACTICE, by=cast.adam)
    update_channel(
        channel, character_limit=2000, max_lateness_minutes=None, practice_mode=PracticeMode.SLOW, by=cast.adam
    )
    assert Channel.objects.get(pk=channel.pk).practice_mode == "slow"
    assert data() == {"practice_mode": ["accept", "slow"]}


@pytest.mark.parametrize(
    ("limit", "lateness", "codes"),
    [
        (19, None, ["limit_range"]),
        (100_001, None, ["limit_range"]),
        (280, 0, ["lateness_range"]),
        (280, 10_081, ["lateness_range"]),
        (1, 0, ["limit_range", "lateness_range"]),
    ],
)
def test_numbers_stay_in_their_bounds(cast: Cast, limit: int, lateness: int | None, codes: list[str]) -> None:
    assert (
        refused(lambda: update_channel(cast.heart, character_limit=limit, max_lateness_minutes=lateness, by=cast.adam))
        == codes
    )


def test_a_change_is_recorded_with_old_and_new_and_no_change_with_nothing(cast: Cast) -> None:
    for _time in range(2):
        update_channel(cast.heart, character_limit=280, max_lateness_minutes=30, by=cast.adam)
    assert Event.objects.count() == 1
    assert data() == {"character_limit": [2000, 280], "max_lateness_minutes": [None, 30]}
    rename_channel(cast.heart, name=cast.heart.name, by=cast.adam)
    rename_group(cast.heart.group, name=cast.heart.group.name, kind=GroupKind.SITE, by=cast.adam)
    assert Event.objects.count() == 1


def test_an_administrator_of_a_group_works_inside_it_only(cast: Cast) -> None:
    give(cast.nobody, Role.ADMINISTRATOR, group=cast.harbor.group)
    create_channel(group=cast.harbor.group, name="Blog", network=Network.LOCAL, by=cast.nobody)
    update_channel(cast.heart, character_limit=280, max_lateness_minutes=None, by=cast.nobody)
    for call in (
        lambda: create_channel(group=cast.other.group, name="Blog", network=Network.LOCAL, by=cast.nobody),
        lambda: update_channel(cast.other, character_limit=280, max_lateness_minutes=None, by=cast.nobody),
        lambda: create_group(name="Rehab", kind=GroupKind.UNIT, by=cast.nobody),
        lambda: settings(cast.nobody),
    ):
        with pytest.raises(Denied):
            call()


def settings(by: object, **changes: object) -> Organisation:
    wanted = {
        "name": "Harbor Health",
        "zone": "America/Chicago",
        "max_lateness_minutes": 60,
        "approved_window_days": 7,
        **changes,
    }
    return change_settings(**wanted, by=by)  # type: ignore[arg-type]


def test_settings_are_changed_by_an_administrator_and_recorded_without_the_name(cast: Cast) -> None:
    organisation()
    settings(cast.adam)
    row = organisation()
    assert (row.name, row.zone, row.max_lateness_minutes, row.approved_window_days, row.changed_by) == (
        "Harbor Health",
        "America/Chicago",
        60,
        7,
        cast.adam,
    )
    assert data() == {
        "name": "changed",
        "zone": ["UTC", "America/Chicago"],
        "max_lateness_minutes": [120, 60],
        "approved_window_days": [14, 7],
    }
    settings(cast.adam)
    assert Event.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"zone": "Europe/Nowhere"}, "zone_unknown"),
        ({"zone": "../../etc/passwd"}, "zone_unknown"),
        ({"zone": ""}, "zone_unknown"),
        ({"name": ""}, "name_missing"),
        ({"max_lateness_minutes": 0}, "lateness_range"),
        ({"approved_window_days": 366}, "window_range"),
    ],
)
def test_settings_that_make_no_sense_are_refused(cast: Cast, changes: dict[str, object], code: str) -> None:
    assert refused(lambda: settings(cast.adam, **changes)) == [code]


@pytest.mark.parametrize("who", ["alice", "rita", "priya", "sam", "olga", "mallory", "nobody"])
def test_nobody_else_changes_settings(cast: Cast, who: str) -> None:
    with pytest.raises(Denied):
        settings(getattr(cast, who))
    assert Event.objects.latest("seq").verb == "organisation.changed.refused"
