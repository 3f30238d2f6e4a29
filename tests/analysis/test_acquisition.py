"""What new customers cost by channel, by hand; touches of visitors who gave a name later; and what is not known."""

from __future__ import annotations

import datetime as dtm
from typing import Any

import pytest
from scipy.stats import binomtest

from salesnb.analysis.acquisition import acquisition
from salesnb.analysis.acquisition_channels import poisson_interval
from salesnb.data.book import Book
from salesnb.periods import Period
from salesnb.report import acquisition as cost

Q2 = Period.parse("2026Q2")
END = dtm.date(2026, 6, 30)


def company(web: int = 20, fair: int = 5) -> dict[str, Any]:
    """Return customers of two channels that cost the same each, and one whose channel nobody knows."""
    orders, leads, touches = [], [], []
    for i in range(web + fair + 1):
        who, channel = f"c{i:02}", "web" if i < web else "fair" if i < web + fair else None
        orders.append(
            {"order_line_id": str(i), "account_id": who, "ordered_at": "2026-05-01", "amount": 100, "cost": 60}
        )
        leads.append({"lead_id": str(i), "account_id": who, "source": channel, "created_at": "2026-04-10"})
        if channel:
            touches.append(
                {
                    "touch_id": f"b{i}",
                    "account_id": who,
                    "visitor_id": f"v{i}",
                    "channel": channel,
                    "campaign": f"{channel} 1",
                    "happened_at": "2026-04-10",
                }
            )
    # Before they gave a name, two of the fair's were on the web; a visitor with two accounts is nobody's.
    for i in (web, web + 1):
        touches.append(
            {
                "touch_id": f"a{i}",
                "account_id": None,
                "visitor_id": f"v{i}",
                "channel": "web",
                "campaign": "web 2",
                "happened_at": "2026-04-01",
            }
        )
    touches += [
        {
            "touch_id": f"x{i}",
            "account_id": who,
            "visitor_id": "shared",
            "channel": channel,
            "campaign": None,
            "happened_at": day,
        }
        for i, (who, channel, day) in enumerate(
            [("c00", "mail", "2026-06-01"), ("c01", "mail", "2026-06-01"), (None, "mail", "2026-04-01")]
        )
    ]
    costs = [
        {"month": "2026-04-01", "channel": name, "function": "marketing", "amount": 1000} for name in ("web", "fair")
    ]
    costs.append({"month": "2026-05-01", "channel": "North", "function": "sales", "amount": 600})
    return {"orders": orders, "leads": leads, "touches": touches, "costs": costs}


def test_by_hand() -> None:
    found = acquisition(Book.of(company(), as_of=END), Q2)
    rows = found.channels.set_index("channel")
    assert rows["customers"].to_dict() == {"web": 20, "fair": 5, "(none)": 1}
    assert rows["leads"].to_dict() == {"web": 20, "fair": 5, "(none)": 1}
    assert rows.loc["web", "cac"] == 50
    assert rows.loc["fair", "cac"] == 200
    fewest, most = poisson_interval(5, 0.95)
    assert (rows.loc["fair", "low"], rows.loc["fair", "high"]) == (
        pytest.approx(1000 / most),
        pytest.approx(1000 / fewest),
    )
    assert rows.loc["web", "q"] == pytest.approx(binomtest(20, 25, 0.5).pvalue)
    assert rows["flag"].to_dict() == {"web": "cheaper", "fair": "dearer", "(none)": ""}
    assert found.whole["cac"] == pytest.approx(2600 / 26)
    assert found.whole["marketing_cac"] == pytest.approx(2000 / 26)
    # Gross profit of 40 each in a quarter of 91 days.
    assert rows.loc["web", "payback"] == pytest.approx(50 / (40 / (91 / (365.25 / 12))))
    assert found.channel_finding().startswith("In marketing alone, against all other channels: fair 200 ")


