"""Ways to weaken the product, one guard each, and the laws that must then be found broken."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from healthsocial.audit import log
from posts import guards, permissions
from posts.actions import approval, check, deliveries, move, submit
from posts.actions import approve as approving

Weaken = Callable[[pytest.MonkeyPatch], None]


def _nothing(*_args: Any, **_kwargs: Any) -> None:
    return None


def _no_reasons(*_args: Any, **_kwargs: Any) -> list[Any]:
    return []


def _own_work(patch: pytest.MonkeyPatch) -> None:
    """The database has a rule of its own; it is taken away too, or it would stop the model before the law is looked at."""
    patch.setattr(permissions, "own_work", _nothing)
    patch.setattr(permissions, "barred_from_approving", lambda _post: frozenset())
    _drop_trigger("posts_approval_by_another", "posts_approval")


def _void(patch: pytest.MonkeyPatch) -> None:
    def forget(_act: Any, post: Any, _why: str, _at: Any) -> None:
        post.approval = None

    patch.setattr(approval, "void", forget)


def _cancel(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(deliveries, "cancel", lambda *_args, **_kwargs: (0, 0))


def _talkative(patch: pytest.MonkeyPatch) -> None:
    done = move.Move.done

    def tell(self: move.Move, transition: Any, **data: object) -> None:
        done(self, transition, **data, words=self.post.working_copy.text)

    patch.setattr(move.Move, "done", tell)


def _silent_moves(patch: pytest.MonkeyPatch) -> None:
    record = log.Act.record

    def forget(self: log.Act, verb: str, **rest: Any) -> None:
        if verb != "post.pull_back":
            record(self, verb, **rest)

    patch.setattr(log.Act, "record", forget)


def _unlocked_result(patch: pytest.MonkeyPatch) -> None:
    """The check's result is not compared with what may pass."""
    patch.setattr(guards, "check_result", lambda _run, _form: guards.Decision(True))


def _lost_check(patch: pytest.MonkeyPatch) -> None:
    for module in (submit, approving, check):
        if hasattr(module, "queue_check"):
            patch.setattr(module, "queue_check", _nothing)


def _drop_trigger(name: str, table: str) -> None:
    on = f" ON {table}" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {name}{on}")


def _guard(name: str, instead: Callable[..., Any] = _no_reasons) -> Weaken:
    return lambda patch: patch.setattr(guards, name, instead)


# name -> (how, the laws of which one must be found broken)
OFF: dict[str, tuple[Weaken, set[str]]] = {
    "own_work": (_own_work, {"own work", "answered"}),
    "seal_matches": (_guard("seal_matches"), {"intent", "desk"}),
    "may_leave": (_guard("may_leave", lambda *_a, **_k: guards.Ready()), {"intent", "checked", "covered"}),
    "check_is_current": (_guard("check_is_current"), {"checked"}),
    "check_result": (_unlocked_result, {"blocked"}),
    "findings_answered": (_guard("findings_answered"), {"answered"}),
    "check_lost": (_lost_check, {"stuck"}),
    "void": (_void, {"approval"}),
    "cancel": (_cancel, {"deliveries"}),
    "refusals_unrecorded": (lambda patch: patch.setattr(log, "_record_refusal", _nothing), {"refusal"}),
    "moves_unrecorded": (_silent_moves, {"events", "edges"}),
    "words_in_events": (_talkative, {"privacy"}),
    "alerts": (lambda patch: patch.setattr(deliveries, "raise_alert", _nothing), {"alerts"}),
}
# What must happen more often than in an ordinary run, for the model to meet the weakness soon.
FAVOURED = {
    "seal_matches": ("tamper",),
    "may_leave": ("tick", "rules_change"),
    "check_is_current": ("rules_change",),
}
IN_THE_SUITE = ("check_lost", "words_in_events")
