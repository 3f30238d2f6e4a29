"""The same inputs give the same report, whatever the clock, the language, the hash seed, the folder or the kernels."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.made import reported, sample_report

pytestmark = pytest.mark.xdist_group("whole sample reports")


def test_two_runs_differ_in_nothing_but_the_stamped_line(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (tmp_path / "elsewhere").mkdir()
    one = sample_report(tmp_path_factory)
    # The second is made where the first one is published already, as a run of the same period again.
    shutil.copytree(one, tmp_path / "two" / "2026Q3")
    two = reported(
        tmp_path / "two", tmp_path / "elsewhere", "--jobs", "1",
        TZ="America/Los_Angeles", LC_ALL="C", LANG="de_DE.UTF-8", PYTHONHASHSEED="4242", SALESNB_KERNELS="ordinary",
    )  # fmt: skip
    names = sorted(path.name for path in one.iterdir())
    assert "01_scorecard.html" in names
    assert sorted(path.name for path in two.iterdir()) == names
    for name in names:
        if name in ("run.json", "run.log"):
            continue
        lines = (one / name).read_text(encoding="utf-8").splitlines()
        others = (two / name).read_text(encoding="utf-8").splitlines()
        differ = [line for line, later in zip(lines, others, strict=True) if line != later]
        assert all("stamp" in line for line in differ), f"{name}: {differ[0][:300]}"
        assert len(differ) <= name.endswith(".html"), name
    said = [(folder.parent / "forecasts.jsonl").read_text(encoding="utf-8") for folder in (one, two)]
    assert said[0] == said[1]
    assert {json.loads(line)["forecaster"] for line in said[0].splitlines()} >= {"combination", "deals", "naive"}
    told = [json.loads((folder / "run.json").read_text(encoding="utf-8")) for folder in (one, two)]
    assert told[0]["inputs"] == told[1]["inputs"]
    assert [cell["state"] for note in told[0]["notebooks"] for cell in note["cells"] if cell["kind"] == "code"] == [
        "done" for note in told[0]["notebooks"] for cell in note["cells"] if cell["kind"] == "code"
    ]
