from django.apps import AppConfig
from django.core import checks


class OrgConfig(AppConfig):
    name = "healthsocial.org"
    label = "org"

    def ready(self) -> None:
        from healthsocial.org import sign_in

        sign_in.connect()
        from healthsocial.org import explained, system_checks, triggers, words  # noqa: F401  (importing registers them)

        checks.register(system_checks.keys_open_the_data, checks.Tags.database)
