"""The Celery application. Tasks are `shared_task`s of the apps; the broker only carries "look now" with ids."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "healthsocial.settings")

app = Celery("healthsocial")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
