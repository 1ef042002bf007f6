"""Addresses of posts. Ids only, never words."""

from django.http import HttpResponse
from django.urls import path

app_name = "posts"
urlpatterns = [
    path("", lambda r: HttpResponse(""), name="home"),
    path("c/<slug:slug>/", lambda r, slug: HttpResponse(""), name="public_channel"),
]
