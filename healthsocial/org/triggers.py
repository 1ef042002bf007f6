"""What the database refuses about people and the organisation."""

from healthsocial.audit.triggers import Trigger, forbid_loss, register

register(
    Trigger("org_user_no_delete", "org_user", "DELETE", "people are deactivated, never deleted"),
    *forbid_loss("org_user", "people are deactivated, never deleted", "id", "email"),
    Trigger("org_grant_no_delete", "org_grant", "DELETE", "grants are ended, never deleted"),
    *forbid_loss("org_grant", "grants are ended, never deleted"),
    Trigger(
        "org_organisation_stays_real",
        "org_organisation",
        "UPDATE",
        "a real database cannot become a demo, nor a demo real",
        condition="OLD.created_as_demo <> NEW.created_as_demo",
    ),
    Trigger(
        "org_organisation_no_delete",
        "org_organisation",
        "DELETE",
        "the organisation of people cannot be removed",
        condition="EXISTS (SELECT 1 FROM org_user)",
    ),
)
