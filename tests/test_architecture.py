"""The structure of the design page, read from the source: import arrows, one place for state changes, spaCy in one file."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LAYERS = ["healthsocial.audit", "healthsocial.org", "compliance", "posts"]
# Leaves of the project package that every app may use.
LEAVES = {
    "healthsocial", "healthsocial.clock", "healthsocial.crypto", "healthsocial.crypto_fields", "healthsocial.env",
    "healthsocial.searching",
}  # fmt: skip
# Imported by entry points only.
ENTRY = {
    "healthsocial.settings",
    "healthsocial.urls",
    "healthsocial.celery",
    "healthsocial.supervisor",
    "healthsocial.wsgi",
}
MAX_LINES, MAX_FUNCTION = 400, 60


def _sources() -> Iterator[tuple[Path, str]]:
    for top in ("healthsocial", "compliance", "posts"):
        for path in sorted((ROOT / top).rglob("*.py")):
            if "migrations" not in path.parts:
                module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
                yield path, module.removesuffix(".__init__")


def _layer(module: str) -> int | None:
    return next((n for n, layer in enumerate(LAYERS) if module == layer or module.startswith(layer + ".")), None)


def _imports(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            yield node.module, node.lineno
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def _wrong_arrows(module: str, imported: Iterator[tuple[str, int]] | list[tuple[str, int]]) -> list[str]:
    own = _layer(module)
    if own is None:
        return []
    commands = ".management.commands" in module  # a command is an entry point
    wrong = []
    for name, line in imported:
        other = _layer(name)
        if other is not None and other > own:
            wrong.append(f"{module}:{line} imports {name}")
        elif (
            other is None
            and not commands
            and name.split(".")[0] == "healthsocial"
            and any(name == e or name.startswith(e + ".") for e in ENTRY)
        ):
            wrong.append(f"{module}:{line} imports {name}, which only entry points may")
    return wrong


def test_imports_go_one_way() -> None:
    wrong = [line for path, module in _sources() for line in _wrong_arrows(module, list(_imports(path)))]
    assert wrong == []


def test_the_arrow_test_sees_a_wrong_arrow() -> None:
    assert _wrong_arrows("compliance.engine", [("posts.models", 3)]) == ["compliance.engine:3 imports posts.models"]
    assert _wrong_arrows("healthsocial.audit.log", [("healthsocial.org.models", 1)]) != []
    assert _wrong_arrows("posts.tasks", [("healthsocial.settings", 1)]) != []


def test_spacy_is_imported_in_one_file() -> None:
    found = {module for path, module in _sources() for name, _line in _imports(path) if name.split(".")[0] == "spacy"}
    assert found == {"compliance.pipeline"}


def test_starting_the_site_does_not_import_spacy() -> None:
    code = "import django; django.setup(); import healthsocial.urls, posts.tasks, sys; sys.exit('spacy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def _state_writes(source: str) -> list[int]:
    """Lines with `.update(state=…)`, `bulk_update` or an assignment to `.state`."""
    lines: list[int] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            keywords = {keyword.arg for keyword in node.keywords}
            if (node.func.attr == "update" and "state" in keywords) or node.func.attr == "bulk_update":
                lines.append(node.lineno)
        elif isinstance(node, ast.Assign):
            lines += [node.lineno for t in node.targets if isinstance(t, ast.Attribute) and t.attr == "state"]
    return sorted(lines)


def test_states_change_in_actions_only() -> None:
    wrong = [
        f"{module}:{line}" for path, module in _sources() if ".actions" not in module
        for line in _state_writes(path.read_text(encoding="utf-8"))
    ]  # fmt: skip
    assert wrong == []


def test_the_state_test_sees_an_update() -> None:
    assert _state_writes("Post.objects.filter(pk=1).update(state='approved')\npost.state = 'x'") == [1, 2]


def test_transitions_are_called_in_actions_only() -> None:
    from posts.enums import Transition

    names = {t.value for t in Transition} - {
        "settle",
        "retry",
        "release",
        "submit",
        "schedule",
        "block",
        "hold",
        "miss",
    }
    wrong = []
    for path, module in _sources():
        if ".actions" in module or module == "posts.models.post":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names:
                target = node.func.value
                if isinstance(target, ast.Name) and target.id == "post":
                    wrong.append(f"{module}:{node.lineno}")
    assert wrong == []


def test_files_and_functions_stay_small() -> None:
    long_files, long_functions = [], []
    for path, module in _sources():
        text = path.read_text(encoding="utf-8")
        if text.count("\n") > MAX_LINES:
            long_files.append(module)
        long_functions += [
            f"{module}.{node.name}"
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno + 1 > MAX_FUNCTION
        ]
    assert (long_files, long_functions) == ([], [])


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    from django.core.management import call_command

    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_the_unmaintained_fsm_package_is_not_installed() -> None:
    from importlib.metadata import PackageNotFoundError, version

    with pytest.raises(PackageNotFoundError):
        version("django-fsm")
    assert version("django-fsm-2")


def test_no_admin_site_and_no_debug_tool_is_mounted() -> None:
    from django.conf import settings

    assert "django.contrib.admin" not in settings.INSTALLED_APPS
    assert settings.DEBUG is False


def test_every_dependency_has_a_reason() -> None:
    reasons = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8").lower()
    direct = (ROOT / "requirements.txt").read_text(encoding="utf-8").split("# brought by the above")[0]
    names = [
        line.split("==")[0].split("[")[0].strip().lower()
        for line in direct.splitlines()
        if "==" in line and not line.startswith("#")
    ]
    assert names
    assert [name for name in names if f"`{name}`" not in reasons] == []
