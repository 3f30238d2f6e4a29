"""A KPI's digest changes with its formula, and with nothing else."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from salesnb.kpis import catalogue, definitions
from salesnb.kpis.registry import all_kpis, find

PARTS = '''
"""Parts."""
LIMIT: int = 3
FOLDED = {"a": LIMIT}


def halved(x):
    """Half of it."""
    return x / 2


def unused(x):
    return x
'''
KPIS = '''
from salesnb.kpis.made_parts import FOLDED, halved as half
from salesnb.kpis import made_parts as parts


def plain(book, period):
    return book


def by_name(book: "Book", period: "Period") -> "Measure":
    """Words."""
    rows = half(book)
    return rows


def by_module(book, period):
    return parts.halved(book)


def by_constant(book, period):
    return FOLDED


def by_another(book, period):
    return by_name(book, period)


def local(book, halved):
    unused = halved
    return unused
'''
NAMES = ("plain", "by_name", "by_module", "by_constant", "by_another", "local")


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., dict[str, str]]]:
    """Digest six KPIs of two modules, written with some replacements."""
    import salesnb.kpis

    monkeypatch.setattr(salesnb.kpis, "__path__", [*salesnb.kpis.__path__, str(tmp_path)])
    modules = ("made_parts", "made_kpis")
    caches = (definitions._known, definitions._used, definitions._module, definitions._is_module, definitions._text)

    def forget() -> None:
        for module in modules:
            sys.modules.pop(f"salesnb.kpis.{module}", None)
        for cache in caches:
            cache.cache_clear()
        importlib.invalidate_caches()

    def tell(*replacements: tuple[str, str], **attributes: str) -> dict[str, str]:
        forget()
        for module, text in zip(modules, (PARTS, KPIS), strict=True):
            assert all(old in PARTS + KPIS for old, _ in replacements)
            for old, new in replacements:
                text = text.replace(old, new)
            (tmp_path / f"{module}.py").write_text(text, encoding="utf-8")
        monkeypatch.setattr(sys, "dont_write_bytecode", True)
        made = importlib.import_module("salesnb.kpis.made_kpis")
        whole = {**vars(find("win_rate.closed")), **attributes}
        return {n: definitions.definition(catalogue.Kpi(**{**whole, "measure": getattr(made, n)})) for n in NAMES}

    yield tell
    forget()


def changed(told: Callable[..., dict[str, str]], *replacements: tuple[str, str]) -> list[str]:
    before, after = told(), told(*replacements)
    return [name for name in NAMES if before[name] != after[name]]


@pytest.mark.parametrize(
    ("old", "new", "which"),
    [
        ("x / 2", "x / 3", ["by_name", "by_module", "by_another"]),
        ("LIMIT: int = 3", "LIMIT: int = 4", ["by_constant"]),
        ("rows = half(book)", "rows = half(half(book))", ["by_name", "by_another"]),
        ("    return x\n", "    return x + 1\n", []),
    ],
)
def test_a_changed_formula_changes_those_that_use_it(
    told: Callable[..., dict[str, str]], old: str, new: str, which: list[str]
) -> None:
    assert changed(told, (old, new)) == which


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""Half of it."""', '"""A half."""'),
        ('    """Words."""\n', ""),
        ("return x / 2", "return (x /  2)  # the half"),
        ("LIMIT: int = 3", "LIMIT = 3"),
        ('-> "Measure"', '-> "Other"'),
        ("def plain", "@(lambda function: function)\ndef plain"),
    ],
)
def test_words_hints_and_formatting_do_not_count(told: Callable[..., dict[str, str]], old: str, new: str) -> None:
    assert changed(told, (old, new)) == []


@pytest.mark.parametrize("attribute", ["id", "variant", "formula", "unit", "by"])
def test_the_name_the_words_and_the_unit_count(told: Callable[..., dict[str, str]], attribute: str) -> None:
    assert told(**{attribute: "another"})["plain"] != told()["plain"]


@pytest.mark.parametrize("attribute", ["meaning", "owner", "action", "source"])
def test_other_words_of_the_catalogue_do_not(told: Callable[..., dict[str, str]], attribute: str) -> None:
    assert told(**{attribute: "another"}) == told()


def test_every_kpi_of_the_catalogue_has_a_digest_of_its_own() -> None:
    names = [kpi.name for kpi in all_kpis()]
    found = definitions.definitions(names)
    assert list(found) == sorted(names)
    assert len(set(found.values())) == len(names)


def test_what_a_real_kpi_stands_on() -> None:
    places = definitions._reached("salesnb.kpis.winning", "win_rate_closed")
    assert ("salesnb.kpis.durations", "closed_in") in places
    assert ("salesnb.kpis.measure", "ratio") in places
    assert not any(name in ("mean", "total", "win_rate_value") for _, name in places)
    assert {module.rpartition(".")[0] for module, _ in places} == {"salesnb.kpis"}


def test_what_is_written_does_not_depend_on_the_version_of_python() -> None:
    (node,) = ast.parse("def f(a: int = 1) -> int:\n    'x'\n    return a + 2.5").body
    assert definitions._told(node) == [
        "FunctionDef",
        ["name", "f"],
        ["args", ["arguments", ["args", [["arg", ["arg", "a"]]]], ["defaults", [["Constant", ["value", 1]]]]]],
        ["body", [["Return", ["value", ["BinOp", ["left", ["Name", ["id", "a"]]], ["op", ["Add"]],
                                        ["right", ["Constant", ["value", "2.5"]]]]]]]],
    ]  # fmt: skip
