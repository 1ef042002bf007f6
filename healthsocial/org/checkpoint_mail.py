"""Mailing checkpoints: numbers and digests to somebody outside, no text of any post, no name."""

import logging
import smtplib

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.utils.translation import gettext as _

from healthsocial.audit.checkpoints import Checkpoint
from healthsocial.org.queries import organisation

log = logging.getLogger(__name__)
TIMEOUT_SECONDS = 10


def mail_checkpoint(checkpoint: Checkpoint) -> bool:
    """Send it to the address under Settings, when there is one. False when it should have gone and did not.

    Called for new checkpoints only: while the record does not move, nothing is sent.
    """
    address = organisation().checkpoint_mail
    if not address:
        return True
    if not settings.MAIL_CONFIGURED:
        log.error("checkpoint %s was not mailed: no mail server is set", checkpoint.seq)
        return False
    message = EmailMessage(
        subject=_("Audit checkpoint %(seq)s") % {"seq": checkpoint.seq},
        body="\n".join(
            [
                _("Keep this message. It shows later whether the audit record still says the same."),
                "",
                f"python manage.py verify_audit --head {checkpoint.name}",
                f"python verify.py EXPORT.zip --checkpoint {checkpoint.name}",
                "",
                checkpoint.line(),
                "",
            ]
        ),
        to=[address],
        connection=get_connection(timeout=TIMEOUT_SECONDS),
    )
    try:
        if message.send() == 1:
            return True
        log.error("checkpoint %s was not mailed: the mail server took nothing", checkpoint.seq)
    except (OSError, smtplib.SMTPException) as error:
        log.error("checkpoint %s was not mailed: %s", checkpoint.seq, type(error).__name__)
    return False
