from django.apps import AppConfig
from django.core import checks
from django.db.models.signals import post_migrate


class AuditConfig(AppConfig):
    name = "healthsocial.audit"
    label = "audit"

    def ready(self) -> None:
        from healthsocial.audit import triggers

        post_migrate.connect(triggers.install_after_migrate, dispatch_uid="healthsocial.audit.triggers")
        checks.register(triggers.check_installed, checks.Tags.database)
