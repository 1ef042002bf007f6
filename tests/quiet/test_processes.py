"""The real processes - web, worker, beat, dispatch, Redis - with a post full of markers, and with faults that quote it."""

import http.cookiejar
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.quiet import places
from tests.quiet.finding import found
from tests.run.machine import SECONDS, Machine, manage, python

pytestmark = pytest.mark.processes
PLAIN = {"DJANGO_SETTINGS_MODULE": "healthsocial.settings"}
LEAKY = {"DJANGO_SETTINGS_MODULE": "tests.quiet.leaky_settings"}
PASSWORD = "a quiet correct horse"
TEXT = "Zqxtext of 17 Zqxstreet Lane, MRN 84417263, 617-555-0173, zqxmail@example.org, opened the garden."
PEOPLE = f"""
import django; django.setup()
from healthsocial.org.models import Channel, ChannelGroup, Grant, User
from django.utils import timezone
group = ChannelGroup.objects.create(name="Main", kind="site")
Channel.objects.create(group=group, name="Harbor", slug="harbor")
alice = User.objects.create_user("alice@example.org", "Alice Example", "{PASSWORD}")
Grant.objects.create(user=alice, role="author", scope="group", group=group, starts_at=timezone.now())
"""
WORKER_SAID = "raised unexpected"


class Browser:
    """A person's browser: keeps cookies, sends the token of the form, and follows redirects."""

    def __init__(self, port: int) -> None:
        self.root, self.jar, self.heads = f"http://127.0.0.1:{port}", http.cookiejar.CookieJar(), ""
        self.open = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar)).open

    def ask(self, path: str, form: dict[str, str] | None = None) -> tuple[int, str, str]:
        """Status, final address, page."""
        data = None
        if form is not None:
            token = next(cookie.value for cookie in self.jar if cookie.name == "csrftoken")
            data = urllib.parse.urlencode({**form, "csrfmiddlewaretoken": token or ""}).encode()
        try:
            with self.open(urllib.request.Request(self.root + path, data), timeout=SECONDS) as answer:
                self.heads += f"{answer.headers}"
                return answer.status, answer.url, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                self.heads += f"{error.headers}"
                return error.code, error.url, error.read().decode()

    def write(self, text: str, channel: str) -> str:
        """A new post, sent to its check; returns its page's path."""
        form = {"title": "A title", "kind": "original", "text": text, "channels": channel, "act": "submit"}
        status, address, page = self.ask("/posts/new/", form)
        assert status == 200, page
        return urllib.parse.urlsplit(address).path


def redis_of(machine: Machine) -> str:
    """The address of the private Redis, as the supervisor gave it to its children."""
    given = Path(f"/proc/{machine.pid_of('dispatch')}/environ").read_bytes().split(b"\0")
    return next(value.decode().removeprefix("REDIS_URL=") for value in given if value.startswith(b"REDIS_URL="))


def until_checked(browser: Browser, path: str) -> str:
    end = time.monotonic() + SECONDS
    while "Being checked" in (page := browser.ask(path)[2]):
        assert time.monotonic() < end, page
        time.sleep(0.1)
    return page


@pytest.fixture
def prepared() -> Iterator[Path]:
    """A data folder with a path so short that sockets fit into it; the first start fills it."""
    with tempfile.TemporaryDirectory(prefix="hs-") as folder:
        yield Path(folder) / "data"


def test_nothing_is_said_by_any_process(prepared: Path) -> None:
    with Machine(prepared, more=LEAKY) as machine:
        machine.until("HealthSocial is ready")
        done = python(prepared, PEOPLE, **PLAIN)
        assert done.returncode == 0, done.stderr
        browser = Browser(machine.port)
        _drive(browser, machine)
        url = redis_of(machine)
        assert b"_kombu" in places.broker(url)
        assert found(places.broker(url)) == set()
        # Redis writes every task and every counter it was ever given into its append-only file.
        folder = Path(url.removeprefix("unix://")).parent
        assert places.files(folder, but=(".sock",)) == {}
        assert [path for path in folder.rglob("*.aof") if b"posts.run_check" in path.read_bytes()]
    said = "\n".join(machine.lines)
    # The control: the careless line is in the log, and the search finds it. Nothing else is.
    assert found(said) == {"zqxcontrol"}, [line for line in machine.lines if found(line)]
    for kind in (
        "tests.quiet.leaky.Quoting",
        WORKER_SAID,
        "Internal Server Error: /posts/",
        "Not Found: (no such page)",
    ):
        assert kind in said, kind
    assert found(browser.heads) == set()
    # The database is where the words belong.
    logs = places.files(prepared, but=("sqlite3", "sqlite3-wal", "sqlite3-shm"))
    assert logs == {}
    _commands(prepared)


