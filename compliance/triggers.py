"""What the database refuses about checks, answers and authorizations."""

from healthsocial.audit.triggers import Trigger, forbid_change, forbid_loss, register

register(
    *forbid_change("compliance_finding", "findings are written once", "id", "run_id, position"),
    *forbid_change("compliance_answer", "answers are written once", "id", "thread, turn"),
    Trigger("compliance_checkrun_no_delete", "compliance_checkrun", "DELETE", "check runs cannot be removed"),
    *forbid_loss("compliance_checkrun", "check runs cannot be removed", "id", "thread, turn"),
    Trigger(
        "compliance_checkrun_starts",
        "compliance_checkrun",
        "INSERT",
        "a check run starts as queued",
        condition="NEW.state <> 'queued'",
    ),
    Trigger(
        "compliance_checkrun_same_text",
        "compliance_checkrun",
        "UPDATE",
        "a check run belongs to one version",
        condition=(
            "NEW.id <> OLD.id OR NEW.thread <> OLD.thread OR NEW.version <> OLD.version OR NEW.seal <> OLD.seal"
            " OR NEW.turn <> OLD.turn"
        ),
    ),
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
    *forbid_loss("compliance_authorization", "authorizations are revoked, never deleted", "id", "number"),
    Trigger("compliance_subject_no_delete", "compliance_subject", "DELETE", "subjects cannot be removed"),
    *forbid_loss("compliance_subject", "subjects cannot be removed", "id", "token"),
)
