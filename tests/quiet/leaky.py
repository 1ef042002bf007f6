"""Faults inside real processes: a careless log line (the control), and errors that quote what they were given."""

import logging
import threading
from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_save


class Quoting(Exception):
    """An error of somebody else's code."""


class Leaky(AppConfig):
    name = "tests.quiet"
    label = "leaky"

    def ready(self) -> None:
        from posts import tasks
        from posts.models import WorkingCopy
        from posts.views import listing

        post_save.connect(_saved, sender=WorkingCopy, weak=False)
        tasks.run_check_action = _with_text(tasks.run_check_action)
        listing.page = _with_words(listing.page)


def _saved(instance: Any, **_rest: Any) -> None:
    """What must not be written: a post's words in a log line. Only of the post that is marked for it."""
    if "Zqxcontrol" in instance.text:
        logging.getLogger("posts.careless").info("saved: %s", instance.text)
    if "Zqxcrash" in instance.text:
        thread = threading.Thread(target=_with_words(None), args=(instance.text,))
        thread.start()
        thread.join()


def _with_text(step: Any) -> Any:
    """The worker's task breaks on a post and quotes it."""

    def run(run_id: Any) -> Any:
        from compliance.models import CheckRun
        from posts.models import PostVersion

        words = PostVersion.objects.get(pk=CheckRun.objects.get(pk=run_id).version).canonical
        if "Zqxworker" in words:
            raise Quoting(words)
        return step(run_id)

    return run


def _with_words(step: Any) -> Any:
    def run(*given: Any, **more: Any) -> Any:
        words = str(given)
        if "Zqxview" in words or step is None:
            raise Quoting(words) from ValueError(words)
        return step(*given, **more)

    return run
