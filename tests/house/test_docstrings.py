"""Everything public says what it is, in numpy style, and its examples run.

That a docstring is there and has the right shape is ruff's to check; here: what it says of parameters is true, what
takes more than a few of them explains them, and what raises says so.
"""

from __future__ import annotations

import ast
import doctest
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted((ROOT / "salesnb").rglob("*.py"))
MANY = 4
"""With so many parameters or fields, a docstring has to have a section for them."""
USUAL = {"book", "period", "by", "segment", "confidence"}
"""What means the same wherever it is taken, and needs no words."""

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def dotted(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def public(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, Definition]]:
    """Every public class and function, and the public methods of public classes."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public(node, f"{prefix}{node.name}.")


def section(docstring: str, *titles: str) -> list[str] | None:
    """The names that the sections of those titles explain; None where there is no such section."""
    found: list[str] | None = None
    for title in titles:
        match = re.search(rf"^{title}\n-+\n(.*?)(?=^\w[\w ]*\n-+$|\Z)", docstring, re.MULTILINE | re.DOTALL)
        if match:
            names = [line for line in match[1].splitlines() if line and not line.startswith(" ")]
            found = (found or []) + [n.strip(" *") for line in names for n in line.split(":")[0].split(",")]
    return found


def parameters(node: Definition) -> list[str]:
    """What a function takes, or what a class is made of."""
    if isinstance(node, ast.ClassDef):
        fields = [n.target.id for n in node.body if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)]
        made = [n for n in node.body if isinstance(n, ast.FunctionDef)]
        own = [n.name for n in made if n.decorator_list]
        of_init = [p for n in made if n.name == "__init__" for p in parameters(n)]
        inside = [
            n.attr for f in made if f.name == "__init__" for n in ast.walk(f)
            if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)
        ]  # fmt: skip
        return [*fields, *own, *of_init, *inside]
    arguments = node.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    return [argument.arg for argument in every if argument is not None and argument.arg not in ("self", "cls")]


def faults(source: str) -> list[str]:
    """What is missing or untrue, one sentence each."""
    found = []
    tree = ast.parse(source)
    if tree.body and not ast.get_docstring(tree):
        found.append("the module has no docstring")
    for name, node in public(tree):
        docstring = ast.get_docstring(node)
        if not docstring:
            found.append(f"{name} has no docstring")
            continue
        known = parameters(node)
        told = section(docstring, "Parameters", "Attributes")
        found += [f"{name} explains {p!r}, which it has not" for p in told or () if p not in known]
        if isinstance(node, ast.ClassDef):
            is_dataclass = any("dataclass" in ast.unparse(d) for d in node.decorator_list)
            if told is None and is_dataclass and len(known) >= MANY:
                found.append(f"{name} has {len(known)} fields and no section Attributes")
        elif any(ast.unparse(d).startswith("app.command(") for d in node.decorator_list):
            continue  # its docstring is its --help, and its options have their own
        elif told is None and len(unusual := [p for p in known if p not in USUAL]) >= MANY:
            found.append(f"{name} has {len(unusual)} parameters and no section Parameters")
    return found


@pytest.mark.parametrize("file", MODULES, ids=dotted)
def test_docstrings_are_there_and_true(file: Path) -> None:
    assert faults(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('"""M."""\ndef f(a, b):\n    """F."""', []),
        ("x = 1", ["the module has no docstring"]),
        ("", []),
        ('"""M."""\ndef f(): ...', ["f has no docstring"]),
        ('"""M."""\ndef _f(): ...', []),
        ('"""M."""\nclass A:\n    """A."""\n    def m(self): ...', ["A.m has no docstring"]),
        (
            '"""M."""\ndef f(a):\n    """F.\n\n    Parameters\n    ----------\n    a, b\n        Them.\n    """',
            ["f explains 'b', which it has not"],
        ),
        (
            '"""M."""\ndef f(a, b, *, c, d):\n    """F."""',
            ["f has 4 parameters and no section Parameters"],
        ),
        ('"""M."""\ndef f(book, period, *, by, a, b):\n    """F."""', []),
        (
            '"""M."""\n@dataclass\nclass A:\n    """A."""\n    x: int\n    y: int\n    z: int\n    u: int',
            ["A has 4 fields and no section Attributes"],
        ),
        (
            '"""M."""\n@dataclass\nclass A:\n    """A.\n\n    Attributes\n    ----------\n    y\n        It.\n    """\n'
            "    x: int",
            ["A explains 'y', which it has not"],
        ),
    ],
)
def test_a_fault_is_found(source: str, found: list[str]) -> None:
    assert faults(source) == found


@pytest.mark.parametrize("file", [f for f in MODULES if ">>> " in f.read_text(encoding="utf-8")], ids=dotted)
def test_examples_run(file: Path) -> None:
    result = doctest.testmod(importlib.import_module(dotted(file)))
    assert result.attempted > 0
    assert result.failed == 0
