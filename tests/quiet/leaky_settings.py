"""The product's settings with an app of the tests beside it: it logs one post's words and breaks on others.

Processes under test are started with DJANGO_SETTINGS_MODULE naming this module; the product knows nothing of it.
"""

from healthsocial.settings import *  # noqa: F403
from healthsocial.settings import INSTALLED_APPS as PRODUCT

INSTALLED_APPS = [*PRODUCT, "tests.quiet.leaky.Leaky"]
