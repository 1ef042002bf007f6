"""Settings that refuse, and the reading of the environment."""

import runpy
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from healthsocial import env
from healthsocial.supervisor.children import BASE

GOOD = {
    "HEALTHSOCIAL_ENV": "production",
    "HEALTHSOCIAL_SECRET_KEY": "k" * 50,
    "HEALTHSOCIAL_HOSTS": "social.example.org",
}


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Run the settings file under an environment of its own."""

    def run(**values: str) -> dict[str, Any]:
        for name in ("HEALTHSOCIAL_ENV", "HEALTHSOCIAL_DEBUG", "DATABASE_URL", "REDIS_URL", "HEALTHSOCIAL_DB_POOL"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("HEALTHSOCIAL_DATA", str(tmp_path / "data"))
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(BASE / "healthsocial" / "settings.py"))

    return run


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"HEALTHSOCIAL_DEBUG": "1"}, "HEALTHSOCIAL_DEBUG must be off"),
        ({"HEALTHSOCIAL_DEBUG": "yes"}, "HEALTHSOCIAL_DEBUG must be True, False, 1 or 0"),
        ({"HEALTHSOCIAL_SECRET_KEY": ""}, "HEALTHSOCIAL_SECRET_KEY must be set"),
        ({"HEALTHSOCIAL_SECRET_KEY": "django-insecure-" + "k" * 50}, "HEALTHSOCIAL_SECRET_KEY must be set"),
        ({"HEALTHSOCIAL_HOSTS": ""}, "HEALTHSOCIAL_HOSTS must name the hosts"),
        ({"HEALTHSOCIAL_HOSTS": "*"}, "without wildcards"),
        ({"HEALTHSOCIAL_HOSTS": "good.example.org,*.example.org"}, "without wildcards"),
        ({"HEALTHSOCIAL_HOSTS": ".example.org"}, "without wildcards"),
        ({"HEALTHSOCIAL_ENV": "prod"}, "must be local, production or test"),
        ({"HEALTHSOCIAL_NETWORK_TIMEOUT": "0"}, "must be 1 to 120 seconds"),
        ({"HEALTHSOCIAL_NETWORK_TIMEOUT": "121"}, "must be 1 to 120 seconds"),
        ({"DATABASE_URL": "nonsense"}, "DATABASE_URL is not understood"),
        ({"DATABASE_URL": "sqlite:///x.db"}, "must name a PostgreSQL database"),
    ],
)
def test_production_refuses(load: Any, wrong: dict[str, str], sentence: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=sentence):
        load(**{**GOOD, **wrong})


def test_production_with_good_values_makes_no_keys_and_is_strict(load: Any, tmp_path: Path) -> None:
    settings = load(**GOOD)
    assert (settings["DEBUG"], settings["SECURE_SSL_REDIRECT"], settings["SESSION_COOKIE_SECURE"]) == (
        False,
        True,
        True,
    )
    assert not (tmp_path / "data").exists()


def test_a_local_start_makes_keys_that_only_the_owner_reads_and_keeps_them(load: Any, tmp_path: Path) -> None:
    first = load()
    files = sorted((tmp_path / "data" / "keys").iterdir())
    assert [path.name for path in files] == ["field.keys", "secret.key"]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert load()["SECRET_KEY"] == first["SECRET_KEY"]


def test_a_pool_keeps_the_options_of_the_address(load: Any) -> None:
    url = "postgres://u@db.example.org/x?sslmode=require"
    options = load(DATABASE_URL=url, HEALTHSOCIAL_DB_POOL="1")["DATABASES"]["default"]["OPTIONS"]
    assert options == {
        "server_side_binding": True,
        "sslmode": "require",
        "pool": {"min_size": 1, "max_size": 8, "timeout": 10},
    }


def test_a_value_may_come_from_a_file_and_the_variable_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from the file\n", encoding="utf-8")
    monkeypatch.setenv("THING_FILE", str(tmp_path / "secret"))
    assert env.text("THING") == "from the file"
    monkeypatch.setenv("THING", "from the variable")
    assert env.text("THING") == "from the variable"


@pytest.mark.parametrize(("text", "value"), [("", True), ("True", True), ("1", True), ("False", False), ("0", False)])
def test_yes_and_no(monkeypatch: pytest.MonkeyPatch, text: str, value: bool) -> None:
    monkeypatch.setenv("THING", text)
    assert env.boolean("THING", True) is value


def test_numbers_and_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THING", " a , b,, ")
    assert env.words("THING") == ["a", "b"]
    with pytest.raises(ImproperlyConfigured, match="THING must be a whole number"):
        env.integer("THING", 3)
    monkeypatch.delenv("THING")
    assert env.integer("THING", 3) == 3
