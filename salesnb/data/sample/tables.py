"""All tables of the sample company, as frames."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from salesnb.data.contract import CONTRACT
from salesnb.data.sample.billing import subscription_columns
from salesnb.data.sample.company import Company, found
from salesnb.data.sample.demand import cost_columns, lead_columns, touch_columns
from salesnb.data.sample.draws import Ints
from salesnb.data.sample.effort import activity_columns, quote_columns
from salesnb.data.sample.people import rep_columns
from salesnb.data.sample.plan import FX
from salesnb.data.sample.records import (
    account_columns,
    account_ids,
    countries,
    deal_columns,
    event_columns,
    snapshot_columns,
)
from salesnb.data.sample.targets import benchmark_columns, call_columns, quota_columns, rate_days, territory_columns
from salesnb.data.sample.voice import feedback_columns
from salesnb.data.sample.writing import frame


def make(seed: int = 7, scale: float = 1.0, *, converted: bool = True, is_cut: bool = True) -> dict[str, pd.DataFrame]:
    """Make the clean tables of the sample company.

    Parameters
    ----------
    seed
        Which company draws from the plan.
    scale
        The number of leads over the plan's; everything that follows from them, and the quotas, scale alike. The sellers
        are the same.
    converted
        Amounts of deals in the book's currency (US dollars), as the contract has them; ``False`` leaves them as they
        stand in the CRM, some in EUR and GBP, as ``write`` writes them.
    is_cut
        ``False`` leaves the channel on whose end made the last quarter miss.

    Returns
    -------
    dict
        Table name to a frame with every column of the contract, in the contract's order: see ``writing.frame``. Rows
        are in order of time or of id, the same on every machine.
    """
    company = found(seed, scale, is_cut=is_cut)
    activities, last_activity = activity_columns(seed, company)
    columns: dict[str, dict[str, Any]] = {
        "accounts": account_columns(seed, company),
        "leads": lead_columns(company.leads, company.lead_account, company.lead_deal, company.roster),
        "opportunities": deal_columns(seed, company, last_activity, converted=converted),
        "opportunity_events": event_columns(company, converted=converted),
        "opportunity_snapshots": snapshot_columns(company, converted=converted),
        "activities": activities,
        "orders": order_columns(company),
        "subscriptions": subscription_columns(company.customers, company.subscriptions),
        "costs": cost_columns(seed, company.leads, company.roster),
        "reps": rep_columns(company.roster),
        "quotas": quota_columns(company.roster, scale),
        "territories": territory_columns(seed, company, countries(seed, company)),
        "feedback": feedback_columns(seed, company),
        "forecast_calls": call_columns(seed, company, scale),
        "quotes": quote_columns(seed, company),
        "touches": touch_columns(seed, company.leads, company.lead_account, _adds(company)),
        "benchmarks": benchmark_columns(seed, company.customers.start),
        "fx_rates": _rates(),
    }
    return {name: frame(name, columns[name]) for name in CONTRACT}


def order_columns(company: Company) -> dict[str, Any]:
    """Return the table ``orders`` in order of time; lines of one moment by order and product."""
    lines = company.lines.columns
    at = np.asarray(lines["at"], dtype=np.int64)
    owner = np.asarray(lines["owner"], dtype=np.int64)
    places = sorted(
        range(len(at)), key=lambda place: (lines["at"][place], lines["order_id"][place], lines["product"][place])
    )
    order = np.asarray(places, dtype=np.int64)
    held = company.roster.holder(owner, at // 86_400)
    return {
        "order_line_id": [f"OL-{number:06d}" for number in range(1, len(order) + 1)],
        "order_id": np.asarray(lines["order_id"], dtype=object)[order],
        "account_id": account_ids(np.asarray(lines["account"], dtype=np.int64)[order]),
        "ordered_at": at[order],
        "product": np.asarray(lines["product"], dtype=object)[order],
        "quantity": np.asarray(lines["quantity"], dtype=np.int64)[order],
        "amount": np.asarray(lines["amount"], dtype=np.int64)[order],
        "cost": np.asarray(lines["cost"], dtype=np.int64)[order],
        "discount": np.asarray(lines["discount"], dtype=np.int64)[order],
        "revenue_type": np.asarray(lines["type"], dtype=object)[order],
        "currency": np.full(len(order), "USD", dtype=object),
        "rep_id": np.asarray(company.roster.ids, dtype=object)[held][order],
        "is_return": np.asarray(lines["back"], dtype=bool)[order],
    }


def _adds(company: Company) -> tuple[Ints, Ints]:
    customer, at = company.lives.adds
    return at, company.customers.account[customer]


def _rates() -> dict[str, list[Any]]:
    days = rate_days()
    return {
        "on": [day for day in days for _ in FX],
        "currency": [code for _ in days for code in FX],
        "rate": [cents / 100 for _ in days for cents in FX.values()],
    }
