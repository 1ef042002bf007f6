"""Words of a search stay out of addresses: servers log those, browsers keep them, other pages are told of them.

People search for the patient whose post they need. So the form of a list is sent by POST, and the answer leads to an
address in which the words are encrypted: pages can still be turned, reloaded and returned to.
"""

import re
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict

from healthsocial import crypto

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
WORDS = ("q",)  # the fields of filter forms in which people type freely
LONGEST = 400  # as typed; the fields themselves allow less
CODE = re.compile(r"[\w.-]{1,80}", re.ASCII)
SEAL = "s."


def quiet_search(*choices: str) -> Callable[[View[P]], View[P]]:
    """For a list with a filter form: POST seals the words and redirects; a GET is given them opened.

    `choices` are the other fields of the form, which hold a code, an id or a day; nothing else gets into the address.
    """

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if request.method == "POST":
                asked = {name: request.POST.get(name, "") for name in (*WORDS, *choices)}
                kept = {name: value for name, value in asked.items() if name in WORDS or CODE.fullmatch(value)}
                address = quiet_query(kept)
                return HttpResponseRedirect(f"{request.path}?{address}" if address else request.path, status=303)
            request.GET = _opened(request.GET)  # type: ignore[assignment]
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def quiet_query(asked: Mapping[str, object]) -> str:
    """The query string of what was asked, without empty values, with the words sealed."""
    return urlencode({name: _seal(name, str(value)) for name, value in asked.items() if value})


def _seal(name: str, value: str) -> str:
    return SEAL + crypto.encrypt(value[:LONGEST]) if name in WORDS else value


def _opened(asked: QueryDict) -> QueryDict:
    """Sealed words readable again; a seal that does not open (other keys, cut off) asks for nothing."""
    found = asked.copy()
    for name in WORDS:
        sealed = found.get(name, "")
        if sealed.startswith(SEAL):
            try:
                found[name] = crypto.decrypt(sealed.removeprefix(SEAL))
            except (crypto.KeyProblem, UnicodeEncodeError):
                found[name] = ""
    return found
