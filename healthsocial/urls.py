"""All addresses. Django's admin is not mounted: every write is an action."""

from django.urls import include, path

from healthsocial.health import healthz

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("account/", include("allauth.account.urls")),
    path("", include("healthsocial.audit.urls")),
    path("", include("healthsocial.org.urls")),
    path("", include("compliance.urls")),
    path("", include("posts.urls")),
]
