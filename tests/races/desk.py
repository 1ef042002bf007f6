"""A person at a browser without the browser: real HTTP, real cookies, the CSRF token, the forms as the page holds them."""

from dataclasses import dataclass
from html.parser import HTMLParser
from http.client import HTTPResponse
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, OpenerDirector, Request, build_opener

from healthsocial.org.models import User
from tests.conftest import PASSWORD

Fields = dict[str, str]


@dataclass(frozen=True)
class Answer:
    status: int
    text: str
    location: str = ""


class Desk:
    """One session. A desk may post from several threads at once, as a double click does."""

    def __init__(self, base: str, user: User, password: str = PASSWORD) -> None:
        self.base = base
        self.jar = CookieJar()
        self.opener: OpenerDirector = build_opener(HTTPCookieProcessor(self.jar), _Stay())
        self.get("/account/login/")
        signed = self.post("/account/login/", {"login": user.email, "password": password})
        assert (signed.status, signed.location) == (302, "/"), signed.location

    def get(self, path: str) -> Answer:
        return self._ask(Request(self.base + path))

    def post(self, path: str, fields: Fields) -> Answer:
        token = next(cookie.value for cookie in self.jar if cookie.name == "csrftoken")
        body = urlencode({"csrfmiddlewaretoken": token, **fields}).encode()
        return self._ask(Request(self.base + path, data=body))

    def form(self, page: str, action: str) -> Fields:
        """The fields of the form that is sent to `action`, as the page holds them."""
        reader = _Forms()
        reader.feed(self.get(page).text)
        return {name: value for name, value in reader.found[action].items() if name != "csrfmiddlewaretoken"}

    def _ask(self, request: Request) -> Answer:
        try:
            with self.opener.open(request, timeout=60) as answer:
                assert isinstance(answer, HTTPResponse)
                return Answer(answer.status, answer.read().decode())
        except HTTPError as error:  # 3xx too: nothing is followed
            with error:
                return Answer(error.code, error.read().decode(), error.headers.get("Location", ""))


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *args: object) -> None:
        return None


class _Forms(HTMLParser):
    """Inputs by the action of the form around them. Selects and text areas are typed by the test."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, Fields] = {}
        self.inside: Fields = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = self.found.setdefault(values.get("action", ""), {})
        elif tag == "input" and values.get("name") and values.get("type") not in ("checkbox", "radio", "submit"):
            self.inside[values["name"]] = values.get("value", "")
