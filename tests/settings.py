"""Settings of the tests: the product's own, in the `test` environment and a data folder of their own."""

import os
import tempfile

os.environ.setdefault("HEALTHSOCIAL_ENV", "test")
if "HEALTHSOCIAL_DATA" not in os.environ:
    os.environ["HEALTHSOCIAL_DATA"] = tempfile.mkdtemp(prefix="healthsocial-test-")

from healthsocial.settings import *  # noqa: F403
