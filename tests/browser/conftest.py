"""Reports that every test of a browser looks at, published once, and the browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from salesnb.run.runner import run
from tests.browser import company
from tests.browser.chromium import launched
from tests.made import made_once, sample_report

FOLDER = '"><img src=x onerror=__pwned=1>'


def _attack(folder: Path) -> None:
    _company(folder, company.payload)


def _harmless(folder: Path) -> None:
    _company(folder, company.harmless)


def _company(folder: Path, word: Callable[[int], str]) -> None:
    mapping, goals = company.write(folder / "source", word), company.goals(folder, word)
    params = {"segments": list(company.SEGMENTS), "goals": str(goals)}
    run("2026Q3", source=str(mapping), out=folder, params=params)


def _folder(folder: Path) -> None:
    """The report of a source without a mapping, whose name is its folder's."""
    source = folder / FOLDER
    source.mkdir()
    deal = "opportunity_id,outcome,amount,created_at,closed_on\n1,won,5,2026-07-01,2026-07-20\n"
    (source / "opportunities.csv").write_text(deal)
    run("2026Q3", source=str(source), out=folder, only=("09_data_health",))


_MAKERS = {"attack": _attack, "harmless": _harmless, "folder": _folder}


def _made(root: Path) -> None:
    for name, make in _MAKERS.items():
        (root / name).mkdir()
        make(root / name)


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """The folders of the published reports by name; whichever process comes first makes them for all."""
    root = made_once(tmp_path_factory, "reports", _made)
    return {"sample": sample_report(tmp_path_factory), **{name: root / name / "2026Q3" for name in _MAKERS}}


@pytest.fixture(scope="module")
def browser(reports: Mapping[str, Path]) -> Iterator[Browser]:
    """Chromium, started once the reports are there: while it runs, this process has an event loop that runs."""
    with launched() as started:
        yield started
