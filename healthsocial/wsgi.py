"""WSGI entry point."""

import os

from django.core.wsgi import get_wsgi_application

from healthsocial.logs import quiet_hooks

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "healthsocial.settings")

quiet_hooks()
application = get_wsgi_application()
