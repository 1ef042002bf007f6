"""What the supervisor says to the person in front (leaf)."""

import sys


class Problem(Exception):
    """The start cannot go on. The text is the one sentence the person sees; it holds no data of the database."""


def say(text: str) -> None:
    """Write a line to standard output. A closed output (`make run | head`) must not stop publishing."""
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except (BrokenPipeError, ValueError):
        return
