"""pyproject.toml, requirements.lock and environment.yml name the same parts, and the code uses no other."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))

CONDA_NAMES = {
    "duckdb": "python-duckdb",
    "ibis-framework[duckdb]": "ibis-duckdb",
    "ibis-framework[postgres]": "ibis-postgres",
    "jupyter-client": "jupyter_client",
    "jupyter-core": "jupyter_core",
    "matplotlib": "matplotlib-base",
    "psycopg[binary]": "psycopg",
    "tzdata": "python-tzdata",
}
"""What conda calls the parts that it calls otherwise."""
ONLY_CONDA = {"pip": "", "python": "=3.11"}


def direct() -> list[Requirement]:
    extras = PROJECT["project"]["optional-dependencies"].values()
    lines = [*PROJECT["project"]["dependencies"], *(line for extra in extras for line in extra)]
    return [Requirement(line) for line in lines]


def locked() -> dict[str, list[Requirement]]:
    """Name to its lines in the lock: one, or one a platform or Python."""
    found: dict[str, list[Requirement]] = {}
    for line in LOCK.replace(" \\\n", " ").splitlines():
        requirement = Requirement(line.split(" --hash=")[0])
        found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


@pytest.mark.parametrize("requirement", direct(), ids=str)
def test_every_direct_dependency_is_locked_within_its_bounds(requirement: Requirement) -> None:
    lines = locked()[canonicalize_name(requirement.name)]
    for line in lines:
        (version,) = line.specifier
        assert version.operator == "=="
        assert requirement.specifier.contains(version.version)


def test_every_line_of_the_lock_has_hashes_and_no_address() -> None:
    lines = LOCK.replace(" \\\n", " ").splitlines()
    assert len(lines) > 100
    assert [
        line for line in lines if not re.search(r"( --hash=sha256:[0-9a-f]{64})+$", line.replace("    ", " "))
    ] == []
    assert "://" not in LOCK
    assert [line for line in lines if line.startswith("-")] == []


def test_nothing_is_locked_that_nothing_needs() -> None:
    wanted = {canonicalize_name(requirement.name) for requirement in direct()}
    here = [name for name, lines in locked().items() if any(not r.marker or r.marker.evaluate() for r in lines)]
    assert len(here) > 100  # the others are another platform's or Python's
    for name in here:
        wanted |= {canonicalize_name(Requirement(line).name) for line in metadata.requires(name) or []}
    assert sorted(set(here) - wanted) == []


def test_environment_yml_has_the_same_parts() -> None:
    assert CONDA["channels"] == ["conda-forge"]
    said = {}
    for line in CONDA["dependencies"]:
        name = re.split(r"[<>=]", line)[0]
        said[name] = line.removeprefix(name)
    wanted = dict(ONLY_CONDA)
    for requirement in direct():
        extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
        plain = requirement.name + extras
        wanted[CONDA_NAMES.get(plain, plain)] = str(requirement.specifier)
    assert set(said) == set(wanted)
    for name, bounds in said.items():
        same = bounds == wanted[name] if name in ONLY_CONDA else SpecifierSet(bounds) == SpecifierSet(wanted[name])
        assert same, f"{name}: {bounds} here, {wanted[name]} in pyproject.toml"
    assert list(said)[1:] == sorted(list(said)[1:])


def test_the_dependencies_are_sorted() -> None:
    project = PROJECT["project"]
    for lines in (project["dependencies"], *project["optional-dependencies"].values()):
        assert lines == sorted(lines, key=lambda line: str(Requirement(line).name))


def outside(source: str) -> set[str]:
    """The packages of others that a source imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found - set(sys.stdlib_module_names) - {"salesnb"}


def test_the_package_imports_what_it_says_it_depends_on() -> None:
    homes = metadata.packages_distributions()
    declared = {canonicalize_name(requirement.name) for requirement in direct()}
    found = set().union(*(outside(f.read_text(encoding="utf-8")) for f in (ROOT / "salesnb").rglob("*.py")))
    assert {"pandas", "ibis", "pydantic"} <= found
    undeclared = {name for name in found if not {canonicalize_name(d) for d in homes.get(name, [name])} & declared}
    assert undeclared == set()


def test_an_undeclared_import_is_found() -> None:
    assert outside("import os\nimport numpy.linalg\ndef f():\n    from scipy import stats\nfrom . import x") == {
        "numpy",
        "scipy",
    }
