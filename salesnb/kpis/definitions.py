"""Definitions: a short digest of what each KPI is defined by, to tell a changed formula from other changed code.

What a KPI is defined by is its name, its formula in words, its unit, its own dimension, and the code of its measure
function with that of every function, class and constant of :mod:`salesnb.kpis` that this one uses, directly or by way
of others. Comments, docstrings, type hints, formatting and the words of its entry in the catalogue do not count.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any

from salesnb.errors import UnknownKpi
from salesnb.kpis.catalogue import Kpi, find

_PACKAGE = "salesnb.kpis"
_LENGTH = 16
_LEFT_OUT = ("annotation", "returns", "type_comment", "type_params", "ctx")
_FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class _Module:
    """What a module names at its top: its own statements, and what it takes from others."""

    own: dict[str, list[ast.stmt]]
    taken: dict[str, tuple[str, str]]


def definition(kpi: Kpi) -> str:
    """Return the digest of what one KPI is defined by; 16 figures, the same under every version of Python.

    Examples
    --------
    >>> definition(find("win_rate.closed")) == definition(find("win_rate"))
    True
    >>> definition(find("win_rate.closed")) == definition(find("win_rate.value"))
    False
    """
    function = kpi.measure
    texts = sorted(_text(*place) for place in _reached(str(function.__module__), function.__name__))
    told = [kpi.id, kpi.variant, kpi.formula, kpi.unit, kpi.by, texts]
    return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()[:_LENGTH]


def definitions(names: Iterable[str]) -> dict[str, str]:
    """Return the digests of several KPIs by name, in the order of their names.

    Parameters
    ----------
    names
        As ``win_rate.closed``; a name that is not in the catalogue is left out.

    Examples
    --------
    >>> list(definitions(["win_rate.value", "nothing.of_ours", "gross_margin.ratio"]))
    ['gross_margin.ratio', 'win_rate.value']
    """
    found = {}
    for name in sorted(set(names)):
        try:
            found[name] = _known(name)
        except UnknownKpi:
            continue
    return found


@cache
def _known(name: str) -> str:
    return definition(find(name))


def _reached(module: str, name: str) -> set[tuple[str, str]]:
    """Return where everything stands that a name stands on: pairs of module and name, itself among them."""
    found: set[tuple[str, str]] = set()
    waiting = [(module, name)]
    while waiting:
        place = waiting.pop()
        if place not in found:
            found.add(place)
            waiting += _used(*place)
    return found


@cache
def _used(module: str, name: str) -> tuple[tuple[str, str], ...]:
    """Return the places that one name uses directly, those of the package alone."""
    found = []
    for node in _module(module).own.get(name, ()):
        plain = [part for part in _walk(node) if not isinstance(part, str)]
        bound = {p.arg for p in plain if isinstance(p, ast.arg)} if isinstance(node, _FUNCTION) else set()
        names = [part for part in plain if isinstance(part, ast.Name)]
        if isinstance(node, _FUNCTION):
            bound |= {part.id for part in names if isinstance(part.ctx, ast.Store)}
        found += [_place(module, part.id) for part in names if part.id not in bound]
        for part in plain:
            if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
                of = _module(module).taken.get(part.value.id)
                if of is not None and _is_module(".".join(of)):
                    found.append(_place(".".join(of), part.attr))
    return tuple(dict.fromkeys(place for place in found if place is not None and place != (module, name)))


def _place(module: str, name: str) -> tuple[str, str] | None:
    """Return the module that a name of a module is written in; None where that is none of the package's."""
    for _ in range(8):
        known = _module(module)
        if name in known.own:
            return module, name
        if name not in known.taken or not known.taken[name][0].startswith(_PACKAGE):
            return None
        module, name = known.taken[name]
    return None


@cache
def _module(name: str) -> _Module:
    """Read a module; one without a source, or of another package and not a measure's own, names nothing."""
    spec = find_spec(name)
    text = getattr(spec.loader, "get_source", lambda name: None)(name) if spec is not None else None
    own: dict[str, list[ast.stmt]] = {}
    taken: dict[str, tuple[str, str]] = {}
    tree = ast.parse(text or "")
    for node in tree.body:
        for top in _named(node):
            own.setdefault(top, []).append(node)
    for part in ast.walk(tree):
        if isinstance(part, ast.ImportFrom) and part.module and not part.level:
            taken |= {alias.asname or alias.name: (part.module, alias.name) for alias in part.names}
    return _Module(own, taken)


@cache
def _is_module(name: str) -> bool:
    return name.startswith(f"{_PACKAGE}.") and name.count(".") == 2 and find_spec(name) is not None


def _named(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, _FUNCTION | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for part in (part for target in targets for part in ast.walk(target)):
            if isinstance(part, ast.Name):
                yield part.id


@cache
def _text(module: str, name: str) -> str:
    return json.dumps([_told(node) for node in _module(module).own.get(name, ())], ensure_ascii=False)


def _told(node: Any) -> Any:
    """Write a syntax tree as lists: by our own rule, because what Python prints differs from version to version."""
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        return _told(ast.Assign(targets=[node.target], value=node.value))
    if isinstance(node, ast.AST):
        return [type(node).__name__, *([name, _told(value)] for name, value in _fields(node))]
    if isinstance(node, list):
        return [_told(part) for part in node]
    return node if isinstance(node, str | bool | int) else repr(node)


def _fields(node: ast.AST) -> Iterator[tuple[str, Any]]:
    """Yield what counts of a node: no hints, no docstring, no decorator of a function, nothing that is empty."""
    if isinstance(node, ast.Constant):
        yield "value", node.value
        return
    is_function = isinstance(node, _FUNCTION)
    for name in node._fields:
        value = getattr(node, name, None)
        if value is None or value == [] or name in _LEFT_OUT or (is_function and name == "decorator_list"):
            continue
        if name == "body" and (is_function or isinstance(node, ast.ClassDef)) and _is_text(value[0]):
            value = value[1:]
        yield name, value


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """Yield every node that counts."""
    yield node
    for _, value in _fields(node):
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, ast.AST):
                yield from _walk(part)
