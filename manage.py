#!/usr/bin/env python
"""Django's command-line entry point."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "healthsocial.settings")
    from django.core.management import execute_from_command_line

    from healthsocial import celery  # noqa: F401  wake-ups of dispatch go to the configured broker
    from healthsocial.logs import quiet_hooks

    quiet_hooks()
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
