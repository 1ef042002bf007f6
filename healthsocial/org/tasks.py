"""Celery tasks of this room. Losing or repeating any of them does no harm."""

from celery import shared_task

from healthsocial.org.actions.keep_checkpoint import keep_checkpoint as keep_checkpoint_action


@shared_task(name="org.keep_checkpoint")
def keep_checkpoint() -> str:
    return keep_checkpoint_action().value
