"""Posts with their working copies and versions; approvals, decisions, deliveries, stops."""

from posts.models.delivery import Delivery
from posts.models.imported import ImportedRow
from posts.models.local import LocalPublication
from posts.models.post import Post
from posts.models.review import Approval, ReviewDecision
from posts.models.stop import CrisisStop
from posts.models.version import PostEditor, PostVersion, WorkingCopy

__all__ = [
    "Approval",
    "CrisisStop",
    "Delivery",
    "ImportedRow",
    "LocalPublication",
    "Post",
    "PostEditor",
    "PostVersion",
    "ReviewDecision",
    "WorkingCopy",
]
