"""The product's addresses, and some behind which something breaks."""

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from healthsocial import urls


def broken(_request: HttpRequest) -> HttpResponse:
    raise RuntimeError("this page is broken on purpose")


def too_much(_request: HttpRequest) -> HttpResponse:
    raise RequestDataTooBig


handler400 = urls.handler400
urlpatterns = [path("broken/", broken), path("too-much/", too_much), path("", include(urls.urlpatterns))]
