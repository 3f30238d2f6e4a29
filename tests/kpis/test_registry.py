from __future__ import annotations

import datetime as dtm
import math
from collections.abc import Iterator
from typing import Any

import pytest

from salesnb.data.book import Book
from salesnb.errors import NeedsData, ParameterError, UnknownKpi
from salesnb.kpis import catalogue as catalogue_module
from salesnb.kpis.intervals import newcombe
from salesnb.kpis.measure import Measure, count, formula, ratio, total
from salesnb.kpis.registry import all_kpis, compare, compute, difference, find, kpi, rows_behind, shared
from salesnb.periods import Period

Q2 = Period.parse("2026Q2")
TOLD = {
    "unit": "count",
    "better": "up",
    "category": "activity",
    "category3": "activity",
    "needs": ("opportunities",),
    "owner": "tests",
    "cadence": "monthly",
    "action": "none",
    "grain": "a deal",
}


@pytest.fixture
def catalogue(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """An empty catalogue, in which a test registers what it needs."""
    entries: dict[str, Any] = {}
    monkeypatch.setattr(catalogue_module, "_CATALOGUE", entries)
    monkeypatch.setattr(catalogue_module, "load", lambda: None)
    return entries


def closed(book: Book, period: Period) -> Any:
    deals = book.opportunities.mutate(_on=book.opportunities.closed_on)
    return deals.filter(deals.closed_on >= period.start, deals.closed_on < period.end)


def deals_closed(book: Book, period: Period) -> Measure:
    return count(closed(book, period))


def share_won(book: Book, period: Period) -> Measure:
    rows = closed(book, period)
    return ratio(rows, rows.outcome == "won")


def test_a_variant_follows_its_default_where_it_does_not_say(catalogue: dict[str, Any]) -> None:
    of_deals = shared(**TOLD)
    of_deals("deals", "closed", default=True, meaning="m", formula="f", unit="number")(deals_closed)
    of_deals("deals", "won", meaning="m2", formula="f2", action="ask")(share_won)
    found = find("deals.won")
    assert (found.name, found.is_default, found.unit, found.action) == ("deals.won", False, "number", "ask")
    assert (found.meaning, found.formula, found.family) == ("m2", "f2", "test_registry")
    assert (found.source, found.by, found.is_forward) == ("", None, False)
    assert find("deals") == find("deals.closed") == catalogue["deals.closed"]


def test_a_name_is_given_once_and_after_its_default(catalogue: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"deals\.won: the name is taken, or its id has no default before it"):
        kpi("deals", "won", meaning="m", formula="f", **TOLD)(share_won)
    kpi("deals", "closed", default=True, meaning="m", formula="f", **TOLD)(deals_closed)
    with pytest.raises(ValueError, match=r"deals\.closed"):
        kpi("deals", "closed", meaning="m", formula="f")(deals_closed)
    with pytest.raises(ValueError, match="or has two"):
        kpi("deals", "other", default=True, meaning="m", formula="f", **TOLD)(deals_closed)


@pytest.mark.parametrize(
    ("name", "what", "mend"),
    [
        ("revenu", "no KPI is called 'revenu'", "did you mean 'revenue'?"),
        ("revenue.nett", "revenue has no variant 'nett'", "did you mean 'net'?"),
        ("revenue.zzz", "revenue has no variant 'zzz'", "known: booked, net, product, revenue_type"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(name: str, what: str, mend: str) -> None:
    with pytest.raises(UnknownKpi) as caught:
        find(name)
    assert (caught.value.what, caught.value.where, caught.value.mend) == (what, name, mend)


def test_every_kpi_says_all_that_a_reader_needs() -> None:
    words = ("meaning", "formula", "owner", "cadence", "action", "grain", "family")
    units = ("money", "ratio", "count", "days", "number", "money_per_day", "percent", "points", "months")
    for entry in all_kpis():
        assert [word for word in words if not getattr(entry, word)] == [], entry.name
        assert entry.category in ("activity", "efficiency", "effectiveness", "revenue"), entry.name
        assert entry.category3 in ("revenue", "efficiency", "activity"), entry.name
        assert entry.unit in units, entry.name
        assert entry.better in ("up", "down", "target", "none"), entry.name
        assert entry.needs, entry.name
        assert entry.measure.__doc__, entry.name


def test_every_id_has_one_default_that_comes_first() -> None:
    found: dict[str, list[bool]] = {}
    for entry in all_kpis():
        found.setdefault(entry.id, []).append(entry.is_default)
    assert [name for name, flags in found.items() if flags != [True] + [False] * (len(flags) - 1)] == []


@pytest.fixture
def book(engine: Any) -> Book:
    days = {"won": ["2026-04-01", "2026-06-30", "2026-05-05"], "lost": ["2026-06-30"]}
    earlier = {"won": ["2026-03-31", "2026-01-01"], "lost": ["2026-02-02"] * 3}
    rows = [
        {"outcome": outcome, "closed_on": day, "owner_id": owner, "amount": "10"}
        for owner, all_days in (("ann", days), ("bo", earlier))
        for outcome, closings in all_days.items()
        for day in closings
    ]
    rows = [{"opportunity_id": str(i), **row} for i, row in enumerate(rows)]
    return Book.of({"opportunities": rows}, as_of=dtm.date(2026, 7, 15), connection=engine)


def test_compute_has_one_row_for_the_whole(book: Book) -> None:
    (row,) = compute(book, "revenue.booked", Q2).to_dict("records")
    assert (row["id"], row["variant"], row["period"], row["segment"]) == ("revenue", "booked", "2026Q2", None)
    assert (row["value"], row["n"], row["unit"], row["status"], row["reason"]) == (30.0, 3, "money", "ok", "")


def test_compute_by_segment(book: Book) -> None:
    frame = compute(book, "revenue.booked", Period.parse("2026H1"), by="rep")
    assert frame[["segment", "value"]].to_numpy().tolist() == [["ann", 30.0], ["bo", 20.0]]


def test_a_period_that_is_not_over_is_immature(book: Book) -> None:
    (row,) = compute(book, "revenue.booked", Period.parse("2026Q3")).to_dict("records")
    assert (row["value"], row["status"], row["reason"]) == (0.0, "immature", "2026Q3 is not over on 2026-07-15")


def test_a_period_that_has_not_begun_has_no_value(book: Book) -> None:
    (row,) = compute(book, "revenue.booked", Period.parse("2026Q4")).to_dict("records")
    assert math.isnan(row["value"])
    assert (row["status"], row["reason"]) == ("na", "2026Q4 begins after 2026-07-15, the last day known")


def test_no_rows_by_segment_is_one_row_that_says_so(book: Book) -> None:
    (row,) = compute(book, "revenue.booked", Period.parse("2024"), by="rep").to_dict("records")
    assert (row["segment"], row["n"], row["status"], row["reason"]) == (None, 0, "na", "no rows to count")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("gross_margin", "needs orders.cost"),
        ("expansion_revenue", "needs opportunities.kind or subscriptions.mrr"),
        ("roi", "needs orders.cost"),
    ],
)
def test_what_a_kpi_needs_is_told(book: Book, name: str, reason: str) -> None:
    (row,) = compute(book, name, Q2).to_dict("records")
    assert math.isnan(row["value"])
    assert (row["segment"], row["n"], row["status"], row["reason"]) == (None, 0, "needs", reason)
    with pytest.raises(NeedsData, match=reason):
        rows_behind(book, name, Q2)


def test_a_measure_may_say_that_its_value_can_change(catalogue: dict[str, Any], book: Book) -> None:
    def young(book: Book, period: Period) -> Measure:
        return deals_closed(book, period).saying(immature="2 deals are young")

    kpi("deals", "young", default=True, meaning="m", formula="f", **TOLD)(young)
    (row,) = compute(book, "deals", Q2).to_dict("records")
    assert (row["value"], row["status"], row["reason"]) == (4.0, "immature", "2 deals are young")
    (row,) = compute(book, "deals", Period.parse("2026Q3")).to_dict("records")
    assert row["reason"] == "2026Q3 is not over on 2026-07-15; 2 deals are young"


def test_a_kpi_that_looks_ahead_may_be_asked_of_the_future(catalogue: dict[str, Any], book: Book) -> None:
    kpi("deals", "due", default=True, meaning="m", formula="f", is_forward=True, **TOLD)(deals_closed)
    (row,) = compute(book, "deals", Period.parse("2027Q1")).to_dict("records")
    assert (row["value"], row["status"]) == (0.0, "immature")


def test_compare_a_rate(catalogue: dict[str, Any], book: Book) -> None:
    kpi("won", "share", default=True, meaning="m", formula="f", **{**TOLD, "unit": "ratio"})(share_won)
    (row,) = compare(book, "won", Q2).to_dict("records")
    low, high = newcombe(3, 4, 2, 5)
    assert (row["value"], row["previous"]) == (3 / 4, 2 / 5)
    assert (row["change"], row["change_relative"]) == pytest.approx((3 / 4 - 2 / 5, (3 / 4 - 2 / 5) / (2 / 5)))
    assert (row["change_low"], row["change_high"]) == pytest.approx((float(low), float(high)))
    assert all(math.isnan(row[name]) for name in ("year_ago", "change_yoy", "change_yoy_relative", "change_yoy_low"))


def test_compare_a_total_by_segment_sums_to_the_change_of_the_whole(book: Book) -> None:
    frame = compare(book, "revenue.booked", Q2, by="rep")
    columns = ["segment", "value", "previous", "change"]
    assert frame[columns].to_numpy().tolist() == [["ann", 30.0, 0.0, 30.0], ["bo", 0.0, 20.0, -20.0]]
    assert frame["reason"].tolist() == ["", "no rows in this period"]
    assert math.isnan(frame["change_relative"].iloc[0])
    assert frame["change_relative"].iloc[1] == -1.0
    (whole,) = compare(book, "revenue.booked", Q2).to_dict("records")
    assert whole["change"] == frame["change"].sum() == 30 - 20


def test_compare_with_a_period_that_has_no_rows_compares_with_nothing(book: Book) -> None:
    (row,) = compare(book, "revenue.booked", Period.parse("2026Q1")).to_dict("records")
    assert row["value"] == 20.0
    assert math.isnan(row["previous"])
    assert math.isnan(row["change"])


def test_compare_where_data_are_missing(book: Book) -> None:
    (row,) = compare(book, "gross_margin", Q2, by="product").to_dict("records")
    assert (row["status"], row["reason"]) == ("needs", "needs orders.cost")
    assert math.isnan(row["previous"])


def test_a_segment_that_is_gone_has_no_rate(catalogue: dict[str, Any], book: Book) -> None:
    kpi("won", "share", default=True, meaning="m", formula="f", **TOLD)(share_won)
    frame = compare(book, "won", Q2, by="rep")
    assert frame["segment"].tolist() == ["ann", "bo"]
    assert frame["status"].tolist() == ["ok", "na"]
    assert frame["value"].isna().tolist() == [False, True]
    assert frame["previous"].tolist()[1] == 2 / 5
    assert frame[["value", "previous"]].isna().to_numpy().tolist() == [[False, True], [True, False]]


def test_rows_behind_a_segment(book: Book) -> None:
    found = rows_behind(book, "revenue.booked", Period.parse("2026H1"), by="rep", segment="bo").execute()
    assert sorted(found["closed_on"].astype(str)) == ["2026-01-01", "2026-03-31"]
    assert found["_numerator"].sum() == 20.0


def test_difference_tells_which_rows_one_counts_and_the_other_does_not(catalogue: dict[str, Any], book: Book) -> None:
    def won_of_all(book: Book, period: Period) -> Measure:
        return ratio(book.opportunities, book.opportunities.outcome == "won")

    def lost(book: Book, period: Period) -> Measure:
        return ratio(rows := closed(book, period), rows.outcome == "lost")

    kpi("won", "share", default=True, meaning="m", formula="f", **TOLD)(share_won)
    kpi("won", "all", meaning="m", formula="f")(won_of_all)
    kpi("won", "not", meaning="m", formula="f")(lost)
    found = difference(book, "won.share", "won.all", Q2).execute()
    assert found["opportunity_id"].tolist() == ["4", "5", "6", "7", "8"]
    assert set(found["only_in"]) == {"won.all"}
    assert set(found["differs_in"]) == {"denominator"}
    turned = difference(book, "won.share", "won.not", Q2).execute()
    assert turned["only_in"].tolist() == ["won.share"] * 3 + ["won.not"]
    assert set(turned["differs_in"]) == {"numerator"}
    assert difference(book, "won.share", "won.share", Q2).count().execute() == 0


def test_difference_by_amounts_alone(catalogue: dict[str, Any], book: Book) -> None:
    def amounts(book: Book, period: Period) -> Measure:
        return total(rows := closed(book, period), rows.amount)

    kpi("deals", "count", default=True, meaning="m", formula="f", **TOLD)(deals_closed)
    kpi("deals", "amount", meaning="m", formula="f")(amounts)
    found = difference(book, "deals.count", "deals.amount", Q2).execute()
    assert found["only_in"].isna().all()
    assert found[["numerator_a", "numerator_b"]].drop_duplicates().to_numpy().tolist() == [[1.0, 10.0]]


def test_difference_of_rows_of_two_kinds_is_refused(catalogue: dict[str, Any], book: Book) -> None:
    def by_outcome(book: Book, period: Period) -> Measure:
        return count(book.opportunities.select("outcome").distinct())

    kpi("deals", "count", default=True, meaning="m", formula="f", **TOLD)(deals_closed)
    kpi("deals", "outcomes", meaning="m", formula="f", grain="an outcome")(by_outcome)
    with pytest.raises(UnknownKpi, match="not made of rows of one kind") as caught:
        difference(book, "deals.count", "deals.outcomes", Q2)
    assert caught.value.where == "a deal and an outcome"


def test_an_unknown_dimension_is_the_callers_fault(book: Book) -> None:
    with pytest.raises(ParameterError, match="no dimension is called 'colour'"):
        compute(book, "revenue.booked", Q2, by="colour")


def test_a_formula_is_compared_by_its_values(catalogue: dict[str, Any], book: Book) -> None:
    def twice(book: Book, period: Period) -> Measure:
        return formula({"deals": deals_closed(book, period)}, lambda value: 2 * value["deals"])

    kpi("deals", "twice", default=True, meaning="m", formula="f", **TOLD)(twice)
    (row,) = compare(book, "deals", Q2).to_dict("records")
    assert (row["value"], row["previous"], row["change"]) == (8.0, 10.0, -2.0)