def _drive(browser: Browser, machine: Machine) -> None:
    browser.ask("/account/login/")
    assert browser.ask("/account/login/", {"login": "zqxlogin@example.org", "password": "Zqxpassword"})[0] == 200
    status, address, _page = browser.ask("/account/login/", {"login": "alice@example.org", "password": PASSWORD})
    assert (status, urllib.parse.urlsplit(address).path) == (200, "/")
    channel = re.search(r'name="channels"[^>]*value="([0-9a-f-]{36})"', browser.ask("/posts/new/")[2])
    assert channel is not None
    until_checked(browser, browser.write(TEXT, channel[1]))
    browser.write("Zqxcontrol opened the garden.", channel[1])
    browser.write("Zqxcrash opened the garden.", channel[1])
    browser.write("Zqxworker opened the garden.", channel[1])
    machine.until(WORKER_SAID)
    status, address, page = browser.ask("/posts/", {"q": "Zqxtext"})
    assert (status, "A title" in page, "?q=s." in address) == (200, True, True)
    status, _address, page = browser.ask("/posts/", {"q": "Zqxview"})
    assert (status, found(page)) == (500, set())
    assert browser.ask("/Zqxpath/?Zqxquery=Zqxquery")[0] == 404


def _commands(data: Path) -> None:
    """A command that breaks; a backup and its list; all of them with --traceback."""
    code = "import django; django.setup(); from django.core.management import execute_from_command_line as run; from healthsocial import logs; "
    code += "logs.quiet_hooks(); import posts.management.commands.dispatch as command; "
    code += f"command.run_round = lambda: int({TEXT!r}); run(['manage.py', 'dispatch', '--once', '--traceback'])"
    broken = python(data, code.replace(TEXT, "Zqx' 'text"), **PLAIN)
    assert broken.returncode == 1
    assert found(broken.stdout + broken.stderr) == set(), broken.stderr
    assert "builtins.ValueError" in broken.stderr
    twin = python(data, code.replace(TEXT, "Zqx' 'text").replace("logs.quiet_hooks(); ", ""), **PLAIN)
    assert found(twin.stderr) == {"zqxtext"}, "Python's own hook would have told"
    saved = manage(data, "backup", str(data / "saved"), "--keys", str(data / "saved.keys"), "--traceback")
    assert saved.returncode == 0, saved.stderr
    assert found(saved.stdout + saved.stderr) == set()
    assert places.files(data / "saved", but=("database.sqlite3", "database.dump")) == {}
    assert "manifest.json" in [path.name for path in (data / "saved").iterdir()]


def test_every_entry_point_is_quiet_and_knows_the_broker() -> None:
    """manage.py, the web server's and the worker's module set the hooks for what nobody catches, and the Celery app."""
    started = []
    for module in ("manage", "healthsocial.wsgi", "healthsocial.celery"):
        code = f"import sys, threading, {module}; sys.argv = ['manage.py', 'version']; "
        code += "manage.main(); " if module == "manage" else ""
        code += "from celery import current_app as app; "
        code += "t = threading.Thread(target=lambda: print(app.main, app.connection_for_write().as_uri())); "
        code += "t.start(); t.join(); int('Zqx' 'text')"
        env = {**os.environ, "REDIS_URL": "redis://192.0.2.1:6379/3", "DJANGO_SETTINGS_MODULE": "healthsocial.settings"}
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", code], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
        )
    for process in started:
        out, said = process.communicate(timeout=SECONDS)
        assert process.returncode == 1
        assert "healthsocial redis://" in out, out
        assert "192.0.2.1:6379/3" in out
        assert "builtins.ValueError" in said
        assert found(said) == set()
