from __future__ import annotations

import pytest

from salesnb.kpis.catalogue import all_kpis

# as the design of the KPIs has them: the default first
EXPECTED = {
    "acquisition": {
        "new_customers": ["first_order", "contract"],
        "new_customer_share": ["benchmark"],
        "cac": ["blended", "channel", "lagged", "marketing"],
        "cac_payback_months": ["margin"],
        "clv": ["expected", "btyd", "historic", "margin_discounted"],
        "clv_to_cac": ["margin_discounted"],
        "lead_conversion_rate": ["created", "closed_in_period", "within_90_days"],
        "lead_to_sale_ratio": ["closed_in_period"],
        "stage_conversion": ["reached_next", "within_30_days"],
        "web_conversion_rate": ["visitors", "checkout"],
        "channel_performance": ["first_touch", "last_touch", "linear"],
    },
    "customers": {
        "retention_rate": ["customers", "orders"],
        "churn_rate": ["customers", "orders", "revenue"],
        "nrr": ["year", "quarter"],
        "grr": ["year", "quarter"],
        "nps": ["net", "lost", "won"],
        "csat": ["top_two", "mean"],
        "sentiment": ["mean", "negative"],
        "quick_ratio": ["mrr"],
    },
}


@pytest.mark.parametrize("family", sorted(EXPECTED))
def test_the_family_has_these_kpis_and_variants(family: str) -> None:
    found: dict[str, list[str]] = {}
    for entry in all_kpis():
        if entry.family == family:
            found.setdefault(entry.id, []).append(entry.variant)
    assert found == EXPECTED[family]
