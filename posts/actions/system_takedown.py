"""Takedowns and alerts that the system itself asks for. Called inside an action, with the post locked."""

from collections.abc import Sequence
from datetime import UTC, datetime

from healthsocial import clock
from healthsocial.audit.log import Act
from healthsocial.org.enums import AlertKind
from healthsocial.org.models import Alert
from posts.enums import TAKEDOWN_STATES, DeliveryState, Transition
from posts.models import Delivery, Post


def takedown_by_system(act: Act, post: Post, code: str) -> bool:
    """Ask for the takedown of what is public; False when nothing is, or the state does not allow it."""
    public = post.deliveries.filter(state__in=(DeliveryState.SENT, DeliveryState.UNCONFIRMED))
    if post.state not in TAKEDOWN_STATES or not public.exists():
        return False
    post.deliveries.filter(state=DeliveryState.SENT).update(removal_wanted_at=datetime.now(UTC))
    post.request_takedown()
    post.reason_code, post.reason_words = code, ""
    post.changed_at = clock.now()
    post.save()
    raise_alert(AlertKind.TAKEDOWN, "post", str(post.pk), code)
    act.record(
        f"post.{Transition.REQUEST_TAKEDOWN.value}",
        target=("post", str(post.pk)),
        data={"version": str(post.current_version_id), "state": post.state, "why": code},
    )
    return True


def request_wanted_takedown(
    act: Act, post: Post, code: str = "left_while_stopped", *, rows: Sequence[Delivery] | None = None
) -> None:
    """A finished round holds deliveries that should not have left: the system asks for the takedown itself.

    One that is unconfirmed counts: it may be public. `rows`: all deliveries of the post, if they were read just now.
    """
    maybe_public = (DeliveryState.SENT, DeliveryState.UNCONFIRMED)
    if rows is None:
        rows = list(post.deliveries.filter(state__in=maybe_public, removal_wanted_at__isnull=False).order_by())
    if any(row.state in maybe_public and row.removal_wanted_at is not None for row in rows):
        takedown_by_system(act, post, code)


def raise_alert(kind: AlertKind, target_type: str, target_id: str, code: str) -> None:
    """Open an alert unless the same one is open already."""
    Alert.objects.get_or_create(
        kind=kind,
        target_type=target_type,
        target_id=target_id,
        resolved_at=None,
        defaults={"code": code[:80], "at": clock.now()},
    )


def close_alert(kind: AlertKind, target_id: str) -> None:
    """Close one open alert, if there is one."""
    Alert.objects.filter(kind=kind, target_id=target_id, resolved_at=None).update(resolved_at=datetime.now(UTC))


def close_alerts(post: Post, *kinds: AlertKind) -> None:
    """Close the open alerts of a post and its deliveries: of these kinds, or all of them."""
    targets = [str(post.pk), *(str(pk) for pk in post.deliveries.values_list("pk", flat=True))]
    alerts = Alert.objects.filter(target_id__in=targets, resolved_at=None)
    (alerts.filter(kind__in=kinds) if kinds else alerts).update(resolved_at=datetime.now(UTC))
