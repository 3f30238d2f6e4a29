"""Runs of the past, written by hand: a folder with run.json and results.json, and the data that was kept."""

from __future__ import annotations

import datetime as dtm
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from salesnb.data.book import Book
from salesnb.data.stored import save
from salesnb.kpis.definitions import definitions
from salesnb.run.copies import keep, let_go
from salesnb.run.inputs import package_digest
from salesnb.run.manifest import versions

SEPTEMBER = dtm.date(2026, 9, 30)
PRESENT = definitions(["revenue.booked", "win_rate.closed"])


def deal(name: str, amount: float, closed_on: str, outcome: str = "won", owner: str = "ada") -> dict[str, Any]:
    return {"opportunity_id": name, "amount": amount, "created_at": "2026-07-01", "closed_on": closed_on,
            "outcome": outcome, "owner_id": owner, "currency": "EUR"}  # fmt: skip


def number(value: float | None, name: str = "revenue.booked", **more: Any) -> dict[str, Any]:
    id, _, variant = name.partition(".")
    unit = "money" if id == "revenue" else "ratio"
    return {"notebook": "01_a", "id": id, "variant": variant, "period": "2026Q3", "by": None, "segment": None,
            "value": value, "unit": unit, "status": "ok", "reason": "", **more}  # fmt: skip


def keep_data(root: Path, fingerprint: str, deals: Sequence[Mapping[str, Any]]) -> None:
    book = Book.of({"opportunities": deals}, as_of=SEPTEMBER, currency="EUR")
    stored = root / "stored"
    save(replace(book, fingerprint=fingerprint), stored)
    assert keep(root, fingerprint, stored) is not None
    let_go(root, fingerprint)
    for path in stored.iterdir():
        path.unlink()
    stored.rmdir()


def a_run(
    folder: Path,
    *numbers: Mapping[str, Any],
    fingerprint: str = "fa",
    params: Mapping[str, Any] | None = None,
    package: str | None = "",
    defined: Mapping[str, str] | None = PRESENT,
    ended_at: str = "2026-11-21T23:15:00+00:00",
    state: str = "published",
    notebooks: Mapping[str, str] | None = None,
    failed: Sequence[str] = (),
) -> Path:
    """Write a run; ``package`` is the present one where it is empty, and not known where it is None."""
    folder.mkdir(parents=True)
    known = {"period": "2026Q3", "source": "deals", "out": "outputs", "as_of": None, "fiscal_year_start": 1,
             "confidence": 0.95}  # fmt: skip
    manifest: dict[str, Any] = {
        "schema": 1, "period": "2026Q3", "state": state, "ended_at": ended_at, "params": known | dict(params or {}),
        "versions": versions(), "fingerprint": fingerprint, "as_of": "2026-09-30",
        "notebooks": [
            {"name": name, "sha256": sha, "state": "failed" if name in failed else "published"}
            for name, sha in (notebooks or {"01_a": "n1"}).items()
        ],
    }  # fmt: skip
    if package is not None:
        manifest["inputs"] = {"package": package or package_digest(), "goals": "", "data": "d"}
    results: dict[str, Any] = {"period": "2026Q3", "as_of": "2026-09-30", "fingerprint": fingerprint,
                               "currency": "EUR", "numbers": list(numbers)}  # fmt: skip
    if defined is not None:
        results["definitions"] = dict(defined)
    (folder / "run.json").write_text(json.dumps(manifest), encoding="utf-8")
    (folder / "results.json").write_text(json.dumps(results), encoding="utf-8")
    return folder
