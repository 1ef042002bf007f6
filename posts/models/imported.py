"""Rows that `import_posts` has taken in, so that a second run makes no duplicate."""

from django.db import models

from posts.models.post import Post


class ImportedRow(models.Model):
    key = models.CharField(max_length=200, primary_key=True)
    post = models.OneToOneField(Post, on_delete=models.PROTECT, related_name="imported_row")

    def __str__(self) -> str:
        return self.key
