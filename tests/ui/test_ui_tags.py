"""The tags that pages are drawn with."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django import forms
from django.template.loader import render_to_string

from healthsocial.org.templatetags import ui

SPRITE = Path(__file__).resolve().parents[2] / "static/vendor/lucide/sprite.svg"
SUMMER = datetime(2026, 7, 1, 7, 30, tzinfo=UTC)


class Sheet(forms.Form):
    name = forms.CharField(help_text="As on the door.")
    ok = forms.BooleanField()
    kind = forms.ChoiceField(widget=forms.RadioSelect, choices=[("a", "A")])


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("Europe/Berlin", "Wed 1 Jul 2026, 09:30 CEST"),
        ("America/Chicago", "Wed 1 Jul 2026, 02:30 CDT"),
        ("America/Sao_Paulo", "Wed 1 Jul 2026, 04:30 UTC-03"),
        ("", "Wed 1 Jul 2026, 07:30 UTC"),
        (None, "Wed 1 Jul 2026, 07:30 UTC"),
    ],
)
def test_in_zone_always_prints_the_zone(zone: str | None, shown: str) -> None:
    assert ui.in_zone(SUMMER, zone) == shown


def test_in_zone_prints_nothing_for_no_time() -> None:
    assert ui.in_zone(None, "Europe/Berlin") == ""


def test_every_look_has_its_icon_in_the_sprite() -> None:
    there = set(re.findall(r'<symbol id="([^"]+)"', SPRITE.read_text(encoding="utf-8")))
    looks = [*ui.STATE_LOOKS.values(), *ui.SEVERITY_LOOKS.values()]
    assert {look.icon for look in looks} | set(ui.LEVEL_ICONS.values()) <= there
    assert len(ui.STATE_LOOKS) == 8


def test_icon_escapes_its_label() -> None:
    assert 'aria-label="a&quot;&lt;b"' in ui.icon("clock", 'a"<b')


@pytest.mark.parametrize(("name", "letters"), [("Rita Vogel", "RV"), ("ana@x.org", "AX"), ("", ""), ("Cher", "C")])
def test_initials(name: str, letters: str) -> None:
    assert ui.initials(name) == letters


def test_field_ties_help_and_error_to_the_widget() -> None:
    html = render_to_string("components/field.html", {"field": Sheet({})["name"]})
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'id="id_name_helptext"' in html
    assert 'id="id_name_error"' in html
    assert 'class="form-control is-invalid"' in html


def test_field_without_help_points_at_none() -> None:
    html = render_to_string("components/field.html", {"field": Sheet()["name"], "no_help": True})
    assert "helptext" not in html


def test_group_is_a_fieldset_with_a_legend() -> None:
    html = render_to_string("components/field.html", {"field": Sheet({})["kind"]})
    assert html.count("<legend") == 1
    assert 'aria-describedby="id_kind_error"' in html.split(">")[0] + ">"


def test_post_text_escapes_and_keeps_the_words_whole() -> None:
    segments = [{"text": "a <b> "}, {"text": "cures", "findings": [3, 4], "severity": "block"}, {"text": "."}]
    html = render_to_string("components/post_text.html", {"segments": segments})
    assert re.sub(r"<span class=\"visually-hidden\">.*?</span>|<[^>]+>", "", html).strip() == "a &lt;b&gt; cures."
    assert 'data-findings="3 4"' in html


def test_error_pages_render_without_any_context() -> None:
    for name in ("403.html", "404.html", "500.html", "403_csrf.html"):
        assert "<h1>" in render_to_string(name)
