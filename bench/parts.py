"""What is promised to be quick, each measured against what one would do otherwise, in one run.

``make bench`` prints a line each: our seconds, the other way's seconds, and their ratio. Each is the best of a few
runs in turn, so that a busy machine slows both; the ratio is what to compare between machines.
"""

from __future__ import annotations

import datetime as dtm
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

DEALS = 300_000
TIMES = 3
LINE = "{0.question:46} {ours:>8.2f} s {others:>8.2f} s {ratio:>7.2f} x   against {0.otherwise}"


@dataclass(frozen=True)
class Race:
    """Two ways to one answer.

    Attributes
    ----------
    question, otherwise
        What is asked for, and the other way in words.
    ours, others
        Each answers once.
    """

    question: str
    otherwise: str
    ours: Callable[[], object]
    others: Callable[[], object]

    def run(self) -> tuple[float, float]:
        """Return the best seconds of ours and of the other way, run in turn."""
        laps = [(_seconds(self.ours), _seconds(self.others)) for _ in range(TIMES)]
        return min(ours for ours, _ in laps), min(others for _, others in laps)


def _seconds(answer: Callable[[], object]) -> float:
    started = time.perf_counter()
    answer()
    return time.perf_counter() - started


def deals(count: int) -> pd.DataFrame:
    """Make closed deals of four years and 200 sellers, the same at every run."""
    draw = np.random.default_rng(7)
    created = np.datetime64("2023-01-01") + draw.integers(0, 1200, count)
    return pd.DataFrame(
        {
            "opportunity_id": [f"D{number:07d}" for number in range(count)],
            "owner_id": [f"R{number:03d}" for number in draw.integers(0, 200, count)],
            "created_at": created,
            "closed_on": created + draw.integers(1, 150, count),
            "outcome": np.where(draw.random(count) < 0.3, "won", "lost"),
            "amount": draw.integers(1000, 60_000, count),
        }
    )


def python(*arguments: str) -> None:
    """Run Python once, in a process of its own."""
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)


def races(folder: Path) -> list[Race]:
    """Lay out the data, and say what runs against what."""
    from salesnb.data.book import Book
    from salesnb.data.load import open_book
    from salesnb.kpis.registry import compute, find
    from salesnb.periods import Period

    frame = deals(DEALS)
    file = folder / "opportunities.csv"
    frame.to_csv(file, index=False)
    book = Book.of({"opportunities": frame}, as_of=dtm.date(2026, 12, 31))
    quarter, rate = Period.parse("2025Q3"), find("win_rate.closed")

    def by_hand() -> pd.Series[float]:
        closed = frame[(frame["closed_on"] >= "2025-07-01") & (frame["closed_on"] < "2025-10-01")]
        return closed.assign(won=closed["outcome"] == "won").groupby("owner_id")["won"].mean()

    def read_by_hand() -> pd.DataFrame:
        read = pd.read_csv(file, dtype=str)
        read["created_at"], read["closed_on"] = pd.to_datetime(read["created_at"]), pd.to_datetime(read["closed_on"])
        read["amount"] = pd.to_numeric(read["amount"])
        return read.drop_duplicates("opportunity_id")

    return [
        Race("salesnb --help", "importing pandas", lambda: python("-m", "salesnb.cli", "--help"),
             lambda: python("-c", "import pandas")),
        Race(f"win rate by 200 sellers, with intervals, {DEALS:,}", "a pandas groupby without intervals",
             lambda: compute(book, rate, quarter, by="rep_id"), by_hand),
        Race(f"open, check and account for {DEALS:,} deals", "pandas.read_csv, dates, numbers, duplicates",
             lambda: open_book(str(folder)), read_by_hand),
    ]  # fmt: skip


def main() -> None:
    """Run every race and print its line."""
    with tempfile.TemporaryDirectory() as folder:
        for race in races(Path(folder)):
            ours, others = race.run()
            print(LINE.format(race, ours=ours, others=others, ratio=ours / others), flush=True)


if __name__ == "__main__":
    main()
