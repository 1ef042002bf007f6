"""Addresses of this app."""

from django.urls import path

from healthsocial.audit.views import events

app_name = "audit"
urlpatterns = [
    path("audit/", events.event_list, name="list"),
    path("audit/<int:seq>/", events.event_detail, name="event"),
]
