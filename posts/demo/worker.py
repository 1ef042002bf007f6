"""What worker and dispatch would have done meanwhile, with their own functions, in this process."""

from uuid import UUID

from compliance.enums import OPEN_RUN_STATES
from compliance.models import CheckRun
from healthsocial import clock
from posts.actions.check import run_check
from posts.actions.deliver import deliver
from posts.actions.leases import miss_if_passed, posts_past_their_slot, remove_delivery
from posts.enums import DeliveryState, State
from posts.models import Delivery


def run_checks(post_id: UUID) -> None:
    open_runs = CheckRun.objects.filter(thread=post_id, state__in=OPEN_RUN_STATES)
    for pk in open_runs.values_list("pk", flat=True):
        run_check(pk)


def work() -> None:
    """Send what is due, remove what is to be taken down, close what has passed."""
    due = Delivery.objects.filter(state=DeliveryState.DUE, next_attempt_at__lte=clock.now()).order_by("channel__name")
    for pk in due.values_list("pk", flat=True):
        deliver(pk)
    wanted = Delivery.objects.filter(
        state=DeliveryState.SENT, removal_wanted_at__isnull=False, post__state=State.TAKEDOWN_REQUESTED
    )
    for pk in wanted.values_list("pk", flat=True):
        remove_delivery(pk)
    for pk in posts_past_their_slot():
        miss_if_passed(pk)
