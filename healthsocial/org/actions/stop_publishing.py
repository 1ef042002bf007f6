"""Stop all publishing until a person says go."""

from healthsocial import clock
from healthsocial.audit.log import Actor, action
from healthsocial.org import guards


def stop_publishing(
    why: str,
    *,
    actor: Actor,
    restored_seq: int | None = None,
    replaced_seq: int | None = None,
    checkpoint: str | None = None,
) -> None:
    """Used by a restore: what went out after the backup is not in it, so a person looks at the channels first.

    `restored_seq` is the last event of the backup, `replaced_seq` the last one of the database that it replaced,
    `checkpoint` (SEQ:DIGEST) one that was kept outside and that this database does not hold.
    """
    with action("publishing.stopped", actor=actor, target=("organisation", "1")) as act:
        organisation = guards.lock_people()
        organisation.publishing_stopped_at = clock.now()
        organisation.publishing_stopped_why = why
        organisation.save(update_fields=["publishing_stopped_at", "publishing_stopped_why"])
        facts = {"restored_seq": restored_seq, "replaced_seq": replaced_seq, "checkpoint": checkpoint}
        act.record("publishing.stopped", data=facts)
