"""The Celery application. Tasks are `shared_task`s of the apps; the broker only carries "look now" with ids."""

import os

from celery import Celery
from celery.signals import worker_ready

from healthsocial.logs import quiet_hooks

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "healthsocial.settings")

quiet_hooks()
app = Celery("healthsocial")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# Also in the threads of a web process; without it their wake-ups would go to Celery's own default broker.
app.set_default()


@worker_ready.connect
def _say_alive(**_signal: object) -> None:
    """Without this the banner would call a fresh worker silent until beat's first tick."""
    from posts.rounds import beat  # the apps are not loaded when this module is

    beat("worker")
