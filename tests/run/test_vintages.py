"""What forecasters said is kept for good, once each, and scored when the truth is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from salesnb import cli
from salesnb.errors import RefusedForSafety, StorageError
from salesnb.run.vintages import FILE, keep, lines, scored


def report(root: Path, as_of: str, *numbers: dict[str, Any], fingerprint: str = "f") -> Path:
    folder = root / "2026Q3"
    folder.mkdir(parents=True, exist_ok=True)
    told = {"as_of": as_of, "source": "s", "fingerprint": fingerprint, "numbers": list(numbers)}
    (folder / "results.json").write_text(json.dumps(told), encoding="utf-8")
    return folder


def landing(forecaster: str, value: float | None, **more: Any) -> dict[str, Any]:
    size = None if value is None else (value - 20, value + 20)
    low, high = size if size else (None, None)
    return {
        "id": "landing",
        "variant": forecaster,
        "period": "2026Q3",
        "value": value,
        "low": low,
        "high": high,
        **more,
    }


def test_each_run_adds_its_lines_once(tmp_path: Path) -> None:
    said = [landing("naive", 80.0), landing("deals", 95.0), landing("calls", None), landing("deals", 40.0, by="region")]
    first = report(tmp_path, "2026-08-26", *said)
    assert keep(tmp_path, first) == 2
    assert keep(tmp_path, first) == 0
    assert keep(tmp_path, report(tmp_path, "2026-08-26", *said, fingerprint="late data")) == 2
    assert keep(tmp_path, report(tmp_path, "2026-09-02", landing("deals", 99.0))) == 1
    assert [(one["as_of"], one["forecaster"], one["value"]) for one in lines(tmp_path)] == [
        ("2026-08-26", "naive", 80.0), ("2026-08-26", "deals", 95.0), ("2026-08-26", "naive", 80.0),
        ("2026-08-26", "deals", 95.0), ("2026-09-02", "deals", 99.0),
    ]  # fmt: skip
    assert keep(tmp_path, report(tmp_path, "2026-09-02")) == 0
    with (tmp_path / FILE).open("a", encoding="utf-8") as file:
        file.write('{"period": "2026Q3", "as_o')
    assert len(lines(tmp_path)) == 5


def test_what_would_have_been_said_on_a_past_day_is_no_record(tmp_path: Path) -> None:
    late = landing("deals", 95.0, reason="by what was known on 2025-12-31")
    assert keep(tmp_path, report(tmp_path, "2026-08-26", late, landing("naive", 80.0, reason=""))) == 1
    assert [one["forecaster"] for one in lines(tmp_path)] == ["naive"]


def test_it_is_scored_when_the_truth_is_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keep(tmp_path, report(tmp_path, "2026-08-26", landing("naive", 80.0), landing("deals", 95.0)))
    assert scored(tmp_path).empty
    with pytest.raises(SystemExit, match="0"):
        cli.main(["record", "--out", str(tmp_path)])
    assert "No forecast of a past run" in capsys.readouterr().out
    truth = {"id": "landing_came", "period": "2026Q3", "value": 110.0}
    keep(tmp_path, report(tmp_path, "2026-09-30", truth))
    found = scored(tmp_path).set_index("forecaster")
    assert found["weeks"].tolist() == [5, 5]
    assert found.loc["deals", ["n", "wape", "bias", "coverage"]].tolist() == pytest.approx([1, 15 / 110, -15 / 110, 1])
    assert found.loc["deals", "value_added"] == pytest.approx(0.5)
    assert found.loc["naive", "coverage"] == 0
    with pytest.raises(SystemExit, match="0"):
        cli.main(["record", "--out", str(tmp_path)])
    assert "13.6 %" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="0"):
        cli.main(["record", "--out", str(tmp_path), "--json"])
    assert json.loads(capsys.readouterr().out)[0]["weeks"] == 5


def test_a_link_is_refused_and_a_full_disk_is_said(tmp_path: Path) -> None:
    folder = report(tmp_path, "2026-08-26", landing("naive", 80.0))
    (tmp_path / FILE).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RefusedForSafety):
        keep(tmp_path, folder)
    (tmp_path / FILE).unlink()
    (tmp_path / FILE).mkdir()
    with pytest.raises(StorageError):
        keep(tmp_path, folder)
