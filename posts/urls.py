"""Addresses of posts. Ids only, never words."""

from django.urls import path

from posts.urls_officer import officer_urlpatterns
from posts.views import compose, detail, home, listing, steps, versions

app_name = "posts"
urlpatterns = [
    path("", home.home, name="home"),
    path("posts/", listing.post_list, name="list"),
    path("posts/new/", compose.create, name="create"),
    path("posts/autosave/", compose.autosave, name="autosave"),
    path("posts/check/", compose.check_now, name="check_now"),
    path("posts/<uuid:pk>/", detail.detail, name="detail"),
    path("posts/<uuid:pk>/edit/", compose.edit, name="edit"),
    path("posts/<uuid:pk>/status/", detail.status, name="status"),
    path("posts/<uuid:pk>/history/", versions.history, name="history"),
    path("posts/<uuid:pk>/versions/", versions.versions, name="versions"),
    path("posts/<uuid:pk>/diff/", versions.diff, name="diff"),
    path("posts/<uuid:pk>/findings/<uuid:finding>/answer/", detail.answer, name="answer"),
    path("posts/<uuid:pk>/versions/<uuid:version>/redact/", versions.redact, name="redact"),
    path("posts/<uuid:pk>/submit/", steps.submit, name="submit"),
    path("posts/<uuid:pk>/pull-back/", steps.pull_back, name="pull_back"),
    path("posts/<uuid:pk>/discard/", steps.discard, name="discard"),
    path("posts/<uuid:pk>/copy/", steps.copy, name="copy"),
    path("posts/<uuid:pk>/correct/", steps.correct, name="correct"),
    path("posts/<uuid:pk>/schedule/", steps.schedule, name="schedule"),
    path("posts/<uuid:pk>/reslot/", steps.reslot, name="reslot"),
    path("posts/<uuid:pk>/unschedule/", steps.unschedule, name="unschedule"),
    path("posts/<uuid:pk>/hold/", steps.hold, name="hold"),
    path("posts/<uuid:pk>/release/", steps.release, name="release"),
    path("posts/<uuid:pk>/recheck/", steps.recheck, name="recheck"),
    path("posts/<uuid:pk>/retry/", steps.retry, name="retry"),
    path("posts/<uuid:pk>/settle/", steps.settle, name="settle"),
    path("posts/<uuid:pk>/takedown/", steps.request_takedown, name="request_takedown"),
    path("posts/<uuid:pk>/takedown/cancel/", steps.cancel_takedown, name="cancel_takedown"),
    path("posts/<uuid:pk>/takedown/confirm/", steps.confirm_takedown, name="confirm_takedown"),
    path("posts/<uuid:pk>/archive/", steps.archive, name="archive"),
    path("deliveries/<uuid:pk>/resolve/", steps.resolve_delivery, name="resolve_delivery"),
    path("deliveries/<uuid:pk>/removed/", steps.prove_removal, name="prove_removal"),
    *officer_urlpatterns,
]
