"""Which win rate: every definition with its value, and the rows that make two of them differ."""

from __future__ import annotations

import datetime as dtm

import pandas as pd
import pytest

from salesnb.analysis.comparison import Values
from salesnb.analysis.counted import Counted
from salesnb.analysis.variants import COMPARED, Variants, variants
from salesnb.data.book import Book
from salesnb.data.load import open_book
from salesnb.kpis import registry
from salesnb.periods import Period

Q2, Q3 = Period.parse("2026Q2"), Period.parse("2026Q3")
# id, outcome, amount, created, closed
DEALS = [
    ("a", "won", 100, "2026-06-01", "2026-07-10"),
    ("b", "won", 300, "2026-07-02", "2026-08-10"),
    ("c", "lost", 200, "2026-07-03", "2026-08-20"),
    ("d", "lost", None, "2026-06-05", "2026-09-01"),
    ("e", "open", 500, "2026-09-01", None),
    ("f", "disqualified", 50, "2026-08-01", "2026-08-02"),
    ("g", "won", 70, "2026-05-01", "2026-06-10"),
]
LINES = [
    ("1", "s1", "old", 100, "2025-12-01", False),
    ("2", "s2", "old", 40, "2026-07-05", False),
    ("3", "s3", "new", 60, "2026-08-05", False),
    ("4", "s1", "old", -10, "2026-09-05", True),
]


def deals(rows: list[tuple[object, ...]] = DEALS, **more: list[dict[str, object]]) -> Book:
    names = ("opportunity_id", "outcome", "amount", "created_at", "closed_on")
    return Book.of(
        {"opportunities": [dict(zip(names, row, strict=True)) for row in rows], **more}, as_of=dtm.date(2026, 9, 30)
    )


def orders() -> list[dict[str, object]]:
    names = ("order_line_id", "order_id", "account_id", "amount", "ordered_at", "is_return")
    return [dict(zip(names, row, strict=True)) for row in LINES]


@pytest.fixture(scope="module")
def found() -> Variants:
    return variants(deals(orders=orders()), Q3)


def parting(found: Variants, other: str) -> list[list[object]]:
    rows = found.differences[found.differences["other"] == other]
    return rows[["side", "reason", "rows", "worth", "examples"]].to_numpy().tolist()


def test_every_definition_has_its_value(found: Variants) -> None:
    rows = found.values.set_index("name")
    columns = ["value", "numerator", "denominator", "n", "status"]
    assert rows.loc["win_rate.closed", columns].tolist() == [2 / 4, 2, 4, 4, "ok"]
    assert rows.loc["win_rate.created", columns].tolist() == [1 / 4, 1, 4, 4, "immature"]
    assert rows.loc["win_rate.pursued", columns].tolist() == [2 / 6, 2, 6, 6, "ok"]
    assert rows.loc["win_rate.value", columns].tolist() == [400 / 600, 400, 600, 3, "ok"]
    assert rows.loc["revenue.net", "value"] == 40 + 60 - 10
    assert rows.loc["revenue.booked", "value"] == 100 + 300
    assert rows.loc["average_order_value.mean", "value"] == (40 + 60 - 10) / 2


def test_the_widest_is_told_first(found: Variants) -> None:
    rows = found.spreads[["id", "lowest_variant", "highest_variant"]].to_numpy().tolist()
    # 400 / 90 of revenue, 500 / 250 of the pipeline, 66.7 % / 25 % of the win rate, 90 / 60 of new customers.
    assert rows[0] == ["revenue", "net", "booked"]
    assert rows[1] == ["win_rate", "created", "value"]
    assert found.headlines()[0] == "Revenue is 90 USD (net, the default) or 400 USD (booked) in 2026Q3."
    assert found.of("win_rate") == (
        "Win rate is 25.0 % (created, so far), 33.3 % (pursued), 37.5 % (mature), 50.0 % (closed, the default) "
        "or 66.7 % (value) in 2026Q3; value: 1 left out: no amount"
    )


def test_the_rows_that_differ_come_with_the_reason(found: Variants) -> None:
    assert parting(found, "win_rate.created") == [
        ["default", "created before 2026Q3", 2, 100.0, ("a", "d")],
        ["other", "disqualified", 1, 50.0, ("f",)],
        ["other", "still open", 1, 500.0, ("e",)],
    ]
    assert parting(found, "win_rate.pursued") == [
        ["other", "disqualified", 1, 50.0, ("f",)],
        ["other", "still open", 1, 500.0, ("e",)],
    ]
    assert parting(found, "win_rate.value") == [
        ["default", "no amount", 1, 0.0, ("d",)],
        ["otherwise", "each by its amount in place of one", 3, 600.0, ("a", "b", "c")],
    ]
    assert parting(found, "time_to_close_days.won") == [["default", "lost", 2, 200.0, ("c", "d")]]
    assert parting(found, "average_order_value.median") == [
        ["default", "a return without its order", 1, -10.0, ("s1",)]
    ]
    assert found.pair("win_rate.created") == (
        "closed against created: 2 deals in both; 2 only in closed (created before 2026Q3); "
        "2 only in created (1 disqualified and 1 still open)"
    )


