"""One-time links: making them, finding them, ending them. Only a digest of the token is ever stored."""

import hashlib
import secrets
from datetime import timedelta

from django.conf import settings
from django.urls import reverse

from healthsocial import clock
from healthsocial.org.enums import LinkPurpose
from healthsocial.org.models import OneTimeLink, User

VALID_FOR = timedelta(days=7)


def token_digest(token: str) -> str:
    """Plain SHA-256 is enough here: the token has 256 random bits, so there is nothing to guess."""
    return hashlib.sha256(token.encode()).hexdigest()


def issue(person: User, purpose: LinkPurpose) -> str:
    """End earlier links of the person and make a new one; the token is returned once and never stored.

    Call it inside an action.
    """
    cancel(person)
    token = secrets.token_urlsafe(32)
    moment = clock.now()
    OneTimeLink.objects.create(
        user=person, purpose=purpose, token_digest=token_digest(token), created_at=moment, expires_at=moment + VALID_FOR
    )
    return token


def cancel(person: User) -> int:
    """End every open link of the person; how many there were."""
    return OneTimeLink.objects.filter(user=person, used_at__isnull=True, cancelled_at__isnull=True).update(
        cancelled_at=clock.now()
    )


def address(token: str) -> str:
    """The full address of a link, for a mail, the page that shows it once, or the command."""
    return settings.SITE_URL.rstrip("/") + reverse("org:link", args=[token])
