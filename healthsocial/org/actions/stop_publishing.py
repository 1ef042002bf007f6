"""Stop all publishing until a person says go."""

from healthsocial import clock
from healthsocial.audit.log import Actor, action
from healthsocial.org import guards


def stop_publishing(
    why: str, *, actor: Actor, restored_seq: int | None = None, replaced_seq: int | None = None
) -> None:
    """Used by a restore: what went out after the backup is not in it, so a person looks at the channels first.

    `restored_seq` is the last event of the backup, `replaced_seq` the last one of the database that it replaced.
    """
    with action("publishing.stopped", actor=actor, target=("organisation", "1")) as act:
        organisation = guards.lock_people()
        organisation.publishing_stopped_at = clock.now()
        organisation.publishing_stopped_why = why
        organisation.save(update_fields=["publishing_stopped_at", "publishing_stopped_why"])
        act.record("publishing.stopped", data={"restored_seq": restored_seq, "replaced_seq": replaced_seq})
