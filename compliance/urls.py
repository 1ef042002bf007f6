"""Addresses of this app. Ids only: neither tokens nor names."""

from django.urls import URLPattern, path

from compliance.views import packs, register

app_name = "compliance"
urlpatterns: list[URLPattern] = [
    path("authorizations/", register.register, name="register"),
    path("authorizations/people/new/", register.subject_add, name="subject_add"),
    path("authorizations/new/", register.authorization_add, name="authorization_add"),
    path("authorizations/<uuid:pk>/", register.authorization, name="authorization"),
    path("authorizations/<uuid:pk>/revoke/", register.revoke, name="revoke"),
    path("rules/", packs.packs, name="packs"),
]
