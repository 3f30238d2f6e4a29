"""The package's public names, the names of its modules, and their size."""

from __future__ import annotations

from pathlib import Path

import pytest

import salesnb

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted((ROOT / "salesnb").rglob("*.py"))
REFUSED = {"utils", "util", "helpers", "helper", "common", "misc", "base", "core", "shared", "lib"}
LONGEST = 300
LONGER: dict[str, str] = {}
"""The modules that may be longer, each with its reason."""

EXPORTED = ["Book", "Params", "Period", "__version__", "all_kpis", "compute", "open", "sheet"]


def name(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def test_the_exported_names_are_these_and_sorted() -> None:
    assert salesnb.__all__ == EXPORTED == sorted(EXPORTED)
    assert dir(salesnb) == EXPORTED


@pytest.mark.parametrize("exported", EXPORTED)
def test_every_exported_name_is_there(exported: str) -> None:
    assert getattr(salesnb, exported) is not None


def test_no_other_name_is_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'opne'"):
        _ = salesnb.opne


def too_long(lines: dict[str, int]) -> list[str]:
    return [
        f"{file} has {count} lines"
        for file, count in lines.items()
        if (count > LONGEST and file not in LONGER) or (count <= LONGEST and file in LONGER)
    ]


def test_no_module_is_long_and_no_exception_is_stale() -> None:
    lines = {name(file): len(file.read_text(encoding="utf-8").splitlines()) for file in MODULES}
    assert too_long(lines) == []
    assert set(LONGER) <= set(lines)


def test_a_long_module_is_found() -> None:
    assert too_long({"salesnb/a.py": 301, "salesnb/b.py": 300}) == ["salesnb/a.py has 301 lines"]


def refused_names(files: list[str]) -> list[str]:
    return [file for file in files if REFUSED & set(Path(file).with_suffix("").parts)]


def test_a_module_is_named_after_what_it_is() -> None:
    assert refused_names([name(file) for file in MODULES]) == []
    assert refused_names(["salesnb/utils.py", "salesnb/core/x.py", "salesnb/errors.py"]) == [
        "salesnb/utils.py",
        "salesnb/core/x.py",
    ]
