"""How often to repeat: a short form in every run of the suite, the long one in `make soak` and `make chaos`."""

import os

THOROUGH = os.environ.get("HEALTHSOCIAL_THOROUGH") == "1"


def times(usual: int, thorough: int) -> int:
    """`usual` rounds in the suite, `thorough` ones when somebody asks for the long form."""
    return thorough if THOROUGH else usual
