"""The product's addresses, and one behind which something breaks."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from healthsocial import urls


def broken(_request: HttpRequest) -> HttpResponse:
    raise RuntimeError("this page is broken on purpose")


if hasattr(urls, "handler400"):
    handler400 = urls.handler400
urlpatterns = [path("broken/", broken, name="broken"), path("", include(urls.urlpatterns))]
