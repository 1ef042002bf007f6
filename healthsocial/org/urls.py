"""Addresses of this app."""

from django.urls import path

from healthsocial.org.views import channels, links, organisation, people, record

app_name = "org"
urlpatterns = [
    path("people/", people.people, name="people"),
    path("people/invite/", people.invite, name="invite"),
    path("people/<uuid:pk>/", people.person, name="person"),
    path("people/<uuid:pk>/name/", people.rename, name="person_rename"),
    path("people/<uuid:pk>/roles/", people.grant, name="grant"),
    path("people/<uuid:pk>/deactivate/", people.deactivate, name="deactivate"),
    path("people/<uuid:pk>/reactivate/", people.reactivate, name="reactivate"),
    path("people/<uuid:pk>/password-link/", people.reset, name="reset_link"),
    path("people/<uuid:pk>/invitation-link/", people.reissue, name="reissue_link"),
    path("roles/<uuid:pk>/end/", people.grant_end, name="grant_end"),
    path("link/open/", links.link_open, name="link_open"),
    path("link/<str:token>/", links.link, name="link"),
    path("channels/", channels.channels, name="channels"),
    path("channels/new/", channels.channel_create, name="channel_create"),
    path("channels/<uuid:pk>/", channels.channel, name="channel"),
    path("channels/<uuid:pk>/name/", channels.channel_rename, name="channel_rename"),
    path("channels/<uuid:pk>/settings/", channels.channel_change, name="channel_change"),
    path("groups/new/", channels.group_create, name="group_create"),
    path("groups/<uuid:pk>/", channels.group_edit, name="group_edit"),
    path("settings/", organisation.settings_page, name="settings"),
    path("settings/demo-clock/", organisation.demo_clock, name="demo_clock"),
    path("settings/publishing/", organisation.publishing_resume, name="publishing_resume"),
    path("audit/record/", record.record, name="record"),
    path("audit/record/checkpoint/", record.checkpoint_download, name="checkpoint_download"),
    path("audit/record/mail/", record.checkpoint_mail, name="checkpoint_mail"),
    path("audit/record/export/", record.record_export, name="record_export"),
    path("me/", organisation.me, name="me"),
]
