"""Vintages: what every forecaster said on the day of every run, kept for good, and scored when the truth is known.

A run that publishes a landing adds its lines to ``forecasts.jsonl`` beside the reports; nothing is ever changed in it,
and a report that is made again from the same data adds nothing. The truth is what the latest published landing says a
past period brought.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salesnb.run.publish import RESULTS, check_link, storage

if TYPE_CHECKING:
    import pandas as pd

FILE = "forecasts.jsonl"
FIELDS = ("period", "as_of", "forecaster", "value", "low", "high", "target", "source", "fingerprint")
_KEY = ("period", "as_of", "forecaster", "source", "fingerprint")


def keep(root: Path, report: Path) -> int:
    """Add what a published report says of the period it forecasts, and return how many lines that were.

    Parameters
    ----------
    root
        The folder of all reports.
    report
        The folder of the report.

    Raises
    ------
    RefusedForSafety
        The file is a link.
    StorageError
        The disk or the folder refused; what is in the file stays.
    """
    with storage(report / RESULTS):
        results = json.loads((report / RESULTS).read_text(encoding="utf-8"))
    fresh = _said(results)
    if not fresh:
        return 0
    file = root / FILE
    check_link(file)
    with storage(file):
        known = {tuple(line.get(name) for name in _KEY) for line in lines(root)}
        fresh = [line for line in fresh if tuple(line[name] for name in _KEY) not in known]
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in fresh)
        if text:
            # In one write to the end of the file: runs of other periods may add their own at the same time.
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
            try:
                os.write(handle, text.encode())
                os.fsync(handle)
            finally:
                os.close(handle)
    return len(fresh)


def lines(root: Path) -> list[dict[str, Any]]:
    """Return the record's lines; one that was cut short, as by a full disk, counts as not there."""
    file = root / FILE
    if not file.is_file():
        return []
    found = []
    for text in file.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict) and set(FIELDS) <= set(line):
            found.append(line)
    return found


def scored(root: Path) -> pd.DataFrame:
    """Hold what was said against what came, by forecaster and by weeks before the end.

    Returns
    -------
    pandas.DataFrame
        ``forecaster, weeks, n, wape, mase, bias, coverage, value_added``: see
        :func:`salesnb.analysis.landing_record.scores`; weeks are rounded up. A period of which no published report
        knows what it brought is not in it; of several runs in one week the latest counts.
    """
    import pandas as pd

    from salesnb.analysis.landing_record import SCORES, scores
    from salesnb.periods import Period

    came = _came(root)
    rows = []
    for line in lines(root):
        if line["period"] in came and line["value"] is not None:
            left = (Period.parse(line["period"]).last_day - pd.Timestamp(line["as_of"]).date()).days
            rows.append(
                {"period": line["period"], "as_of": line["as_of"], "days_left": -(-left // 7), "said": line["value"],
                 "forecaster": line["forecaster"], "low": line["low"], "high": line["high"],
                 "came": came[line["period"]], "is_over": True}
            )  # fmt: skip
    if not rows:
        return pd.DataFrame(columns=["weeks" if name == "days_left" else name for name in SCORES])
    frame = pd.DataFrame(rows).sort_values("as_of")
    frame = frame.drop_duplicates(["period", "days_left", "forecaster"], keep="last")
    made = scores(frame.astype({"said": float, "low": float, "high": float, "came": float}))
    made = made.rename(columns={"days_left": "weeks"})
    return made.sort_values(["weeks", "wape", "forecaster"], ascending=[False, True, True], ignore_index=True)


def _said(results: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the lines of a report's landing; what only would have been said on a past day has a reason."""
    told = {name: results.get(name) for name in ("as_of", "source", "fingerprint")}
    return [
        {"period": number["period"], "as_of": told["as_of"], "forecaster": number["variant"],
         **{name: number.get(name) for name in ("value", "low", "high", "target")}, "source": told["source"],
         "fingerprint": told["fingerprint"]}
        for number in results.get("numbers", ())
        if number.get("id") == "landing" and number.get("value") is not None
        if not number.get("by") and not number.get("reason")
    ]  # fmt: skip


def _came(root: Path) -> dict[str, float]:
    """Return what past periods brought, by the report of the latest day."""
    found: dict[str, tuple[str, float]] = {}
    for file in sorted(root.glob(f"*/{RESULTS}")):
        try:
            results = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        as_of = str(results.get("as_of") or "")
        for number in results.get("numbers", ()):
            if number.get("id") == "landing_came" and number.get("value") is not None:
                period = str(number["period"])
                if period not in found or as_of > found[period][0]:
                    found[period] = (as_of, float(number["value"]))
    return {period: value for period, (_, value) in found.items()}
