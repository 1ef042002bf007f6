"""Check runs with their findings and answers; subjects with their authorizations."""

from compliance.models.authorization import Authorization, Subject
from compliance.models.check import Answer, CheckRun, Finding

__all__ = ["Answer", "Authorization", "CheckRun", "Finding", "Subject"]
