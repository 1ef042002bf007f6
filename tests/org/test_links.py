"""One-time links: used once, for seven days, and the token leaks nowhere."""

from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client, override_settings

from healthsocial import clock
from healthsocial.audit.log import Refused
from healthsocial.audit.models import Event
from healthsocial.org.actions.invite_person import invite_person
from healthsocial.org.actions.redeem_link import redeem_link
from healthsocial.org.actions.reissue_link import reissue_link
from healthsocial.org.actions.reset_link import reset_link
from healthsocial.org.links import token_digest
from healthsocial.org.models import OneTimeLink, User
from healthsocial.org.queries import open_link
from tests.conftest import PASSWORD, Cast

NEW = "seven quiet harbour lanterns"


def found(token: str) -> OneTimeLink | None:
    return open_link(token_digest(token))


def test_an_invited_person_chooses_a_password_and_signs_in(cast: Cast, client: Client) -> None:
    person, token = invite_person(email="new@example.org", name="Newcomer", by=cast.adam)
    opened = client.get(f"/link/{token}/")
    assert (opened.status_code, opened["Location"], opened["Referrer-Policy"]) == (302, "/link/open/", "no-referrer")
    page = client.get("/link/open/")
    # With no-referrer here, browsers would send the form with "Origin: null", which the CSRF check refuses.
    assert (page.status_code, page["Referrer-Policy"]) == (200, "same-origin")
    assert token not in page.content.decode()
    assert token not in str(dict(client.session))
    done = client.post("/link/open/", {"password": NEW, "again": NEW})
    assert (done.status_code, done["Location"]) == (303, "/account/login/")
    assert client.post("/account/login/", {"login": "new@example.org", "password": NEW}).status_code == 302
    assert client.get("/me/").status_code == 200
    event = Event.objects.get(verb="person.password_set")
    assert (event.actor_id, event.actor_role) == (str(person.pk), "one-time link")


def test_opening_a_link_changes_nothing(cast: Cast, client: Client) -> None:
    token = reset_link(cast.nobody, by=cast.adam)
    events = Event.objects.count()
    client.get(f"/link/{token}/", follow=True)
    client.get(f"/link/{token}/", follow=True)
    assert found(token) is not None
    assert Event.objects.count() == events
    assert User.objects.get(pk=cast.nobody.pk).check_password(PASSWORD)


def test_a_link_works_once(cast: Cast, client: Client) -> None:
    token = reset_link(cast.nobody, by=cast.adam)
    link = found(token)
    assert link is not None
    redeem_link(link, password=NEW)
    with pytest.raises(Refused, match="link_dead"):
        redeem_link(link, password=NEW + "!")
    assert User.objects.get(pk=cast.nobody.pk).check_password(NEW)
    assert Event.objects.latest("seq").verb == "person.password_set.refused"
    assert client.get(f"/link/{token}/").status_code == 404


def test_a_link_dies_after_seven_days_and_the_page_says_what_to_do(cast: Cast, client: Client) -> None:
    token = reset_link(cast.nobody, by=cast.adam)
    client.get(f"/link/{token}/")
    link = found(token)
    assert link is not None
    assert link.expires_at - link.created_at == timedelta(days=7)
    OneTimeLink.objects.update(created_at=link.created_at - timedelta(days=7), expires_at=clock.now())
    page = client.get("/link/open/")
    assert page.status_code == 404
    assert "Ask an administrator" in page.content.decode()
    assert client.post("/link/open/", {"password": NEW, "again": NEW}).status_code == 404


def test_a_newer_link_ends_the_older_one(cast: Cast) -> None:
    first = reset_link(cast.nobody, by=cast.adam)
    second = reset_link(cast.nobody, by=cast.adam)
    assert (found(first), found(second) is not None) == (None, True)


def test_a_new_password_ends_every_session(cast: Cast) -> None:
    phone, desk = Client(), Client()
    for client in (phone, desk):
        client.post("/account/login/", {"login": cast.nobody.email, "password": PASSWORD})
    link = found(reset_link(cast.nobody, by=cast.adam))
    assert link is not None
    assert phone.get("/me/").status_code == 200
    redeem_link(link, password=NEW)
    assert [client.get("/me/").status_code for client in (phone, desk)] == [302, 302]


