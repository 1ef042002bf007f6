"""What the database refuses about checks, answers and authorizations."""

from healthsocial.audit.triggers import Trigger, forbid_change, register

register(
    *forbid_change("compliance_finding", "findings are written once"),
    *forbid_change("compliance_answer", "answers are written once"),
    Trigger("compliance_checkrun_no_delete", "compliance_checkrun", "DELETE", "check runs cannot be removed"),
    Trigger(
        "compliance_checkrun_final",
        "compliance_checkrun",
        "UPDATE",
        "a complete check run cannot be changed",
        condition="OLD.state = 'complete'",
    ),
    Trigger(
        "compliance_authorization_no_delete",
        "compliance_authorization",
        "DELETE",
        "authorizations are revoked, never deleted",
    ),
    Trigger(
        "compliance_authorization_stays_revoked",
        "compliance_authorization",
        "UPDATE",
        "a revoked authorization stays revoked",
        condition="OLD.revoked_at IS NOT NULL",
    ),
    Trigger("compliance_subject_no_delete", "compliance_subject", "DELETE", "subjects cannot be removed"),
)
