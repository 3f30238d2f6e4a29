"""Labels: the words that a reader knows a KPI by."""

from __future__ import annotations


def label(name: str) -> str:
    """Return the words that a reader knows a KPI by: ``win_rate.closed`` is ``Win rate``.

    Examples
    --------
    >>> label("revenue.booked"), label("win_rate.closed"), label("win_rate.pursued")
    ('Bookings', 'Win rate', 'Win rate (pursued)')
    """
    if name in _LABELS:
        return _LABELS[name]
    known, _, variant = name.partition(".")
    words = known.replace("_", " ").capitalize()
    return f"{words} ({variant.replace('_', ' ')})" if variant else words


_LABELS = {
    "revenue.booked": "Bookings",
    "revenue.net": "Revenue",
    "quota_attainment.booked": "Quota attainment",
    "target_achievement.value": "Target achievement",
    "win_rate.closed": "Win rate",
    "average_deal_size.mean": "Average deal size",
    "average_order_value.mean": "Average order value",
    "sales_cycle_days.median": "Sales cycle",
    "pipeline_value.open": "Open pipeline",
    "pipeline_coverage.end": "Pipeline coverage at the start",
    "new_customer_revenue.first_order": "New-customer revenue",
    "gross_margin.ratio": "Gross margin",
    "mrr.end": "MRR",
    "sales_velocity.closed": "Sales velocity",
    "sales_per_rep.mean": "Sales per rep",
}
