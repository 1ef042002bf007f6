"""A list of fifty rows, and one row."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path

from tests.bench.bare.models import Item


def rows(request: HttpRequest) -> HttpResponse:
    return render(request, "rows.html", {"rows": Item.objects.order_by("-pk")[:50]})


def one(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "one.html", {"row": get_object_or_404(Item, pk=pk)})


def ready(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ready")


urlpatterns = [path("", rows), path("one/<int:pk>/", one), path("healthz", ready)]