@pytest.mark.parametrize(
    ("password", "again", "said"),
    [
        ("short", "short", "too short"),
        ("password1234", "password1234", "too common"),
        ("nobody@example.org", "nobody@example.org", "too similar"),
        (NEW, NEW + "x", "The two passwords differ."),
    ],
)
def test_a_weak_password_is_said_and_the_link_lives_on(
    cast: Cast, client: Client, password: str, again: str, said: str
) -> None:
    token = reset_link(cast.nobody, by=cast.adam)
    client.get(f"/link/{token}/")
    page = client.post("/link/open/", {"password": password, "again": again})
    assert page.status_code == 422
    assert said in page.content.decode()
    assert found(token) is not None


def test_the_action_checks_the_password_too(cast: Cast) -> None:
    token = reset_link(cast.nobody, by=cast.adam)
    link = found(token)
    assert link is not None
    with pytest.raises(Refused) as caught:
        redeem_link(link, password="short")
    assert (caught.value.status, caught.value.reasons[0].code) == (422, "password_too_short")
    assert found(token) is not None


def test_a_link_of_a_person_deactivated_meanwhile_is_dead(cast: Cast) -> None:
    token = reset_link(cast.nobody, by=cast.adam)
    link = found(token)
    assert link is not None
    User.objects.filter(pk=cast.nobody.pk).update(is_active=False, deactivated_at=clock.now())
    assert found(token) is None
    with pytest.raises(Refused, match="link_dead"):
        redeem_link(link, password=NEW)


def test_invitations_are_for_people_without_a_password_and_resets_for_others(cast: Cast) -> None:
    with pytest.raises(Refused, match="already_joined"):
        reissue_link(cast.nobody, by=cast.adam)
    with pytest.raises(Refused, match="own_password"):
        reset_link(cast.adam, by=cast.adam)


def test_using_a_link_signs_out_whoever_sits_there(cast: Cast, client: Client) -> None:
    client.force_login(cast.adam)
    client.get(f"/link/{reset_link(cast.nobody, by=cast.adam)}/")
    client.post("/link/open/", {"password": NEW, "again": NEW})
    assert client.get("/me/").status_code == 302


@pytest.mark.parametrize("path", ["/link/nothing-known/", "/link/open/"])
def test_an_unknown_link_is_a_page_not_an_error(cast: Cast, client: Client, path: str) -> None:
    events = Event.objects.count()
    assert client.get(path).status_code == 404
    assert Event.objects.count() == events


def test_without_a_mail_server_the_link_is_shown_once(cast: Cast, client: Client) -> None:
    client.force_login(cast.adam)
    page = client.post(f"/people/{cast.nobody.pk}/password-link/")
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]
    assert len(mail.outbox) == 0
    link = OneTimeLink.objects.get(user=cast.nobody)
    token = page.context["link"].rstrip("/").rsplit("/", 1)[1]
    assert token_digest(token) == link.token_digest
    assert token not in client.get(f"/people/{cast.nobody.pk}/").content.decode()


@override_settings(MAIL_CONFIGURED=True)
def test_with_a_mail_server_the_link_is_mailed_and_not_shown(cast: Cast, client: Client) -> None:
    client.force_login(cast.adam)
    answer = client.post("/people/invite/", {"name": "Newcomer", "email": "new@example.org"})
    assert answer.status_code == 303
    (message,) = mail.outbox
    assert message.to == ["new@example.org"]
    token = message.body.split("/link/")[1].split("/")[0]
    assert found(token) is not None
    assert token not in client.get(answer["Location"]).content.decode()


@override_settings(MAIL_CONFIGURED=True, EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend", EMAIL_PORT=1)
def test_a_mail_server_that_does_not_answer_means_the_link_is_shown(cast: Cast, client: Client) -> None:
    client.force_login(cast.adam)
    page = client.post(f"/people/{cast.nobody.pk}/password-link/")
    assert page.status_code == 200
    assert "/link/" in page.context["link"]
