"""Opening and closing alerts about the installation as a whole."""

from datetime import UTC, datetime

from healthsocial.org.enums import AlertKind
from healthsocial.org.models import Alert

TARGET = {"target_type": "organisation", "target_id": "1"}


def open_alert(kind: AlertKind, code: str) -> None:
    """Open it unless it is open already; the newest code is shown. In real time: a demo's clock has no part in it."""
    alert, new = Alert.objects.get_or_create(
        kind=kind, resolved_at=None, **TARGET, defaults={"code": code, "at": datetime.now(UTC)}
    )
    if not new and alert.code != code:
        Alert.objects.filter(pk=alert.pk).update(code=code)


def close_alert(kind: AlertKind) -> None:
    Alert.objects.filter(kind=kind, resolved_at=None, **TARGET).update(resolved_at=datetime.now(UTC))
