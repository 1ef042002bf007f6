"""The first step from a fresh clone: which Python, which packages."""

import ast
import importlib.metadata
import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from healthsocial.supervisor.children import BASE


@pytest.fixture(scope="module")
def bootstrap() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bootstrap", BASE / "bootstrap.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_old_python_gets_far_enough_to_read_it() -> None:
    source = (BASE / "bootstrap.py").read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 8))
    modules = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    assert modules <= sys.stdlib_module_names


@pytest.mark.parametrize("version", [(3, 8), (3, 10), (3, 14), (4, 0)])
def test_another_python_gets_one_sentence(bootstrap: ModuleType, version: tuple[int, int]) -> None:
    with pytest.raises(
        bootstrap.Problem, match=r"needs Python 3\.11, 3\.12 or 3\.13, and this is \d\.\d+: install one"
    ) as problem:
        bootstrap.check_python(version)
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13)])
def test_a_promised_python_is_taken(bootstrap: ModuleType, version: tuple[int, int]) -> None:
    bootstrap.check_python(version)


def test_a_python_without_venv_gets_one_sentence(tmp_path: Path) -> None:
    code = f"import sys; sys.modules['ensurepip'] = None; sys.path.insert(0, {str(BASE)!r}); import bootstrap\nsys.exit(bootstrap.main(['run']))"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code],
        env={"HEALTHSOCIAL_VENV": str(tmp_path / "venv"), "PATH": "/nowhere"},
        text=True,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert re.fullmatch(r"This Python cannot make .*`apt install python3\.1\d-venv`\), then try again\.\n", done.stdout)


def pinned(name: str) -> dict[str, Requirement]:
    lines = [line.split(" #")[0].strip() for line in (BASE / name).read_text(encoding="utf-8").splitlines()]
    found = [Requirement(line) for line in lines if line and not line.startswith(("#", "-r"))]
    return {canonicalize_name(requirement.name): requirement for requirement in found}


def test_every_package_is_pinned_exactly_with_all_that_it_brings() -> None:
    users, developers = pinned("requirements.txt"), pinned("requirements-dev.txt")
    everything = {**users, **developers}
    assert not set(users) & set(developers)
    for requirement in everything.values():
        assert re.fullmatch(r"==[0-9][^*,]*", str(requirement.specifier)), requirement
    for name, requirement in everything.items():
        if requirement.marker is not None and not requirement.marker.evaluate():
            continue
        for line in importlib.metadata.requires(name) or []:
            brought = Requirement(line)
            extras = [{"extra": extra} for extra in requirement.extras | {""}]
            if brought.marker is None or any(brought.marker.evaluate(extra) for extra in extras):
                scope = users if name in users else everything
                assert canonicalize_name(brought.name) in scope, f"{name} brings {brought.name}, which is not pinned"
