"""Detectors by kind of logic. Plain Python: the tokens come in, offsets go out; rules are data."""
