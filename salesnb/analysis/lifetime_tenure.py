"""Tenures of customers under contract: how many months each stayed, and the model of how long they do."""

from __future__ import annotations

import datetime as dtm

import ibis
import numpy as np
import pandas as pd

from salesnb.data.book import Book
from salesnb.kpis.answers import answer
from salesnb.kpis.incidence import aalen_johansen
from salesnb.kpis.renewing import Renewals, beta_geometric, survival

_MONTH = 365.25 / 12


def of_contracts(book: Book, day: dtm.date) -> tuple[Renewals | None, pd.DataFrame | None]:
    """Fit the shifted-beta-geometric model to the customers under contract, a month a renewal.

    A customer is one from the first day of its first paid subscription until it pays for none; who comes back after a
    gap counts as one who stayed until the last end. Those still there on the day are censored.

    Returns
    -------
    tuple
        The model, and ``months, at_risk, left, stayed`` (observed share still there after so many months, by Kaplan
        and Meier) ``, model``; None and None where nobody ever paid under contract.
    """
    if not (book.gives("subscriptions.account_id") and book.gives("subscriptions.mrr")):
        return None, None
    rows = book.subscriptions
    rows = rows.filter(rows.account_id.notnull(), rows.mrr > 0, rows.started_on <= ibis.date(day))
    ended = (rows.ended_on <= ibis.date(day)).fill_null(False)
    each = rows.group_by("account_id").aggregate(
        first=rows.started_on.min(), last=rows.ended_on.max(where=ended), running=(~ended).cast("int32").max()
    )
    stays = (each["running"] == 1).ifelse(ibis.date(day), each["last"])
    days = stays.delta(each["first"], unit="day").cast("float64")
    tenure = (days / _MONTH).floor().cast("int64")
    counted = each.select(tenure=tenure, running="running").group_by("tenure")
    found = answer(book, counted.aggregate(
        left=(ibis._["running"] == 0).cast("int32").sum(), stayed=ibis._["running"].sum()
    )).astype("int64").sort_values("tenure", ignore_index=True)  # fmt: skip
    if found.empty:
        return None, None
    model = beta_geometric(found)
    months = np.arange(0, int(found["tenure"].max()) + 2)
    seen = aalen_johansen(found["tenure"] + 1, found["left"], np.zeros(len(found)), found["stayed"])
    known = np.array([1 - seen.by(float(month)) if month else 1.0 for month in months])
    at_risk = [int(found.loc[found["tenure"] >= month, ["left", "stayed"]].to_numpy().sum()) for month in months]
    left = [int(found.loc[found["tenure"] + 1 == month, "left"].sum()) for month in months]
    return model, pd.DataFrame(
        {"months": months, "at_risk": at_risk, "left": left, "stayed": known,
         "model": survival(model.fit.values, months.astype(float))}
    )  # fmt: skip
