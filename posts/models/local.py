"""What the built-in `local` network has published: the rows behind the public page and its feed."""

from django.db import models


class LocalPublication(models.Model):
    id = models.BigAutoField(primary_key=True)
    channel = models.ForeignKey("org.Channel", on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=64, unique=True)  # the delivery's idempotency key: a repeat finds this row
    text = models.TextField()
    first_comment = models.TextField(blank=True)
    links = models.JSONField(default=list)
    published_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-published_at", "-id"]

    def __str__(self) -> str:
        return f"publication {self.pk}"
