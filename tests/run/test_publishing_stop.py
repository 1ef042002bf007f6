"""Stop after a restore, go by a person, and the clock of a demo."""

import pytest
from django.core.management import CommandError, call_command

from healthsocial import clock
from healthsocial.audit.log import Actor, Denied, Refused
from healthsocial.audit.models import Event
from healthsocial.org import queries
from healthsocial.org.actions.demo_clock import set_demo_clock
from healthsocial.org.actions.resume_publishing import resume_publishing
from healthsocial.org.actions.stop_publishing import stop_publishing
from healthsocial.org.models import Organisation
from healthsocial.org.roles import Role
from tests.conftest import Cast, give


def stop() -> None:
    stop_publishing("restored from a backup", actor=Actor("command", "", "restore"), restored_seq=7)


def test_an_administrator_says_go_and_it_is_recorded(cast: Cast) -> None:
    stop()
    assert queries.organisation().publishing_stopped_why == "restored from a backup"
    call_command("resume_publishing", "--by", "ADAM@example.org", verbosity=0)
    assert queries.organisation().publishing_stopped_at is None
    stopped, resumed = Event.objects.filter(verb__startswith="publishing.")
    assert (stopped.verb, stopped.actor_kind, resumed.verb) == ("publishing.stopped", "command", "publishing.resumed")
    assert (resumed.actor_kind, resumed.actor_id, resumed.actor_role) == ("command", str(cast.adam.pk), "administrator")


def test_an_officer_of_the_whole_organisation_may_say_go(cast: Cast) -> None:
    stop()
    give(cast.rob, Role.COMPLIANCE_OFFICER)
    assert resume_publishing(by=cast.rob) is True
    assert resume_publishing(by=cast.rob) is False, "a second go finds nothing to do"


@pytest.mark.parametrize("name", ["rita", "alice", "priya", "sam", "olga", "mallory", "nobody"])
def test_nobody_else_may(cast: Cast, name: str) -> None:
    stop()
    with pytest.raises(Denied):
        resume_publishing(by=getattr(cast, name))
    assert queries.organisation().publishing_stopped_at is not None
    assert Event.objects.filter(verb="publishing.resumed.refused").count() == 1


def test_an_unknown_person_is_one_sentence(cast: Cast) -> None:
    with pytest.raises(CommandError, match="no person with this e-mail address"):
        call_command("resume_publishing", "--by", "who@example.org")


@pytest.fixture
def demo(cast: Cast) -> Cast:
    Organisation.objects.create(created_as_demo=True)
    return cast


def test_the_clock_of_a_demo_moves_and_comes_back(demo: Cast) -> None:
    real = clock.now()
    call_command("set_demo_clock", "--by", "adam@example.org", "--forward", "7d", verbosity=0)
    assert 7 * 86400 <= (clock.now() - real).total_seconds() < 7 * 86400 + 60
    call_command("set_demo_clock", "--by", "adam@example.org", "--forward", "1h30m", verbosity=0)
    assert queries.organisation().clock_offset_seconds == 7 * 86400 + 5400
    call_command("set_demo_clock", "--by", "adam@example.org", "--real", verbosity=0)
    assert queries.organisation().clock_offset_seconds == 0
    assert Event.objects.filter(verb="demo.clock_set").count() == 3


def test_the_clock_of_a_real_database_does_not_move(cast: Cast) -> None:
    with pytest.raises(Refused) as refusal:
        set_demo_clock(60, by=cast.adam)
    assert [reason.code for reason in refusal.value.reasons] == ["not_a_demo"]


def test_the_demo_clock_never_runs_behind_and_needs_an_administrator(demo: Cast) -> None:
    with pytest.raises(CommandError, match="between now and ten years"):
        call_command("set_demo_clock", "--by", "adam@example.org", "--to", "2020-01-01T00:00:00+00:00")
    with pytest.raises(Denied):
        set_demo_clock(60, by=demo.rita)


@pytest.mark.parametrize("arguments", [("--forward", "soon"), ("--to", "tomorrow"), ("--to", "2099-01-01T00:00:00")])
def test_times_that_are_not_understood(demo: Cast, arguments: tuple[str, str]) -> None:
    with pytest.raises(CommandError):
        call_command("set_demo_clock", "--by", "adam@example.org", *arguments)
    assert queries.organisation().clock_offset_seconds == 0
