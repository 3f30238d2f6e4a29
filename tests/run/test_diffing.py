"""Which two runs are compared, and how the comparison reads."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from salesnb.cli import main
from salesnb.errors import ParameterError, RefusedForSafety
from salesnb.run.diffing import PastRun, two_runs
from tests.run.past_runs import PRESENT, a_run, number


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A published report and its two predecessors; only their data differs."""
    minutes = {"previous/2026Q3/20261119T230000Z": 19, "previous/2026Q3/20261120T230000Z": 20, "2026Q3": 21}
    for place, (name, day) in enumerate(minutes.items()):
        numbers = [
            number(1000.25 + place * 100),
            number(0.5 + place / 100, "win_rate.closed"),
            number(7, period="2026Q2"),
            number(3 + place, by="rep", segment="Ada\u202e\x1b[31m"),
        ]
        a_run(tmp_path / name, *numbers, fingerprint=f"f{place}", ended_at=f"2026-11-{day}T23:00:00+00:00")
    return tmp_path


def ended(runs: tuple[PastRun, PastRun]) -> list[str]:
    return [run.ended[8:10] for run in runs]


def test_a_period_is_compared_with_the_run_before_or_with_an_earlier_one(root: Path) -> None:
    assert ended(two_runs("2026Q3", None, root)) == ["20", "21"]
    assert ended(two_runs("q3 2026", None, root, 2)) == ["19", "21"]
    assert ended(two_runs(str(root / "2026Q3"), None, root / "elsewhere")) == ["20", "21"]
    with pytest.raises(ParameterError, match="no run 3 before the published one of 2026Q3; it has 2"):
        two_runs("2026Q3", None, root, 3)


def test_two_folders_are_compared_in_the_order_they_are_named(root: Path) -> None:
    first, last = (str(root / name) for name in ("previous/2026Q3/20261119T230000Z", "2026Q3"))
    assert ended(two_runs(first, last, root)) == ["19", "21"]
    assert ended(two_runs(last, first, root)) == ["21", "19"]
    assert ended(two_runs(first, "2026Q3", root)) == ["19", "21"]
    assert {run.root for run in two_runs(first, last, root)} == {root.resolve()}


def test_the_folder_one_is_in_can_be_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root / "2026Q3")
    assert ended(two_runs(".", None, "outputs")) == ["20", "21"]


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("2026Q4", "there is no published report of '2026Q4'"),
        ("nonsense", "there is no published report of 'nonsense'"),
        ("../2026Q3", "there is no published report"),
        ("empty", "there is no run.json in it"),
        ("failed/2026Q3", "this run is failed, and was not published"),
        ("bare", "there is no results.json in it"),
        ("broken", "its results.json cannot be read"),
        ("listless", "its results.json has no list of numbers"),
        ("previous/2026Q3/20261119T230000Z", "it is not said what to compare it with"),
    ],
)
def test_what_is_no_run_is_refused(root: Path, name: str, what: str) -> None:
    (root / "empty").mkdir()
    a_run(root / "failed" / "2026Q3", state="failed")
    (a_run(root / "bare") / "results.json").unlink()
    (a_run(root / "broken") / "results.json").write_text("{")
    (a_run(root / "listless") / "results.json").write_text('{"numbers": [{"value": 1}]}')
    with pytest.raises(ParameterError) as refused:
        two_runs(str(root / name) if (root / name).is_dir() else name, None, root)
    assert what in str(refused.value)
    assert refused.value.mend
    assert refused.value.exit_code == 3


def test_links_are_refused(root: Path) -> None:
    (root / "link").symlink_to(root / "2026Q3", target_is_directory=True)
    with pytest.raises(RefusedForSafety, match="link"):
        two_runs(str(root / "link"), str(root / "2026Q3"), root)
    results = root / "2026Q3" / "results.json"
    results.rename(root / "away.json")
    results.symlink_to(root / "away.json")
    with pytest.raises(RefusedForSafety, match="link"):
        two_runs("2026Q3", None, root)


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[Any, str, str]:
    with pytest.raises(SystemExit) as done:
        main(list(arguments))
    printed = capsys.readouterr()
    return done.value.code or 0, printed.out, printed.err