def test_a_period_that_is_past_knows_what_closed_after_it() -> None:
    told = variants(deals(), Q2)
    assert parting(told, "win_rate.created") == [["other", "closed after 2026Q2", 2, 100.0, ("a", "d")]]
    assert told.pair("win_rate.created") == (
        "closed against created: 1 deal in both; 2 only in created (closed after 2026Q2)"
    )


def test_the_same_rows_and_rows_of_two_kinds_are_said(found: Variants) -> None:
    assert found.pair("average_deal_size.median") == (
        "mean against median: the same 2 deals; only the arithmetic differs"
    )
    assert found.pair("revenue.booked") == (
        "net against booked: no row in common, for a row is an order line, or a won deal in net "
        "and a won deal in booked"
    )


def test_what_answers_another_question_is_no_reading_of_it(found: Variants) -> None:
    rows = found.values.set_index("name")["is_reading"]
    assert not rows[["sales_cycle_days.p90", "sales_cycle_days.lost", "time_to_close_days.p90"]].any()
    assert rows[["sales_cycle_days.median", "sales_cycle_days.mean", "win_rate.value"]].all()


def test_the_catalogue_states_the_other_names(found: Variants) -> None:
    assert found.stated[["name", "also", "source"]].to_numpy().tolist() == [
        ["win_rate.mature", (), "Aalen and Johansen 1978"],
        ["win_rate.pursued", ("opportunity_to_win_ratio.pursued",), ""],
    ]


def test_what_is_missing_is_named() -> None:
    told = variants(Book.of({"orders": orders()}, as_of=dtm.date(2026, 9, 30)), Q3)
    needs = dict(zip(told.needs["name"], told.needs["needs"], strict=True))
    assert needs["win_rate.closed"] == needs["revenue.booked"] == "opportunities"
    assert "revenue.net" not in needs
    lacking = "lacks opportunities and opportunities.expected_close_on."
    assert told.headlines()[-1] == f"19 of 24 definitions cannot be computed from this source, which {lacking}"
    assert set(told.numbers()["id"]) == {"revenue", "new_customer_revenue", "average_order_value"}


@pytest.mark.parametrize(
    ("source", "period", "said"),
    [
        (deals(), "2020Q1", "There is nothing to compare in 2020Q1: no rows to count."),
        (
            deals(),
            "2031Q1",
            "There is nothing to compare in 2031Q1: 2031Q1 begins after 2026-09-30, the last day known.",
        ),
        (deals([]), "2026Q3", "There is nothing to compare in 2026Q3: no rows to count."),
        (Book.of({}, as_of=dtm.date(2026, 9, 30)), "2026Q3", "There is nothing to compare in 2026Q3."),
        (deals(DEALS[4:5]), "2026Q2", "There is nothing to compare in 2026Q2: no rows to count."),
        (deals(DEALS[:1]), "2026Q3", "No KPI has two definitions with different values in 2026Q3."),
    ],
)
def test_nothing_to_compare_is_said(source: Book, period: str, said: str) -> None:
    told = variants(source, Period.parse(period))
    assert told.headlines()[0] == said
    assert not len(told.numbers()) or set(told.numbers()["status"]) <= {"ok", "na", "immature"}


@pytest.fixture(scope="module")
def sample() -> Book:
    return open_book("sample")


@pytest.mark.parametrize("period", ["2026Q3", "2025-02", "2023Q1"])
def test_one_query_of_all_says_what_each_says_of_itself(sample: Book, period: str) -> None:
    """Every KPI that has rows or parts of its own, not only those that are compared: the registry's numbers."""
    book, asked = Values(sample).book, Period.parse(period)
    names = [e.name for e in registry.all_kpis() if e.by is None and e.name != "pipeline_value.average"]
    rows = Counted.of(book, asked, names, 0.9)[0].records()
    assert len(rows) > 50
    alone = pd.concat(
        [
            registry.compute(book, f"{id}.{v}", asked, confidence=0.9)
            for id, v in zip(rows["id"], rows["variant"], strict=True)
        ],
        ignore_index=True,
    )
    pd.testing.assert_frame_equal(rows, alone, check_dtype=False, rtol=1e-9)


def test_the_rows_are_those_of_the_registry(sample: Book) -> None:
    told = variants(sample, Q3)
    for other in ("win_rate.created", "win_rate.pursued", "time_to_close_days.won", "pipeline_value.due"):
        default = registry.find(other.partition(".")[0]).name
        rows = registry.difference(sample, default, other, Q3).execute()
        only = rows[rows["differs_in"] == "denominator"]["only_in"].value_counts().to_dict()
        pair = told.pairs.set_index("other").loc[other]
        assert {default: pair["only_default"], other: pair["only_other"]} == {default: 0, other: 0} | only
        reasons = told.differences[told.differences["other"] == other].groupby("side")["rows"].sum()
        assert reasons.sum() == len(rows)


def test_the_numbers_are_the_values(found: Variants) -> None:
    rows = found.numbers()
    assert rows["period"].unique().tolist() == ["2026Q3"]
    assert rows[["id", "variant"]].duplicated().sum() == 0
    assert set(rows["id"]) == set(COMPARED)
    assert (rows["value"].isna() == rows["status"].isin(["na"])).all()