def test_touches_of_a_visitor_are_those_of_its_one_account() -> None:
    found = acquisition(Book.of(company(), as_of=END), Q2)
    rows = found.channels.set_index("channel")
    assert rows[["first", "last", "linear"]].to_dict("index") == {
        "web": {"first": 2200.0, "last": 2000.0, "linear": 2100.0},
        "fair": {"first": 300.0, "last": 500.0, "linear": 400.0},
        "(none)": {"first": 100.0, "last": 100.0, "linear": 100.0},
    }
    assert found.rule_finding().startswith("fair closes what others open: 300 USD")
    campaigns = found.campaigns.set_index("campaign")
    assert campaigns.loc["web 2", ["customers", "first", "last", "linear"]].tolist() == [2, 200.0, 0.0, 100.0]
    opened = {each.key: each for each in found.behind}
    assert opened["acquired-first-web"].n == 22
    assert opened["acquired-first-web"].total == 2200.0
    assert opened["acquired-new-fair"].n == 5
    for each in found.behind:
        assert (len(each.rows), each.rows["adds"].sum()) == (each.n, pytest.approx(each.total))
    html = cost.channel_table(found).html + cost.touch_table(found).html
    for each in found.behind:
        if each.rows["adds"].sum():
            assert f'data-rows="{each.key}"' in html, each.key


def test_channels_that_cost_the_same_are_not_told_apart() -> None:
    found = acquisition(Book.of(company(13, 12), as_of=END), Q2)
    assert (found.channels["flag"] == "").all()
    assert found.channel_finding() == "No channel is dearer than the others by more than chance, of 2."
    chart = cost.cost_chart(found)
    assert "fair 83.3; web 76.9" in chart.alt


def test_a_channel_that_brought_nobody_is_said() -> None:
    tables = company(20, 20)
    tables["costs"] = [
        *tables["costs"],
        {"month": "2026-04-01", "channel": "tv", "function": "marketing", "amount": 900},
    ]
    found = acquisition(Book.of(tables, as_of=END), Q2)
    row = found.channels.set_index("channel").loc["tv"]
    assert (row["customers"], row["flag"], row["low"]) == (
        0,
        "dearer",
        pytest.approx(900 / poisson_interval(0, 0.95)[1]),
    )
    assert "tv 900 for nobody" in found.channel_finding()
    assert "n/a" not in found.channel_finding()
    assert "tv" not in cost.cost_chart(found).alt.split("n = ")[1]
    assert "no customer" in cost.channel_table(found).text


@pytest.mark.parametrize("table", ["leads", "touches", "costs", "orders"])
def test_what_is_absent_is_said(table: str) -> None:
    tables = {name: rows for name, rows in company().items() if name != table}
    found = acquisition(Book.of(tables, as_of=END), Q2)
    for made in (cost.channel_table, cost.touch_table, cost.campaign_table):
        assert made(found).caption
    assert cost.cost_chart(found).title
    if table == "orders":
        assert found.headlines() == [f"What new customers cost cannot be told: {found.nothing}."]
    if table == "costs":
        assert found.finding() == "26 new customers in 2026Q2; what they cost is not known."
        assert found.channels["cac"].isna().all()
    if table == "touches":
        assert "touches" in found.missing["channel_performance"]
    if table == "leads":
        assert found.channels.set_index("channel").loc["(none)", "customers"] == 26


def test_a_period_that_has_not_begun() -> None:
    found = acquisition(Book.of(company(), as_of=END), Period.parse("2027Q1"))
    assert "has not begun" in found.nothing
    assert found.numbers().empty
    assert cost.channel_table(found).caption == found.finding()


def test_numbers_are_listed_with_their_intervals() -> None:
    rows = acquisition(Book.of(company(), as_of=END), Q2).numbers()
    own = rows[(rows["id"] == "cac") & (rows["segment"] == "fair")].iloc[0]
    assert own["low"] < own["value"] == 200 < own["high"]
    assert set(rows["id"]) >= {"cac", "channel_performance", "cac_payback_months"}
