"""A module imports only from the layers before its own, and no two modules of a layer import each other in a ring."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LAYERS = (
    "errors",
    "calendars",
    "formats",
    "periods",
    "settings",
    "goals",
    "scenarios",
    "params",
    "data",
    "kpis",
    "forecast",
    "analysis",
    "planning",
    "report",
    "run",
    "commands",
    "cli",
    "__main__",
)
"""The modules and packages of salesnb, in the order in which they may use each other."""
TOP = "salesnb"
"""The package itself: it hands out names of every layer, and no layer may take more than the version from it."""


def sources() -> dict[str, str]:
    """Every module of the package by its dotted name."""
    found = {}
    for file in sorted((ROOT / TOP).rglob("*.py")):
        parts = file.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file.read_text(encoding="utf-8")
    return found


def imported(source: str, modules: Mapping[str, str]) -> set[str]:
    """The package's own modules that a source imports, wherever in it: at its head, in a function, for types alone."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.split(".")[0] == TOP}
        elif isinstance(node, ast.ImportFrom) and node.level:
            found.add("a relative import")
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == TOP:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in modules else node.module for name in inner if name != "salesnb.__version__"}
    return found


def layer(module: str) -> int | None:
    if module == TOP:
        return len(LAYERS)
    name = module.split(".")[1]
    return LAYERS.index(name) if name in LAYERS else None


def violations(modules: Mapping[str, str]) -> list[str]:
    """What breaks the rule, one sentence each."""
    uses = {module: imported(source, modules) for module, source in modules.items()}
    found = [f"{module} is in no layer: write it into LAYERS" for module in modules if layer(module) is None]
    for module, used in uses.items():
        for other in sorted(used):
            own, theirs = layer(module), layer(other) if other.startswith(TOP) else None
            if theirs is None:
                found.append(f"{module} imports {other}, which is in no layer")
            elif own is not None and theirs > own:
                found.append(f"{module} imports {other}, which comes after it")
    return found + rings(uses)


def rings(uses: Mapping[str, set[str]]) -> list[str]:
    """The shortest ring through each module that imports itself by way of others, each ring once."""
    found: set[frozenset[str]] = set()
    told = []
    for start in sorted(uses):
        paths = [[start]]
        seen = {start}
        while paths:
            path = paths.pop(0)
            for other in sorted(uses.get(path[-1], ())):
                if other == start and frozenset(path) not in found:
                    found.add(frozenset(path))
                    told.append(" imports ".join([*path, start]))
                elif other not in seen:
                    seen.add(other)
                    paths.append([*path, other])
    return told


def test_every_module_keeps_to_its_layer() -> None:
    modules = sources()
    assert len(modules) > 20
    assert violations(modules) == []


@pytest.mark.parametrize(
    ("modules", "found"),
    [
        ({"salesnb.errors": "", "salesnb.periods": "from salesnb.errors import PeriodError"}, []),
        ({"salesnb.errors": "", "salesnb.run.a": "from salesnb import __version__, errors"}, []),
        (
            {"salesnb.errors": "from salesnb.periods import Period", "salesnb.periods": ""},
            ["salesnb.errors imports salesnb.periods, which comes after it"],
        ),
        (
            {"salesnb.kpis.a": "def f():\n    import salesnb.report.charts", "salesnb.report.charts": ""},
            ["salesnb.kpis.a imports salesnb.report.charts, which comes after it"],
        ),
        (
            {"salesnb.data.a": "if TYPE_CHECKING:\n    from salesnb import cli", "salesnb.cli": ""},
            ["salesnb.data.a imports salesnb.cli, which comes after it"],
        ),
        (
            {"salesnb": "", "salesnb.data.a": "from salesnb import open"},
            ["salesnb.data.a imports salesnb, which comes after it"],
        ),
        (
            {"salesnb.data.a": "from . import b"},
            ["salesnb.data.a imports a relative import, which is in no layer"],
        ),
        ({"salesnb.helpers": ""}, ["salesnb.helpers is in no layer: write it into LAYERS"]),
        (
            {"salesnb.data.a": "import salesnb.data.b", "salesnb.data.b": "from salesnb.data import a"},
            ["salesnb.data.a imports salesnb.data.b imports salesnb.data.a"],
        ),
        (
            {
                "salesnb.data.a": "import salesnb.data.b",
                "salesnb.data.b": "import salesnb.data.c",
                "salesnb.data.c": "def f():\n    from salesnb.data.a import x",
            },
            ["salesnb.data.a imports salesnb.data.b imports salesnb.data.c imports salesnb.data.a"],
        ),
    ],
)
def test_a_violation_is_found(modules: dict[str, str], found: list[str]) -> None:
    assert violations(modules) == found
