"""Running the machine: how long, from which seed, and what a failure says."""

import os

import hypothesis
from hypothesis import HealthCheck, Phase
from hypothesis.stateful import run_state_machine_as_test

from tests.model.machine import PostMachine
from tests.model.world import World

SEED = int(os.environ.get("HEALTHSOCIAL_SEED", "0"))
SHRINK = os.environ.get("HEALTHSOCIAL_SHRINK") == "1"


def drive(world: World, *, runs: int, steps: int, seed: int = SEED) -> None:
    """Let Hypothesis drive the machine. The same seed makes the same moves."""

    class Machine(PostMachine):
        pass

    Machine.world = world
    phases = (Phase.generate, Phase.shrink) if SHRINK else (Phase.generate,)
    settings = hypothesis.settings(
        max_examples=runs,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    try:
        run_state_machine_as_test(hypothesis.seed(seed)(Machine), settings=settings)
    except BaseException as error:
        error.add_note(
            f"seed {seed}; HEALTHSOCIAL_SEED={seed} repeats it, HEALTHSOCIAL_SHRINK=1 looks for a shorter story"
        )
        error.add_note("\n".join(world.story))
        raise
