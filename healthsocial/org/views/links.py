"""Opening a one-time link.

The token leaves the address at once (a redirect to a page without it), so no later request can carry it in a Referer
header and it does not stay in the address bar. Opening changes nothing: mail scanners open links too.
"""

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from healthsocial.org import queries
from healthsocial.org.actions.redeem_link import redeem_link
from healthsocial.org.forms import ChoosePasswordForm
from healthsocial.org.links import token_digest
from healthsocial.org.views.helpers import SeeOther, attempt

SESSION_KEY = "one_time_link"


@require_safe
@never_cache
def link(request: HttpRequest, token: str) -> HttpResponse:
    digest = token_digest(token)
    found = queries.open_link(digest)
    if found is None:
        return _private(_dead(request))
    # The digest, not the token: what is stored cannot be used elsewhere.
    request.session[SESSION_KEY] = digest
    return _private(redirect("org:link_open"))


@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def link_open(request: HttpRequest) -> HttpResponse:
    found = queries.open_link(str(request.session.get(SESSION_KEY, "")))
    if found is None:
        return _dead(request)
    form = ChoosePasswordForm(request.POST or None, person=found.user)
    if request.method != "POST" or not form.is_valid():
        return _page(request, form, 422 if form.errors else 200)
    outcome = attempt(lambda: redeem_link(found, password=form.cleaned_data["password"]))
    if outcome.refusal:
        for reason in outcome.reasons:
            form.add_error(None, reason.message)
        return _page(request, form, outcome.status)
    logout(request)  # whoever was signed in here: the next page is for the person of the link
    messages.success(request, _("Your password is set. Sign in with your e-mail address and the new password."))
    return SeeOther(reverse("account_login"))


def _page(request: HttpRequest, form: ChoosePasswordForm, status: int) -> HttpResponse:
    return render(request, "org/choose_password.html", {"form": form, "person": form.person}, status=status)


def _dead(request: HttpRequest) -> HttpResponse:
    return render(request, "org/link_dead.html", status=404)


def _private(answer: HttpResponse) -> HttpResponse:
    """For the address with the token only: on a page with a form, browsers would send `Origin: null` and fail the CSRF check."""
    answer["Referrer-Policy"] = "no-referrer"
    return answer
