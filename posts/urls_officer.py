"""Addresses of the officer's, scheduler's and public pages; posts/urls.py includes them."""

from django.urls import URLPattern, path

from posts.views import calendar, channels, public, queue, review, stops

officer_urlpatterns: list[URLPattern] = [
    path("review/", queue.queue, name="queue"),
    path("review/<uuid:pk>/", review.review, name="review"),
    path("review/<uuid:pk>/answers/", review.answer, name="officer_answer"),
    path("review/<uuid:pk>/time/", review.slot_button, name="slot_button"),
    path("review/<uuid:pk>/approve/", review.approve, name="approve"),
    path("review/<uuid:pk>/request-changes/", review.request_changes, name="request_changes"),
    path("review/<uuid:pk>/reject/", review.reject, name="reject"),
    path("relying/<uuid:pk>/", queue.relying, name="relying"),
    path("calendar/", calendar.calendar, name="calendar"),
    path("stops/", stops.stops, name="stops"),
    path("stops/start/", stops.start, name="crisis_stop_start"),
    path("stops/<uuid:pk>/release/", stops.release, name="crisis_stop_release"),
    path("channels/<uuid:pk>/off/", channels.disable, name="channel_disable"),
    path("channels/<uuid:pk>/on/", channels.enable, name="channel_enable"),
    path("c/<slug:slug>/", public.channel, name="public_channel"),
    path("c/<slug:slug>/feed/", public.feed, name="public_feed"),
]
