"""Mailing one-time links. A mail carries a link and who it is for, nothing else."""

import logging
import smtplib

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.utils.translation import gettext as _

from healthsocial.org import links
from healthsocial.org.models import Organisation, User

log = logging.getLogger(__name__)
TIMEOUT_SECONDS = 10


def mail_link(person: User, token: str, organisation: Organisation) -> bool:
    """Send the link; False when no mail server is set or it did not take the mail (then the link must be shown).

    Call it after the action has committed.
    """
    if not settings.MAIL_CONFIGURED:
        return False
    message = EmailMessage(
        # One line, whatever the name holds: a header with two is refused, and the link would be lost.
        subject=" ".join((_("Your sign-in link for %(organisation)s") % {"organisation": organisation.name}).split()),
        body=_("Hello %(name)s,\n\nchoose your password here:\n\n%(link)s\n\nThe link works once, for %(days)s days.")
        % {
            "name": person.name,
            "link": links.address(token),
            "days": links.VALID_FOR.days,
        },
        to=[person.email],
        connection=get_connection(timeout=TIMEOUT_SECONDS),
    )
    try:
        return message.send() == 1
    except (OSError, smtplib.SMTPException) as error:
        log.warning("link mail for person %s was not taken: %s", person.pk, type(error).__name__)
        return False
