"""Change the organisation's settings."""

from healthsocial.audit.log import Refused, action
from healthsocial.org import guards
from healthsocial.org.models import Organisation, User


def change_settings(
    *, name: str, zone: str, max_lateness_minutes: int, approved_window_days: int, by: User
) -> Organisation:
    """Needs `org.settings`. Slots keep the zone they were made in; a new zone is for new ones and for showing times."""
    with action("organisation.changed", actor=guards.acting(by, "org.settings"), target=("organisation", "1")) as act:
        organisation = guards.lock_people()
        by = guards.require(by, "org.settings")
        reasons = [
            *guards.name_reasons(name, 160),
            *guards.zone_reasons(zone),
            *guards.lateness_reasons(max_lateness_minutes),
            *guards.window_reasons(approved_window_days),
        ]
        if reasons:
            raise Refused(*reasons)
        wanted: dict[str, object] = {
            "name": name.strip(),
            "zone": zone,
            "max_lateness_minutes": max_lateness_minutes,
            "approved_window_days": approved_window_days,
        }
        changed = {
            field: [getattr(organisation, field), value]
            for field, value in wanted.items()
            if getattr(organisation, field) != value
        }
        for field in changed:
            setattr(organisation, field, wanted[field])
        if changed:
            organisation.changed_by = by
            organisation.save(update_fields=[*changed, "changed_by"])
            # The name is free text: the record says that it changed, not what it says.
            facts = {field: "changed" if field == "name" else pair for field, pair in changed.items()}
            act.record("organisation.changed", data=facts)
        else:
            act.nothing_changed()
    return organisation
