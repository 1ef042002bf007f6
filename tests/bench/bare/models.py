"""One table."""

from django.db import models


class Item(models.Model):
    name = models.CharField(max_length=160)
    state = models.CharField(max_length=20)
    number = models.PositiveIntegerField(default=0)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "bare"

    def __str__(self) -> str:
        return self.name
