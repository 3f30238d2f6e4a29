"""How long reports take, against papermill and nbconvert one notebook after the other.

Both ways make the same report of the sample company from the same notebooks: (a) ``papermill`` and ``jupyter
nbconvert``, a process each, as a shell script would; (b) ``salesnb run`` and ``salesnb backfill``. The executed
notebooks of both are compared cell by cell. The ratio is what to compare between machines; ``share_of_work`` says how
far (b) is from the work itself: the time that the cells took, divided by the cores, as a share of the time that (b)
took.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
LAST = "2026Q3"
FOUR = ("2025Q4", "2026Q1", "2026Q2", "2026Q3")
RUNS = 3
CONTROLS = {"application/vnd.jupyter.widget-view+json", "application/vnd.salesnb.what-if+json"}


@dataclass(frozen=True)
class Lap:
    """One way to make reports, once.

    Attributes
    ----------
    seconds
        From the first process to the end of the last.
    outputs
        Period and notebook to what its cells put out.
    work
        Seconds that the cells took, by their own account; 0 where nobody kept one.
    """

    seconds: float
    outputs: dict[tuple[str, str], list[Any]]
    work: float = 0.0


def notebooks() -> list[Path]:
    """The notebooks of a report, in reading order."""
    return [path for path in sorted((ROOT / "notebooks").glob("*.ipynb")) if not path.name.startswith("_")]


def put_out(executed: Path) -> list[Any]:
    """What the cells of an executed notebook show, without what a reader does not see.

    Controls are named alone: papermill puts out live ones, which a page cannot have, and a run the grid of numbers that
    its page computes with, which is more work.
    """
    cells = json.loads(executed.read_text(encoding="utf-8"))["cells"]
    return [
        [(one["output_type"], _data(one), one.get("text"), one.get("ename")) for one in cell["outputs"]]
        for cell in cells
        if cell["cell_type"] == "code"
    ]


def _data(output: dict[str, Any]) -> Any:
    data = output.get("data")
    return "controls" if data and not CONTROLS.isdisjoint(data) else data


def said(*command: str) -> None:
    """Run a program, once; what it says is of no interest unless it fails."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")


def one_by_one(periods: tuple[str, ...], folder: Path) -> Lap:
    """papermill, then nbconvert, for each notebook of each period."""
    outputs = {}
    started = time.perf_counter()
    for period in periods:
        (folder / period).mkdir(parents=True)
        for notebook in notebooks():
            executed = folder / period / notebook.name
            said(str(BIN / "papermill"), "--no-progress-bar", "-p", "period", period, str(notebook), str(executed))
            said(str(BIN / "jupyter"), "nbconvert", "--to", "html", "--log-level", "ERROR", str(executed))
    seconds = time.perf_counter() - started
    for period in periods:
        for notebook in notebooks():
            outputs[period, notebook.stem] = put_out(folder / period / notebook.name)
    return Lap(seconds, outputs)


def ours(periods: tuple[str, ...], folder: Path) -> Lap:
    """``salesnb run`` of one period, ``salesnb backfill`` of several."""
    verb = "run" if len(periods) == 1 else "backfill"
    started = time.perf_counter()
    said(sys.executable, "-m", "salesnb", verb, *periods, "--out", str(folder), "--force")
    seconds = time.perf_counter() - started
    outputs, work = {}, 0.0
    for period in periods:
        manifest = json.loads((folder / period / "run.json").read_text(encoding="utf-8"))
        for notebook in manifest["notebooks"]:
            work += sum(cell["seconds"] or 0.0 for cell in notebook["cells"])
            outputs[period, notebook["name"]] = put_out(folder / period / f"{notebook['name']}.ipynb")
    return Lap(seconds, outputs, work)


def race(periods: tuple[str, ...], runs: int) -> tuple[Lap, Lap]:
    """Both ways in turn; the quickest lap of each, after a look at whether they show the same."""
    laps = []
    with tempfile.TemporaryDirectory() as name:
        for run in range(runs):
            laps.append((one_by_one(periods, Path(name, f"a{run}")), ours(periods, Path(name, f"b{run}"))))
    for theirs, own in laps:
        differ = [key for key in theirs.outputs if theirs.outputs[key] != own.outputs.get(key)]
        if differ or theirs.outputs.keys() != own.outputs.keys():
            raise SystemExit(f"the two ways do not show the same: {differ}")
    return min((a for a, _ in laps), key=lambda lap: lap.seconds), min(
        (b for _, b in laps), key=lambda lap: lap.seconds
    )


def main() -> None:
    """Race, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print only the ratios, as JSON")
    parser.add_argument("--runs", type=int, default=RUNS, help="laps of one period; the quickest counts")
    options = parser.parse_args()
    said(sys.executable, "-c", "from salesnb.data.sample import sample_folder; sample_folder()")
    theirs, own = race((LAST,), options.runs)
    theirs_four, own_four = race(FOUR, 1)
    cores = os.cpu_count() or 1
    share = own_four.work / cores / own_four.seconds
    told = {
        "one_period_ratio": round(theirs.seconds / own.seconds, 2),
        "backfill_ratio": round(theirs_four.seconds / own_four.seconds, 2),
        "share_of_work": round(share, 3),
    }
    if options.json:
        print(json.dumps(told))
        return
    line = "{:34} {:>8.1f} s {:>8.1f} s {:>7.2f} x"
    print(f"{len(notebooks())} notebooks, {cores} cores; every cell of both ways shows the same")
    print(f"{'':34} {'one by one':>10} {'salesnb':>10}")
    print(line.format(f"the report of {LAST}", theirs.seconds, own.seconds, told["one_period_ratio"]))
    print(
        line.format(
            f"a backfill of {len(FOUR)} quarters", theirs_four.seconds, own_four.seconds, told["backfill_ratio"]
        )
    )
    print(f"the cells of the backfill took {own_four.work:.1f} s, on {cores} cores {own_four.work / cores:.1f} s:"
          f" {share:.0%} of the time of salesnb is work")  # fmt: skip


if __name__ == "__main__":
    main()
