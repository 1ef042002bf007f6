"""Who may do what. One table: permission -> roles. Grants say on which channels."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Role(TextChoices):
    AUTHOR = "author", _("Author")
    SCHEDULER = "scheduler", _("Scheduler")
    COMPLIANCE_OFFICER = "compliance_officer", _("Compliance officer")
    PRIVACY_OFFICER = "privacy_officer", _("Privacy officer")
    ADMINISTRATOR = "administrator", _("Administrator")
    AUDITOR = "auditor", _("Auditor")


_A, _S, _C, _P, _D, _U = (
    Role.AUTHOR,
    Role.SCHEDULER,
    Role.COMPLIANCE_OFFICER,
    Role.PRIVACY_OFFICER,
    Role.ADMINISTRATOR,
    Role.AUDITOR,
)

PERMISSIONS: dict[str, frozenset[Role]] = {
    # posts
    "posts.see_text": frozenset({_A, _S, _C, _P, _U}),
    "posts.see_titles": frozenset({_A, _S, _C, _P, _U, _D}),
    "posts.write": frozenset({_A}),
    "posts.review": frozenset({_C}),
    "posts.approve": frozenset({_C}),
    "posts.schedule": frozenset({_C, _S}),
    "posts.hold": frozenset({_C, _P}),
    "posts.takedown": frozenset({_C, _P}),
    "posts.settle": frozenset({_C}),
    "posts.redact": frozenset({_P}),
    "posts.crisis_stop": frozenset({_C, _D}),
    # authorizations
    "authorizations.see": frozenset({_P, _C, _U}),
    "authorizations.change": frozenset({_P}),
    # organisation
    "org.people": frozenset({_D}),
    "org.channels": frozenset({_D}),
    "org.settings": frozenset({_D}),
    "org.see_people": frozenset({_D, _U}),
    "audit.see": frozenset({_D, _U, _C, _P}),
    "audit.export": frozenset({_D, _U}),
}


def roles_for(permission: str) -> frozenset[Role]:
    """Roles that carry a permission; an unknown name is a fault in our code and raises KeyError."""
    return PERMISSIONS[permission]
