"""Say go after a restore stopped publishing."""

from healthsocial.audit.log import Actor, action
from healthsocial.org import guards
from healthsocial.org.alerts import close_alert
from healthsocial.org.enums import AlertKind
from healthsocial.org.models import User


def resume_publishing(*, by: User, kind: str = "person") -> bool:
    """Needs `posts.crisis_stop` on everything. True when publishing was stopped. `kind` is "command" from the shell."""
    person = guards.acting(by, "posts.crisis_stop")
    actor = Actor(kind, person.id, person.name, person.role)
    with action("publishing.resumed", actor=actor, target=("organisation", "1")) as act:
        organisation = guards.lock_people()
        guards.require(by, "posts.crisis_stop")
        stopped_at = organisation.publishing_stopped_at
        if stopped_at is None:
            act.nothing_changed()
            return False
        organisation.publishing_stopped_at = None
        organisation.publishing_stopped_why = ""
        organisation.save(update_fields=["publishing_stopped_at", "publishing_stopped_why"])
        close_alert(AlertKind.RECORD)  # whoever says go has compared the channels; the checkpoints go on from here
        act.record("publishing.resumed", data={"stopped_at": stopped_at.isoformat()})
    return True