def test_a_person_reads_the_finding_first_then_a_line_a_number(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys, "diff", "2026Q3", "--out", str(root))
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[:3] == [
        "3 of 4 numbers of 2026Q3 changed between the run of 2026-11-20 23:00:00 UTC and that of 2026-11-21 23:00:00 "
        "UTC, all by late or changed data.",
        "Bookings moved most, from 1.1 k EUR to 1.2 k EUR (+100 EUR) by late or changed data.",
        "Which rows of the data differ cannot be told: the data of the run of 2026-11-20 23:00:00 UTC is not kept any "
        "more, or was kept on another machine; the data of the run of 2026-11-21 23:00:00 UTC is not kept any more, or "
        "was kept on another machine.",
    ]
    table = lines[lines.index("") + 1 :]
    assert [line.split("  ")[0] for line in table[1:4]] == [
        "revenue.booked 2026Q3, rep Ada\ufffd\ufffd[31m", "revenue.booked 2026Q3", "win_rate.closed 2026Q3",
    ]  # fmt: skip
    assert table[2].split()[2:] == ["1,100.25", "1,200.25", "+100.00", "+9.1", "%", "+100.00"]
    assert table[3].split()[2:] == ["51", "%", "52", "%", "+1", "points", "+2.0", "%", "+1"]
    assert "2026Q2" not in out
    assert lines[-1].split() == ["fingerprint", "data", "f1", "f2"]


def test_all_numbers_and_one_kpi(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "revenue.booked 2026Q2" in said(capsys, "diff", "2026Q3", "-o", str(root), "--all")[1]
    _, out, _ = said(capsys, "diff", "2026Q3", "-o", str(root), "--kpi", "win_rate", "--with", "2")
    assert "1 of 1 number of 2026Q3 changed between the run of 2026-11-19" in out
    assert "revenue.booked" not in out
    code, out, err = said(capsys, "diff", "2026Q3", "-o", str(root), "--kpi", "win_rat")
    assert (code, out) == (3, "")
    assert "did you mean 'win_rate'" in err


def test_json_has_parts_that_sum(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By decimal arithmetic on the figures as they are printed."""
    old = PRESENT | {"revenue.booked": "other"}
    a_run(tmp_path / "a", number(0.1), number(2, "win_rate.closed"), package="old", defined=old, fingerprint="fa")
    a_run(tmp_path / "b", number(0.3), number(None, "win_rate.closed", status="na", reason="no rows"), fingerprint="fa")
    code, out, _ = said(capsys, "diff", str(tmp_path / "a"), str(tmp_path / "b"), "--json")
    assert code == 0
    told = json.loads(out, parse_float=Decimal)
    assert list(told) == [
        "period", "earlier", "later", "currency", "headlines", "numbers", "inputs", "tables", "rows",
    ]  # fmt: skip
    changed, vanished = told["numbers"]
    assert changed == {
        "id": "revenue", "variant": "booked", "period": "2026Q3", "by": None, "segment": None, "unit": "money",
        "what": "changed", "old": Decimal("0.1"), "new": Decimal("0.3"), "change": Decimal("0.2"),
        "relative": Decimal("2.0"), "data": 0, "params": 0, "definition": Decimal("0.2"), "code": 0, "undivided": 0,
        "reason": "",
    }  # fmt: skip
    assert (vanished["what"], vanished["change"], vanished["data"]) == ("vanished", None, None)
    assert vanished["reason"] == "in the later run: no rows"
    assert [row["input"] for row in told["inputs"]] == ["revenue.booked", "the package"]


def test_a_wrong_name_ends_with_three_and_says_how_to_mend_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = said(capsys, "diff", "2026Q3", "--out", str(tmp_path))
    assert (code, out) == (3, "")
    assert "there is no published report of '2026Q3'" in err
    assert "mend:" in err
