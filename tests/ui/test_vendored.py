"""Vendored files are what their manifests say: nothing edited by hand, nothing unlisted, every icon there."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
MANIFESTS = [ROOT / "static/vendor/MANIFEST.json", ROOT / "tests/vendor/MANIFEST.json"]
SPRITE = ROOT / "static/vendor/lucide/sprite.svg"


def entries() -> list[tuple[Path, dict[str, Any]]]:
    return [
        (manifest.parent / entry["path"], entry)
        for manifest in MANIFESTS
        for entry in json.loads(manifest.read_text(encoding="utf-8"))["files"]
    ]


@pytest.mark.parametrize(("path", "entry"), entries(), ids=lambda value: value.name if isinstance(value, Path) else "")
def test_vendored_file_has_the_digest_of_its_manifest(path: Path, entry: dict[str, Any]) -> None:
    data = path.read_bytes()
    assert hashlib.sha256(data).hexdigest() == entry["sha256"]
    assert all(entry[key] for key in ("name", "version", "licence", "source"))
    if "removed" in entry:  # what was cut off, put back, is the published file
        assert hashlib.sha256(data + entry["removed"].encode()).hexdigest() == entry["source_sha256"]


@pytest.mark.parametrize("manifest", MANIFESTS, ids=["static", "tests"])
def test_no_vendored_file_is_unlisted(manifest: Path) -> None:
    listed = {entry["path"] for entry in json.loads(manifest.read_text(encoding="utf-8"))["files"]}
    found = {str(path.relative_to(manifest.parent)) for path in manifest.parent.rglob("*") if path.is_file()}
    assert found == listed | {"MANIFEST.json"}


def test_every_icon_that_is_named_is_in_the_sprite() -> None:
    there = set(re.findall(r'<symbol id="([^"]+)"', SPRITE.read_text(encoding="utf-8")))
    named: dict[str, str] = {}
    for template in (ROOT / "templates").rglob("*.html"):
        text = template.read_text(encoding="utf-8")
        for name in re.findall(r'\{% icon "([^"]+)"|icon_name(?:=|\|default:)"([^"]+)"', text):
            named["".join(name)] = template.name
    assert {name: where for name, where in named.items() if name not in there} == {}
    assert len(named) > 20


def test_templates_hold_no_inline_style_script_or_outside_address() -> None:
    bad = re.compile(
        r"\sstyle=|<style|\son[a-z]+=\"|hx-on|javascript:|(?:src|href)=\"(?:https?:)?//|<script(?![^>]*\ssrc=)"
    )
    assert {
        str(template.relative_to(ROOT)): match.group()
        for template in (ROOT / "templates").rglob("*.html")
        if (match := bad.search(template.read_text(encoding="utf-8")))
    } == {}


def test_own_scripts_keep_only_two_words_in_browser_storage() -> None:
    scripts = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "static/js").glob("*.js"))
    assert set(re.findall(r'localStorage\.\w+\("([^"]+)"', scripts)) == {"hs-theme", "hs-keys"}
    assert "sessionStorage" not in scripts
    assert "eval(" not in scripts
