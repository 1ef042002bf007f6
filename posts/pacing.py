"""What is overdue leaves one by one. After a day of downtime a channel must not receive fifty posts in a minute:

readers would leave, and networks take such a burst for an attack and lock the account. What is on time is never paced,
so a thousand posts due at the same second all leave at once.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from healthsocial.org.models import Channel
from healthsocial.org.queries import organisation
from posts import guards
from posts.enums import DeliveryState
from posts.models import Delivery

D = DeliveryState
SOON = timedelta(seconds=2)


def wait_until(row: Delivery, now: datetime) -> datetime | None:
    """When to look at an overdue delivery again; None when it may leave now.

    Call it inside the transaction of the claim: the channel's row is locked, so that two workers do not each see a
    quiet channel. (`no_key`: a post that is being scheduled on the channel need not wait.)
    """
    pace = timedelta(seconds=settings.BACKLOG_PACE_SECONDS)
    overdue = now - timedelta(seconds=settings.BACKLOG_AFTER_SECONDS)
    if not pace or row.due_at >= overdue or guards.too_late(row, row.channel, organisation(), now=now):
        return None
    Channel.objects.select_for_update(no_key=True).values_list("pk").get(pk=row.channel_id)
    others = Delivery.objects.filter(channel_id=row.channel_id).exclude(pk=row.pk)
    earlier = Q(due_at__lt=row.due_at) | Q(due_at=row.due_at, pk__lt=row.pk)
    if others.filter(earlier, state=D.DUE, next_attempt_at__lte=now).exists():
        return now + SOON  # its turn comes after theirs
    if others.filter(state__in=(D.CLAIMED, D.SENDING)).exists():
        return now + SOON
    last = others.filter(sent_at__gt=now - pace).order_by("-sent_at").values_list("sent_at", flat=True).first()
    return last + pace if last else None
