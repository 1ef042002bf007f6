"""WSGI entry point."""

import os

from django.core.wsgi import get_wsgi_application

from healthsocial import celery  # noqa: F401  wake-ups go to the configured broker
from healthsocial.logs import quiet_hooks

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "healthsocial.settings")

quiet_hooks()
application = get_wsgi_application()
