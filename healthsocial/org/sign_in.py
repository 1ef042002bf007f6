"""What allauth does for us is recorded too: signing in, failing to, and a changed password (law 4)."""

from typing import Any

from allauth.account import signals
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest

from healthsocial import crypto
from healthsocial.audit.log import Actor, action
from healthsocial.org import queries
from healthsocial.org.models import User


def connect() -> None:
    signals.user_logged_in.connect(_signed_in, dispatch_uid="healthsocial.org.signed_in")
    user_login_failed.connect(_failed, dispatch_uid="healthsocial.org.sign_in_failed")
    for signal in (signals.password_changed, signals.password_reset):
        signal.connect(_new_password, dispatch_uid="healthsocial.org.password_changed")


def _signed_in(sender: Any, user: User, **_rest: Any) -> None:
    _record("person.signed_in", user)


def _new_password(sender: Any, request: HttpRequest, user: User, **_rest: Any) -> None:
    _record("person.password_changed", user)


def _failed(sender: Any, credentials: dict[str, Any], **_rest: Any) -> None:
    """Nobody in particular: what was typed may be a password, so it stays out, but for a keyed digest to count tries."""
    typed = str(credentials.get("email") or credentials.get("username") or "")
    with action("person.sign_in_failed", actor=Actor("system", "", "sign-in", "system")) as act:
        act.record("person.sign_in_failed", data={"address": crypto.mac("sign-in", typed.lower())})


def _record(verb: str, user: User) -> None:
    with action(verb, actor=queries.actor(user), target=("person", str(user.pk))) as act:
        act.record(verb)
