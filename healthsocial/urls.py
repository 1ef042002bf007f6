"""All addresses. Django's admin is not mounted: every write is an action."""

from allauth.account.urls import urlpatterns as account_urls
from django.urls import include, path

from healthsocial.health import healthz

handler400 = "healthsocial.failures.bad_request"
handler500 = "healthsocial.failures.handler500"

# Of allauth only what signing in needs: an address is changed by an administrator, through an action.
SIGN_IN = {
    "account_login",
    "account_logout",
    "account_inactive",
    "account_signup",  # says that people come by invitation
    "account_reauthenticate",
    "account_change_password",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
}

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("account/", include([pattern for pattern in account_urls if pattern.name in SIGN_IN])),
    path("", include("healthsocial.audit.urls")),
    path("", include("healthsocial.org.urls")),
    path("", include("compliance.urls")),
    path("", include("posts.urls")),
]
