"""Workers as the model plays them: each step of a delivery on its own, so that anything may happen between two steps."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from django.conf import settings
from hypothesis import strategies as st

from posts import rounds, tasks
from posts.actions import deliver as steps
from posts.actions import leases, settle, takedown
from posts.models import Delivery
from posts.networks.base import Order, Permanent, Receipt, Retryable, Unknown
from tests.model.moves import WORDS, Moves

Outcome = Receipt | Permanent | Retryable | Unknown


@dataclass
class Hand:
    """A worker with a claim. `told` counts how often it has reported: a message may arrive twice."""

    claim: steps.Claim
    order: Order | None = None
    outcome: Outcome | None = None
    told: int = 0


class Workers(Moves):
    """Claims, intents, calls, answers; crashes and repetitions of each."""

    def __init__(self) -> None:
        super().__init__()
        self.hands: list[Hand] = []

    def _of(self, pk: UUID, *states: str) -> list[UUID]:
        """The post's deliveries in these states, by channel."""
        post = self.w.now.posts[pk]
        return [row["id"] for row in self.w.now.deliveries_of(post) if row["state"] in states]

    def deliver(self, data: st.DataObject, pk: UUID, _who: str = "") -> None:
        """A whole delivery at once."""
        if due := self._of(pk, "due"):
            chosen = due[data.draw(st.integers(0, len(due) - 1), label="delivery")]
            self.w.attempt("deliver", lambda: steps.deliver(chosen))

    def claim(self, data: st.DataObject, pk: UUID, _who: str = "") -> None:
        if due := self._of(pk, "due"):
            chosen = due[data.draw(st.integers(0, len(due) - 1), label="delivery")]
            claim = self.w.attempt("claim", lambda: steps.claim_delivery(chosen))
            if claim is not None:
                self.hands.append(Hand(claim))

    def go_on_with(self, data: st.DataObject, hand: Hand) -> None:
        """The worker's next step."""
        if hand.order is None:
            hand.order = self.w.attempt("begin_sending", lambda: steps.begin_sending(hand.claim))
            if hand.order is None:
                self.hands.remove(hand)
        elif hand.outcome is None:
            self._call(data, hand)
        else:
            self._tell(hand)

    def _call(self, data: st.DataObject, hand: Hand) -> None:
        order = hand.order
        assert order is not None
        row = self.w.now.deliveries[hand.claim.delivery]
        mine = row["state"] in ("sending", "unconfirmed") and row["attempt"] == hand.claim.fence
        if not mine:
            self.hands.remove(hand)  # somebody has said what became of it: this worker is long dead
            return
        answer = data.draw(st.sampled_from(("call", "call", "429", "refused", "call")), label="network")
        if answer == "429":
            hand.outcome = Retryable("too_many_requests")
        elif answer == "refused":
            hand.outcome = Permanent("refused_by_network")
        else:
            hand.outcome = self.w.attempt("call", lambda: steps._call(hand.claim, order))

    def _tell(self, hand: Hand) -> None:
        outcome = hand.outcome
        assert outcome is not None
        row = self.w.now.deliveries[hand.claim.delivery]
        holds = row["state"] == "sending" and row["attempt"] == hand.claim.fence
        result = self.w.attempt("record_outcome", lambda: steps.record_outcome(hand.claim, outcome))
        assert holds == (result != "late"), (
            f"fence: a claim of attempt {hand.claim.fence} wrote {result} on {row['attempt']}"
        )
        hand.told += 1
        if hand.told == 3:
            self.hands.remove(hand)

    def crash(self, data: st.DataObject) -> None:
        if self.hands:
            hand = self.hands.pop(data.draw(st.integers(0, len(self.hands) - 1), label="which worker"))
            stage = "answered" if hand.outcome else "intent" if hand.order else "claim"
            self.w.attempt(f"crash_after_{stage}", lambda: None)

    # --- messages --------------------------------------------------------------------------------------------
    def message(self, data: st.DataObject) -> None:
        """Messages come in any order, twice, for the wrong task, or from nowhere."""
        how = data.draw(st.sampled_from(("once", "once", "again", "lost", "foreign", "crossed")), label="message")
        run = {"posts.run_check": tasks.run_check, "posts.deliver": tasks.deliver}
        if how == "foreign" or not self.w.messages:
            stranger = str(uuid4())
            for task in run.values():
                self.w.attempt("message_foreign", lambda task=task: task(row_id=stranger))  # type: ignore[misc]
            return
        number = data.draw(st.integers(0, len(self.w.messages) - 1), label="which message")
        name, row = self.w.messages[number]
        if how in ("once", "lost"):
            self.w.messages.pop(number)
        if how == "lost":
            self.w.attempt("message_lost", lambda: None)
        else:
            other = next(task for key, task in run.items() if (key == name) != (how == "crossed"))
            self.w.attempt(f"message_{how}", lambda: other(row_id=row))

    def round(self, data: st.DataObject) -> None:
        settings.BROKER_CONFIGURED = data.draw(st.booleans(), label="a broker is configured")
        self.w.broker_up = data.draw(st.booleans(), label="and works")
        self.w.attempt("round", rounds.run_round)
        settings.BROKER_CONFIGURED, self.w.broker_up = True, True

    # --- what people do with deliveries ----------------------------------------------------------------------
    def resolve(self, data: st.DataObject, pk: UUID, who: str) -> None:
        """A person looks at the channel and says what is there. Nobody says "not there" while it may still arrive."""
        if not (unsure := self._of(pk, "unconfirmed")):
            return
        chosen = unsure[data.draw(st.integers(0, len(unsure) - 1), label="delivery")]
        key = self.w.now.deliveries[chosen]["idempotency_key"]
        arrived = key in self.w.seen
        if not arrived:
            self.hands = [hand for hand in self.hands if hand.claim.delivery != chosen or hand.outcome is not None]
        self.w.attempt(
            "resolve_arrived" if arrived else "resolve_absent",
            lambda: settle.resolve_unconfirmed(chosen, by=self.w.people[who], arrived=arrived, proof=WORDS),
            told=who,
        )

    def prove_removal(self, data: st.DataObject, pk: UUID, who: str) -> None:
        if sent := self._of(pk, "sent"):
            chosen = sent[data.draw(st.integers(0, len(sent) - 1), label="delivery")]
            self.w.attempt(
                "prove_removal", lambda: takedown.prove_removal(chosen, by=self.w.people[who], proof=WORDS), told=who
            )

    def remove(self, data: st.DataObject, pk: UUID, _who: str = "") -> None:
        if sent := self._of(pk, "sent"):
            chosen = sent[data.draw(st.integers(0, len(sent) - 1), label="delivery")]
            if data.draw(st.sampled_from(range(4)), label="the process dies between intent and call") == 3:
                row = Delivery.objects.select_related("channel", "post").get(pk=chosen)
                self.w.attempt("removal_begins", lambda: leases._begin_removal(row))
            else:
                self.w.attempt("remove", lambda: leases.remove_delivery(chosen))
