from __future__ import annotations

from scipy.stats import chi2

import salesnb
from salesnb.data.sample.truths import truth
from salesnb.kpis.registry import compute
from salesnb.periods import Period


def test_the_planted_cost_of_a_customer_lies_in_the_poisson_interval_of_each_channel() -> None:
    planted = truth(7).cac_by_channel
    found = compute(salesnb.open("sample"), "cac.channel", Period.parse("2025")).set_index("segment")
    assert set(found.index) == set(planted)
    for channel, row in found.iterrows():
        n, cost = row["denominator"], row["numerator"]
        fewest, most = chi2.ppf(0.025, 2 * n) / 2, chi2.ppf(0.975, 2 * n + 2) / 2
        assert cost / most <= planted[str(channel)] <= cost / fewest, channel
