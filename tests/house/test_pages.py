"""The lists in the documentation are what the code says."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from salesnb.data.contract import CONTRACT

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["cli.md", "data-contract.md", "kpis.md"])
def test_a_page_is_what_make_docs_writes(generate: ModuleType, name: str) -> None:
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == generate.PAGES[name]()


def test_every_kpi_is_in_the_catalogue() -> None:
    from salesnb.kpis.registry import all_kpis

    page = (ROOT / "docs" / "kpis.md").read_text(encoding="utf-8")
    for kpi in all_kpis():
        section = page.split(f"\n### {kpi.id}\n")[1].split("\n### ")[0]
        assert (f"| **{kpi.variant}** (default) |" if kpi.is_default else f"| {kpi.variant} |") in section
        assert kpi.formula.replace("|", "\\|") in section


def test_every_table_and_column_is_in_the_contracts_page() -> None:
    page = (ROOT / "docs" / "data-contract.md").read_text(encoding="utf-8")
    for table in CONTRACT.values():
        section = page.split(f"\n## {table.name}\n")[1].split("\n## ")[0]
        assert all(f"| `{column.name}`" in section for column in table.columns)


def test_every_command_and_option_is_in_the_reference() -> None:
    from typer.main import get_command

    from salesnb.cli import app

    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    commands = get_command(app).commands  # type: ignore[attr-defined]
    assert {"demo", "run", "kpi", "kpis", "check", "sample", "new", "lab"} <= set(commands)
    for name, command in commands.items():
        section = page.split(f"\n## salesnb {name}\n")[1].split("\n## ")[0]
        for param in command.params:
            assert all(f"`{spelling}" in section for spelling in param.opts if spelling.startswith("-")), param.opts
            assert not param.opts[0].startswith("-") or getattr(param, "help", None), f"{name} {param.opts}: no help"


def test_make_docs_writes_what_changed(
    generate: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "FOLDER", tmp_path)
    monkeypatch.setattr(generate, "PAGES", {"a.md": lambda: "a\n", "b.md": lambda: "b\n"})
    (tmp_path / "a.md").write_text("a\n")
    (tmp_path / "b.md").write_text("old\n")
    generate.main()
    assert (tmp_path / "b.md").read_text() == "b\n"
    assert capsys.readouterr().err == "wrote docs/b.md\n"
