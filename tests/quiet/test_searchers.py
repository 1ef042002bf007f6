"""The controls: each searched place is given a marker, in every form, and each searcher finds it."""

import base64
import gzip
import html
import json
import logging
import pickle
import zlib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from django.core import mail, signing
from django.core.cache import cache
from django.db import connection
from django.test import Client

from healthsocial.audit.log import action, system
from tests.conftest import Cast
from tests.quiet import places
from tests.quiet.finding import found

TEXT = "Čau, Zqxcontrol of 17 Elm Street, MRN 84417263, 617-555-0173"
FORMS: dict[str, Callable[[str], bytes]] = {
    "as it is": str.encode,
    "upper case": lambda text: text.upper().encode(),
    "UTF-16": lambda text: text.encode("utf-16"),
    "JSON": lambda text: json.dumps({"text": text}).encode(),
    "address": lambda text: quote(text).encode(),
    "every byte in an address": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()).encode(),
    "HTML": lambda text: html.escape(text).encode(),
    "HTML numbers": lambda text: "".join(f"&#{ord(letter)};" for letter in text).encode(),
    "JavaScript": lambda text: "".join(f"\\u{ord(letter):04x}" for letter in text).encode(),
    "repr": lambda text: repr(text).encode(),
    "hexadecimal": lambda text: text.encode().hex().encode(),
    "base64": lambda text: base64.b64encode(text.encode()),
    "base64 with a letter before": lambda text: b"x" + base64.b64encode(text.encode()),
    "base64 shifted": lambda text: base64.b64encode(b"ab" + text.encode()),
    "base64 for addresses": lambda text: base64.urlsafe_b64encode(text.encode()),
    "pickle": pickle.dumps,
    "gzip": lambda text: gzip.compress(text.encode()),
    "zlib in base64": lambda text: base64.b64encode(zlib.compress(text.encode() * 3)),
    "signed, as in a cookie": lambda text: signing.dumps({"text": text * 3}, compress=True).encode(),
    "pickle in base64 in JSON": lambda text: json.dumps(base64.b64encode(pickle.dumps(text)).decode()).encode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_found(form: str) -> None:
    assert {"zqxcontrol", "MRN", "phone"} <= found(b"before " + FORMS[form](TEXT) + b" after")


def test_nothing_is_found_where_nothing_is() -> None:
    assert (
        found(
            b"zqxelse gAAAAABzqxelcxx before MRN and phone zqx 8441-726 \\u00 %zz &# \x1f\x8b\x08 x\x9c "
            + bytes(range(256))
        )
        == set()
    )


def test_the_log_is_searched() -> None:
    with places.written() as lines:
        logging.getLogger("posts.actions.edit").debug("saved %s", TEXT)
        logging.getLogger("gunicorn.error").warning("Zqxapart")
    assert found(lines.text) == {"zqxcontrol", "MRN", "phone", "zqxapart"}


@pytest.mark.django_db
def test_the_database_is_searched(cast: Cast, client: Client) -> None:
    """A new column that holds words, an event, a session: all are in the one dump."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE posts_careless (id integer, excerpt text)")
        cursor.execute("INSERT INTO posts_careless VALUES (1, %s)", [TEXT])
    with action("post.edited", actor=system("tests")) as act:
        act.record("post.edited", data={"words": "Zqxevent"})
    client.force_login(cast.alice)
    session = client.session
    session["last"] = "Zqxsession " * 9
    session.save()
    cast.harbor.sick_reason = "Zqxchannel"
    cast.harbor.save()
    assert places.columns() == {
        "zqxcontrol": {"posts_careless.excerpt"},
        "MRN": {"posts_careless.excerpt"},
        "phone": {"posts_careless.excerpt"},
        "zqxevent": {"audit_event.body"},
        "zqxsession": {"django_session.session_data"},
        "zqxchannel": {"org_channel.sick_reason"},
    }


def test_mails_the_cache_and_files_are_searched(tmp_path: Path) -> None:
    mail.send_mail("Zqxsubjectline", "Zqxbody " + "ä" * 80, "a@example.org", ["zqxreceiver@example.org"])
    assert found(places.mails()) == {"zqxsubjectline", "zqxbody", "zqxreceiver"}
    cache.set("page:Zqxcachekey", {"html": "Zqxvalue " * 50}, 60)
    assert found(places.cached()) == {"zqxcachekey", "zqxvalue"}
    cache.delete("page:Zqxcachekey")
    (tmp_path / "Zqxfilename.log").write_text("")
    (tmp_path / "beat").write_bytes(gzip.compress(b"Zqxinside"))
    assert places.files(tmp_path) == {"zqxfilename": {"Zqxfilename.log"}, "zqxinside": {"beat"}}
