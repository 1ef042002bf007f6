"""The demo: complete, believable, all or nothing. Loaded once for the whole class."""

import io
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.hashers import check_password, make_password
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from compliance.models import Authorization, Subject
from healthsocial import clock
from healthsocial.audit import unexplained
from healthsocial.audit.models import Event
from healthsocial.audit.verify import verify_chain
from healthsocial.org import queries
from healthsocial.org.actions.found_demo import found_demo, history_written, turn_history
from healthsocial.org.enums import Network
from healthsocial.org.models import Channel, ChannelGroup, Grant, Organisation, User
from healthsocial.org.roles import Role
from posts import canonical
from posts.actions.deliver import begin_sending, claim_delivery
from posts.demo import data
from posts.demo.hashing import one_hash
from posts.demo.load import Loaded, load
from posts.demo.moments import Calendar
from posts.enums import DeliveryState, State
from posts.models import Approval, Delivery, LocalPublication, Post, PostVersion, WorkingCopy

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="class")
def demo(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[Loaded]:
    """The loaded demo, on the default database, rolled back at the end of the class."""
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        with transaction.atomic():
            yield load()
            transaction.set_rollback(True)
        clock.set_offset(0)


@pytest.mark.usefixtures("demo")
class TestDemo:
    def test_has_the_promised_people_places_and_posts(self, demo: Loaded) -> None:
        assert (demo.people, demo.channels, demo.groups, sum(demo.states.values())) == (12, 8, 3, 40)
        assert (User.objects.count(), Channel.objects.count(), ChannelGroup.objects.count()) == (12, 8, 3)
        assert Post.objects.count() == 40
        assert Counter(Channel.objects.values_list("network", flat=True)) == {Network.LOCAL: 6, Network.PRACTICE: 2}
        assert Counter(ChannelGroup.objects.values_list("kind", flat=True)) == {"site": 2, "unit": 1}

    def test_its_events_explain_every_state_approval_and_grant(self, demo: Loaded) -> None:
        assert unexplained.found() == []

    def test_every_state_stands_still_but_publishing(self, demo: Loaded) -> None:
        assert set(State.values) - set(Post.objects.values_list("state", flat=True)) == {State.PUBLISHING}
        assert set(demo.states) == set(State.values) - {State.PUBLISHING}

    def test_the_post_that_leaves_in_a_moment_is_seen_publishing(self) -> None:
        post = Post.objects.get(title="The harbor from the roof")
        assert post.state == State.SCHEDULED
        assert post.slot_at is not None
        with transaction.atomic():
            clock.set_offset(600)
            Organisation.objects.update(clock_offset_seconds=600)
            slow = Delivery.objects.get(post=post, channel__network=Network.PRACTICE)
            claim = claim_delivery(slow.pk)
            assert claim is not None
            assert begin_sending(claim) is not None
            assert Post.objects.get(pk=post.pk).state == State.PUBLISHING
            transaction.set_rollback(True)

    def test_every_story_ends_where_it_says_and_no_finding_surprises(self, demo: Loaded) -> None:
        assert demo.elsewhere == ()
        assert demo.unexpected == 0

    def test_has_a_person_for_every_role(self) -> None:
        held = Counter(Grant.objects.in_force(clock.now()).values_list("role", flat=True))
        assert set(held) == set(Role.values)
        assert (held[Role.COMPLIANCE_OFFICER], held[Role.ADMINISTRATOR]) == (2, 2)
        assert list(User.objects.filter(is_active=False).values_list("email", flat=True)) == [
            "lucas@harborpoint.example"
        ]
        carmen = User.objects.get(email="carmen@harborpoint.example")
        on = {c.group.name for c in Channel.objects.select_related("group") if carmen.has_perm("posts.write", c)}
        assert on == {"North Shore Clinic"}

    def test_an_officer_tried_to_approve_their_own_post(self) -> None:
        refusal = Event.objects.get(verb="post.approve.refused")
        gideon = User.objects.get(email="gideon@harborpoint.example")
        assert refusal.actor_id == str(gideon.pk)
        assert '"own_post"' in refusal.body
        assert Post.objects.get(pk=refusal.target_id).creator == gideon

    def test_everybody_signs_in_with_the_printed_password(self) -> None:
        people = User.objects.filter(is_active=True)
        assert all(person.check_password(data.password()) for person in people)
        assert not any(person.check_password("something else") for person in people)

    def test_history_lies_behind_and_slots_lie_ahead(self) -> None:
        now = datetime.now(UTC)
        assert Organisation.objects.get().clock_offset_seconds == 0
        assert not Post.objects.filter(created_at__gt=now).exists()
        assert (now - Post.objects.order_by("created_at")[0].created_at).days in range(18, 36)
        waiting = Post.objects.filter(state=State.SCHEDULED)
        assert all(post.slot_at is not None and post.slot_at > now for post in waiting)
        assert not Delivery.objects.filter(state=DeliveryState.DUE).exclude(post__in=waiting).exists()

    def test_revocations_reached_the_posts(self) -> None:
        stopped = Post.objects.filter(reason_code="authorization_ended")
        assert sorted(stopped.values_list("state", flat=True)) == [State.HELD, State.TAKEDOWN_REQUESTED]
        assert Authorization.objects.exclude(revoked_at=None).count() == 2
        assert not LocalPublication.objects.filter(removed_at=None, text__contains="Wilhelmina").exists()

    def test_the_audit_chain_holds(self) -> None:
        verdict = verify_chain()
        assert (verdict.problems, verdict.checked) == ([], Event.objects.count())

    def test_no_words_of_a_post_stand_in_the_record(self) -> None:
        bodies = "\n".join(Event.objects.values_list("body", flat=True))
        words = [w for copy in WorkingCopy.objects.all() for w in (copy.text, copy.first_comment) if w]
        pieces = {text[start : start + 25] for text in words for start in (0, 30) if len(text) >= start + 25}
        assert len(pieces) > 60
        assert [piece for piece in pieces if piece in bodies] == []
        assert [title for title in Post.objects.values_list("title", flat=True) if title in bodies] == []
        assert [s.name for s in Subject.objects.all() if s.name in bodies] == []

    def test_nobody_has_an_address_outside_example(self) -> None:
        assert {address.rpartition("@")[2] for address in User.objects.values_list("email", flat=True)} == {
            "harborpoint.example"
        }

    def test_every_approval_is_by_another_and_of_the_version_that_went_out(self) -> None:
        assert Approval.objects.count() == 24
        for approval in Approval.objects.select_related("post", "version"):
            assert approval.by_id != approval.post.creator_id
            assert approval.seal == canonical.seal_of(approval.version.canonical)
        sent = Delivery.objects.filter(state__in=(DeliveryState.SENT, DeliveryState.REMOVED))
        assert set(sent.values_list("version", flat=True)) <= set(Approval.objects.values_list("version", flat=True))
        assert PostVersion.objects.count() == 35

    def test_is_not_loaded_twice(self) -> None:
        with pytest.raises(CommandError, match="loaded already"):
            call_command("load_demo")
        assert Post.objects.count() == 40

    def test_its_clock_never_goes_back_once_the_history_is_written(self) -> None:
        with pytest.raises(RuntimeError, match="forwards"):
            turn_history(-5)
        with pytest.raises(Exception, match="history_written"):
            history_written()

    def test_its_organisation_cannot_be_replaced(self) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            Organisation.objects.all().delete()

    def test_lists_everybody_with_roles_password_and_a_hint(self) -> None:
        out = io.StringIO()
        call_command("demo_logins", stdout=out)
        lines = out.getvalue().splitlines()
        assert len(lines) == 13
        assert lines[0].split() == ["E-MAIL", "ROLES", "PASSWORD", "TRY", "FIRST"]
        gideon = next(line for line in lines if line.startswith("gideon@"))
        assert "author (Main Campus), compliance officer" in gideon
        assert "harbor-demo-2026" in gideon
        lucas = next(line for line in lines if line.startswith("lucas@"))
        assert "deactivated" in lucas
        assert "harbor-demo-2026" not in lucas


class TestElsewhere:
    def test_refuses_a_database_with_people(self) -> None:
        User.objects.create_user("someone@example.org", "Some One")
        with pytest.raises(CommandError, match="in use"):
            call_command("load_demo")
        assert Post.objects.count() == 0
        assert not Organisation.objects.filter(created_as_demo=True).exists()

    def test_refuses_where_the_public_password_would_be_a_danger(self, settings: Any) -> None:
        settings.PRODUCTION = True
        with pytest.raises(CommandError, match="production"):
            call_command("load_demo")

    def test_replaces_the_row_that_a_first_page_view_made(self) -> None:
        queries.organisation()
        row = found_demo(seconds_behind=60)
        assert (row.created_as_demo, row.clock_offset_seconds) == (True, -60)
        history_written()
        assert Organisation.objects.get().clock_offset_seconds == 0

    def test_a_real_database_has_no_demo_logins(self) -> None:
        queries.organisation()
        with pytest.raises(CommandError, match="not a demo"):
            call_command("demo_logins")

    def test_a_failure_leaves_nothing_behind(self, monkeypatch: pytest.MonkeyPatch) -> None:
        queries.organisation()
        monkeypatch.setitem(data.hospital(), "events", [["-1h", "earthquake", "ruth"]])
        monkeypatch.setattr(data, "stories", lambda: ())
        with pytest.raises(CommandError, match="still empty"):
            call_command("load_demo")
        assert (User.objects.count(), Event.objects.count()) == (0, 0)
        assert not Organisation.objects.get().created_as_demo


def test_one_strong_hash_serves_everybody_and_other_passwords_are_hashed_as_always(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    with one_hash():
        first, second, other = (make_password(word) for word in (data.password(), data.password(), "another one 2026"))
        assert check_password(data.password(), first)
        assert not check_password("another one 2026", first)
        assert check_password("another one 2026", other)
    assert first == second != other
    assert check_password(data.password(), first)
    assert first.startswith("argon2$")


@pytest.mark.parametrize(
    ("start", "text", "wall"),
    [
        ("2026-03-04T15:00", "w-1 fri 09:15", "2026-02-27T09:15"),
        ("2026-03-07T15:00", "w-1 fri 09:15", "2026-03-06T09:15"),  # a Saturday: the week just ended
        ("2026-03-08T15:00", "w+1 mon 08:00", "2026-03-09T08:00"),
        ("2026-03-05T04:30", "d+1 08:00", "2026-03-05T08:00"),  # still Wednesday in New York
        ("2026-03-04T15:00", "-90m", "2026-03-04T08:30"),
        ("2026-03-04T15:00", "-26h", "2026-03-03T08:00"),
    ],
)
def test_moments_are_relative_to_the_day_of_loading(start: str, text: str, wall: str) -> None:
    calendar = Calendar(datetime.fromisoformat(start).replace(tzinfo=UTC), "America/New_York")
    assert calendar.slot(text).wall == wall


def test_a_moment_that_is_not_understood_is_refused() -> None:
    with pytest.raises(ValueError, match="not a moment"):
        Calendar(datetime.now(UTC), "UTC").slot("next Tuesday")


@pytest.mark.parametrize("hour", [0, 5, 12, 23])
@pytest.mark.parametrize("day", [1, 2, 6, 7, 8, 9, 11])  # around a change of clocks, every kind of weekday
def test_the_stories_hold_on_whatever_day_they_are_told(day: int, hour: int) -> None:
    start = datetime(2026, 3, day, hour, 7, tzinfo=UTC)
    calendar = Calendar(start, "America/New_York")
    founded = calendar.at(data.hospital()["founded"])
    for story in data.stories():
        steps = [calendar.at(step[0]) for step in story["steps"]]
        assert steps == sorted(steps), story["key"]
        assert founded < steps[0]
        assert steps[-1] < start
        for at, step in zip(steps, story["steps"], strict=True):
            slot = step[2].get("slot") if len(step) > 2 else None
            if slot is not None:
                assert at < calendar.at(slot), story["key"]
    waiting = [s for s in data.stories() if s["state"] == State.SCHEDULED]
    ends = [calendar.at(step[2]["slot"]) for s in waiting for step in s["steps"][-1:]]
    assert len(ends) == 6
    assert all(start < end and (end - start).days < 14 for end in ends)
    assert all(founded < calendar.at(event[0]) < start for event in data.hospital()["events"])
