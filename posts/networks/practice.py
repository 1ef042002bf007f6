"""A network for practice on demo databases. It keeps an accept log in a file and behaves as its channel is told.

The log is the outside witness: what stands there was accepted, whatever our database says. It holds keys, no text.
"""

import json
import os
import time
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from healthsocial.org.enums import PracticeMode
from healthsocial.org.models import Channel
from posts.networks.base import Order, Permanent, Receipt, Unknown

SLOW_SECONDS = 5.0


def log_path(channel: UUID) -> Path:
    return Path(settings.DATA_DIR) / "practice" / f"{channel}.jsonl"


class PracticeNetwork:
    def send(self, order: Order) -> Receipt:
        mode = Channel.objects.values_list("practice_mode", flat=True).get(pk=order.channel)
        if mode == PracticeMode.REFUSE:
            raise Permanent("refused_by_network")
        if mode == PracticeMode.SLOW:
            time.sleep(SLOW_SECONDS)
        number = _accept(order)
        if mode == PracticeMode.NO_ANSWER:
            raise Unknown("no_answer")
        return Receipt(f"practice-{number}")

    def find(self, channel: UUID, key: str) -> Receipt | None:
        mode = Channel.objects.values_list("practice_mode", flat=True).get(pk=channel)
        if mode == PracticeMode.NO_ANSWER:
            raise Unknown("no_answer")
        for number, line in enumerate(accepted(channel), start=1):
            if line["key"] == key:
                return Receipt(f"practice-{number}")
        return None

    def remove(self, channel: UUID, key: str) -> str:
        return str(_("Removed from the practice network."))


def accepted(channel: UUID) -> list[dict[str, str]]:
    """What the network has accepted on a channel, in order."""
    path = log_path(channel)
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]


def _accept(order: Order) -> int:
    path = log_path(order.channel)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    line = json.dumps({"key": order.key}) + "\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, line.encode("ascii"))  # one write: appends of several workers do not mix
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    # Its own place in the log: workers side by side must not be given the same number.
    return next(n for n, entry in enumerate(accepted(order.channel), start=1) if entry["key"] == order.key)
