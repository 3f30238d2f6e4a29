"""Trend: the headline KPIs through the last periods, each with the change since the one before."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from salesnb.analysis.calendar import Calendar, Records
from salesnb.analysis.comparison import Values, change
from salesnb.analysis.labels import label
from salesnb.analysis.plan import quota_target
from salesnb.kpis import registry
from salesnb.periods import Period

COLUMNS = (
    "name",
    "label",
    "unit",
    "better",
    "grain",
    "period",
    "value",
    "numerator",
    "denominator",
    "low",
    "high",
    "n",
    "status",
    "reason",
    "target",
    "is_complete",
    "coverage",
    "change",
    "change_low",
    "change_high",
    "is_real",
)


def trend(
    values: Values,
    calendar: Calendar,
    names: Sequence[str],
    *,
    main: str,
    periods: Sequence[Period],
    records: Records,
    has_quotas: bool,
) -> pd.DataFrame:
    """Follow KPIs through some periods.

    Parameters
    ----------
    values, calendar
        Where the numbers come from, and what is known.
    names
        The KPIs.
    main
        The one of them that quotas are held against.
    periods
        Oldest first.
    records
        From when on there are records.
    has_quotas
        Whether to look for the quotas of each period.

    Returns
    -------
    pandas.DataFrame
        One row a KPI and period: ``name, label, unit, better, grain, period, value, numerator, denominator, low, high,
        n, status, reason, target, is_complete, coverage`` and ``change, change_low, change_high, is_real`` since the
        period before, where that is in the list and both are whole.
    """
    rows = []
    for name in names:
        entry = registry.find(name)
        earlier: Period | None = None
        for period in periods:
            record = values.one(name, period)
            when = Calendar.of(period, calendar.as_of, records)
            since = change(values, name, period, earlier) if earlier is not None and when.is_complete else None
            coverage = records.cover(period)
            target = math.nan
            if name == main and has_quotas and (against := quota_target(values, when)) is not None:
                same = math.isclose(against.actual, float(record["value"]), rel_tol=1e-9, abs_tol=0.005)
                target = against.value if same else math.nan
            rows.append(
                {
                    "name": name,
                    "label": label(name),
                    "unit": entry.unit,
                    "better": entry.better,
                    "grain": period.grain,
                    "period": str(period),
                    **{
                        k: record[k]
                        for k in ("value", "numerator", "denominator", "low", "high", "n", "status", "reason")
                    },
                    "target": target,
                    "is_complete": when.is_complete,
                    "coverage": coverage,
                    **{
                        k: since[s] if since else (None if s == "is_real" else math.nan)
                        for k, s in (
                            ("change", "change"),
                            ("change_low", "low"),
                            ("change_high", "high"),
                            ("is_real", "is_real"),
                        )
                    },
                }
            )
            earlier = period if coverage == "whole" else None
    return pd.DataFrame(rows, columns=list(COLUMNS))
