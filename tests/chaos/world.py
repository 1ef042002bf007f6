"""Posts that are due on practice channels, the way to quiet after a fault, and what must hold then.

The practice network's accept log is the outside witness: a file that our database cannot talk round.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from healthsocial.audit.log import database_now
from healthsocial.audit.verify import verify_chain
from healthsocial.org.enums import AlertKind
from healthsocial.org.models import Alert, Channel
from posts import rounds
from posts.actions.schedule import schedule
from posts.enums import DeliveryState, State
from posts.models import Delivery, Post
from posts.networks.practice import accepted
from tests.conftest import Cast
from tests.posts import moves

D = DeliveryState
LEASED = (D.CLAIMED, D.SENDING)


def practice(cast: Cast, count: int = 1, mode: str = "accept") -> list[Channel]:
    known = Channel.objects.filter(network="practice").count()
    return Channel.objects.bulk_create(
        Channel(
            group=cast.harbor.group,
            name=f"Practice {known + n}",
            slug=f"practice-{known + n}",
            network="practice",
            practice_mode=mode,
        )
        for n in range(count)
    )


def due_now(cast: Cast, channels: list[Channel], text: str = moves.CLEAN) -> Post:
    """A post of which one delivery per channel is due."""
    post = moves.approved(cast, text, channels=tuple(channel.pk for channel in channels))
    schedule(post.pk, by=cast.rita, publish_now=True)
    return moves.fresh(post)


def deliveries(post: Post) -> list[Delivery]:
    return list(Delivery.objects.filter(post=post).select_related("channel").order_by("channel__name"))


def only(post: Post) -> Delivery:
    return Delivery.objects.get(post=post)


def age_leases() -> int:
    """Time passes beyond every lease: the rows are aged, nobody waits."""
    return Delivery.objects.filter(state__in=LEASED).update(lease_until=database_now() - timedelta(seconds=1))


def until_quiet(limit: int = 30) -> int:
    """Rounds of dispatch, with every lease run out, until there is nothing to do. Returns how many it took."""
    for number in range(limit):
        age_leases()
        if not rounds.run_round():
            return number
    raise AssertionError(f"not quiet after {limit} rounds: {Counter(Delivery.objects.values_list('state', flat=True))}")


@dataclass(frozen=True)
class Verdict:
    """What the witness and the database say together."""

    deliveries: int
    sent: int
    unconfirmed: int
    duplicates: int  # keys that the network accepted more than once
    losses: int  # neither sent, nor unconfirmed with an open alert
    phantoms: int  # called sent, and the network does not have it

    @property
    def clean(self) -> bool:
        return (self.duplicates, self.losses, self.phantoms) == (0, 0, 0)


def verdict() -> Verdict:
    """Compare every delivery to a practice channel with the accept logs."""
    channels = Channel.objects.filter(network="practice").values_list("pk", flat=True)
    log = Counter(line["key"] for pk in channels for line in accepted(pk))
    rows = list(Delivery.objects.filter(channel__network="practice"))
    alerts = Alert.objects.filter(kind=AlertKind.UNCONFIRMED, resolved_at=None)
    alerted = set(alerts.values_list("target_id", flat=True))
    sent = [row for row in rows if row.state == D.SENT]
    doubtful = [row for row in rows if row.state == D.UNCONFIRMED]
    seen = [row for row in doubtful if str(row.pk) in alerted]
    return Verdict(
        deliveries=len(rows),
        sent=len(sent),
        unconfirmed=len(doubtful),
        duplicates=sum(1 for count in log.values() if count > 1),
        losses=len(rows) - len(sent) - len(seen),
        phantoms=sum(1 for row in sent if not log[row.idempotency_key]),
    )


def all_is_well() -> Verdict:
    """Nothing doubled, nothing lost, every post concluded, one unbroken chain of events."""
    found = verdict()
    assert found.clean, found
    states = Counter(Post.objects.filter(deliveries__isnull=False).values_list("state", flat=True))
    assert set(states) <= {State.PUBLISHED, State.INCOMPLETE}, states
    assert verify_chain().ok
    return found
