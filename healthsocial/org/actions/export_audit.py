"""Hand out the audit record, or a part of it. Who took it, why, and what is in it are recorded first."""

from healthsocial.audit.export import Extract
from healthsocial.audit.log import Actor, action
from healthsocial.org import guards
from healthsocial.org.enums import ExportReason
from healthsocial.org.models import User


def export_audit(extract: Extract, *, reason: ExportReason, by: User, kind: str = "person") -> Extract:
    """Needs `audit.export`. The event stands behind the last one of the extract, so it is never part of it.

    The reason is a code: events hold no free text. `kind` is "command" from the shell.
    """
    person = guards.acting(by, "audit.export")
    actor = Actor(kind, person.id, person.name, person.role)
    with action("audit.exported", actor=actor, target=("organisation", "1")) as act:
        guards.require(by, "audit.export")
        act.record(
            "audit.exported",
            data={
                "first": extract.first,
                "last": extract.last,
                "digest": extract.digest,
                "reason": ExportReason(reason).value,
            },
        )
    return extract
