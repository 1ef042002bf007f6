"""Names that hide something are refused; refused forms keep what was typed; no mail server, no mail form."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from healthsocial.audit.log import Refused
from healthsocial.org.actions.create_group import create_group
from healthsocial.org.actions.invite_person import invite_person
from healthsocial.org.actions.rename_channel import rename_channel
from healthsocial.org.actions.rename_person import rename_person
from healthsocial.org.enums import GroupKind
from tests.conftest import Cast


@pytest.mark.parametrize("name", ["Ada\u202eLovelace", "Ada\u200bLovelace", "Ada\u0007Lovelace", "Ada\u3164"])
def test_names_with_invisible_characters_are_refused(cast: Cast, name: str) -> None:
    admin = Client()
    admin.force_login(cast.adam)
    answer = admin.post(reverse("org:invite"), {"name": name, "email": "ada@example.org"})
    assert answer.status_code == 422
    assert "holds invisible characters" in answer.content.decode()
    assert admin.post(reverse("org:group_create"), {"name": name, "kind": "site"}).status_code == 422
    acts: tuple[Callable[[], object], ...] = (
        lambda: invite_person(email="ada@example.org", name=name, by=cast.adam),
        lambda: rename_person(cast.alice, name="Alice", job_title=name + "x", by=cast.adam),
        lambda: create_group(name=name, kind=GroupKind.SITE, by=cast.adam),
        lambda: rename_channel(cast.harbor, name=name, by=cast.adam),
    )
    for act in acts:
        with pytest.raises(Refused) as refused:
            act()
        assert "name_unseen" in [reason.code for reason in refused.value.reasons]


def test_a_refused_role_keeps_the_form(cast: Cast) -> None:
    admin = Client()
    admin.force_login(cast.adam)
    typed = {"role": "author", "where": f"group:{cast.harbor.group_id}", "starts_on": "2090-05-01"}
    again = admin.post(reverse("org:grant", args=[cast.alice.pk]), {**typed, "starts_on": ""})
    assert again.status_code == 409
    form = again.context["grant_form"]
    assert list(form.errors) == ["role"]
    assert form["where"].value() == typed["where"]
    ends = admin.post(reverse("org:grant", args=[cast.rob.pk]), {**typed, "ends_on": "2090-04-01"})
    assert list(ends.context["grant_form"].errors) == ["ends_on"]
    assert 'value="2090-05-01"' in ends.content.decode()
    far = admin.post(reverse("org:grant", args=[cast.rob.pk]), {**typed, "ends_on": "9999-12-31"})
    assert far.status_code == 422


@pytest.mark.parametrize("mail", [True, False])
def test_a_forgotten_password_without_a_mail_server(client: Client, db: None, settings: Any, mail: bool) -> None:
    settings.MAIL_CONFIGURED = mail
    shown = client.get(reverse("account_reset_password")).content.decode()
    assert ("this installation has no mail server" in shown) is not mail
    assert ('name="email"' in shown) is mail
