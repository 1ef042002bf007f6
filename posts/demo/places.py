"""The demo's people, channels and register, through the actions of their pages."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from compliance.actions.register import add_authorization, add_subject
from compliance.models import Authorization, Subject
from healthsocial import clock
from healthsocial.org import links, queries
from healthsocial.org.actions.change_settings import change_settings
from healthsocial.org.actions.create_channel import create_channel
from healthsocial.org.actions.create_first_admins import create_first_admins
from healthsocial.org.actions.create_group import create_group
from healthsocial.org.actions.grant_role import grant_role
from healthsocial.org.actions.invite_person import invite_person
from healthsocial.org.actions.redeem_link import redeem_link
from healthsocial.org.actions.rename_person import rename_person
from healthsocial.org.enums import GroupKind, Network
from healthsocial.org.models import Channel, ChannelGroup, User
from healthsocial.org.roles import Role
from posts.demo import data


@dataclass
class Places:
    """What the stories refer to by key."""

    people: dict[str, User] = field(default_factory=dict)
    groups: dict[str, ChannelGroup] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    subjects: dict[str, Subject] = field(default_factory=dict)
    authorizations: dict[str, Authorization] = field(default_factory=dict)
    posts: dict[str, UUID] = field(default_factory=dict)
    stop: UUID | None = None


def furnish() -> Places:
    """Build everything but the posts, in the order a new organisation would."""
    places = Places()
    _people(places)
    _channels(places)
    _roles(places)
    _register(places)
    return places


def _people(places: Places) -> None:
    spec = data.hospital()
    firsts = [str(key) for key in spec["administrators"]]
    made = create_first_admins([(data.email(key), spec["people"][key]["name"]) for key in firsts])
    for key, (person, token) in zip(firsts, made, strict=True):
        places.people[key] = _joined(person, token)
    first, second = (places.people[key] for key in firsts)
    for key, other in zip(firsts, (second, first), strict=True):
        row = spec["people"][key]
        places.people[key] = rename_person(places.people[key], name=row["name"], job_title=row["title"], by=other)
    for key, row in spec["people"].items():
        if key not in places.people:
            invited = invite_person(email=data.email(key), name=row["name"], job_title=row["title"], by=first)
            places.people[key] = _joined(*invited)


def _joined(person: User, token: str) -> User:
    """The person opens their link and chooses the demo's password."""
    link = queries.open_link(links.token_digest(token))
    assert link is not None
    return redeem_link(link, password=data.password())


def _channels(places: Places) -> None:
    spec = data.hospital()
    by = places.people[spec["administrators"][0]]
    change_settings(**spec["organisation"], by=by)
    for key, row in spec["groups"].items():
        places.groups[key] = create_group(name=row["name"], kind=GroupKind(row["kind"]), by=by)
    for key, row in spec["channels"].items():
        places.channels[key] = create_channel(
            group=places.groups[row["group"]],
            name=row["name"],
            network=Network(row["network"]),
            character_limit=row.get("limit", 2000),
            by=by,
        )


def _roles(places: Places) -> None:
    spec = data.hospital()
    by = places.people[spec["administrators"][1]]
    for row in spec["roles"]:
        grant_role(
            places.people[row["person"]],
            role=Role(row["role"]),
            group=places.groups[row["group"]] if "group" in row else None,
            channel=places.channels[row["channel"]] if "channel" in row else None,
            by=by,
        )


def _register(places: Places) -> None:
    spec = data.hospital()
    keeper = next(row["person"] for row in spec["roles"] if row["role"] == Role.PRIVACY_OFFICER)
    by = places.people[keeper]
    for key, row in spec["subjects"].items():
        places.subjects[key] = add_subject(by=by, kind=row["kind"], name=row["name"])
    for key, row in spec["authorizations"].items():
        places.authorizations[key] = _authorization(places, row, by)


def _authorization(places: Places, row: dict[str, Any], by: User) -> Authorization:
    now = clock.now()
    everywhere = row["channels"] == "all"
    return add_authorization(
        by=by,
        subject=places.subjects[row["subject"]],
        kind=row["kind"],
        information=row["information"],
        purposes=row["purposes"],
        signed_on=now.date(),
        valid_from=now,
        valid_until=now + timedelta(days=row["days"]),
        all_channels=everywhere,
        channels=() if everywhere else [places.channels[key] for key in row["channels"]],
        document_reference=row["reference"],
    )
