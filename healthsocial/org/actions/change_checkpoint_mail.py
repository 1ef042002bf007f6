"""Change who gets each checkpoint of the audit record by mail."""

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from healthsocial import crypto
from healthsocial.audit.log import Reason, Refused, action
from healthsocial.org import guards
from healthsocial.org.models import Organisation, User


def change_checkpoint_mail(address: str, *, by: User) -> Organisation:
    """Needs `org.settings`. Empty: nobody. The record holds a keyed digest of the address: it may be a person's name."""
    target = ("organisation", "1")
    with action("checkpoint.mail_changed", actor=guards.acting(by, "org.settings"), target=target) as act:
        organisation = guards.lock_people()
        by = guards.require(by, "org.settings")
        address = address.strip()
        if address:
            try:
                validate_email(address)
            except ValidationError as error:
                raise Refused(Reason("email_invalid", _("This is not an e-mail address.")), status=422) from error
        if address == organisation.checkpoint_mail:
            act.nothing_changed()
            return organisation
        organisation.checkpoint_mail, organisation.changed_by = address, by
        organisation.save(update_fields=["checkpoint_mail", "changed_by"])
        act.record(
            "checkpoint.mail_changed",
            data={"on": bool(address), "address": crypto.mac("checkpoint_mail", address) if address else None},
        )
    return organisation
