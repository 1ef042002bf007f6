"""The real processes are started in the long form only (HEALTHSOCIAL_THOROUGH=1): they take longer than all the rest."""

from tests.thorough import THOROUGH

collect_ignore = [] if THOROUGH else ["test_processes.py"]
