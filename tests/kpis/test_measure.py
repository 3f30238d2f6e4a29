from __future__ import annotations

import datetime as dtm
import math
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ibis import _

from salesnb.data.book import Book
from salesnb.errors import NeedsData, ParameterError
from salesnb.kpis.intervals import mean_interval, wilson
from salesnb.kpis.measure import (
    Measure,
    behind,
    count,
    estimate,
    evaluate,
    formula,
    mean,
    quantile,
    quotient,
    ratio,
    total,
)

AS_OF = dtm.date(2026, 12, 31)


def deals(*rows: tuple[str, str | None, str, str | None], connection: Any = None) -> Book:
    """A book of deals: id, owner, outcome, amount."""
    names = ("opportunity_id", "owner_id", "outcome", "amount")
    tables = {"opportunities": [dict(zip(names, row, strict=True)) for row in rows]}
    return Book.of(tables, as_of=AS_OF, connection=connection)


@pytest.fixture
def book(engine: Any) -> Book:
    return deals(
        ("1", "ann", "won", "100.10"),
        ("2", "ann", "lost", "50.00"),
        ("3", None, "won", "10.20"),
        ("4", "bo", "won", None),
        ("5", "bo", "lost", "30.00"),
        connection=engine,
    )


def values(measure: Measure, book: Book, by: str | None = None) -> dict[str | None, float]:
    frame = evaluate(measure, book, by=by)
    return dict(zip(frame["segment"], frame["value"], strict=True))


def whole(measure: Measure, book: Book) -> dict[str, Any]:
    (row,) = evaluate(measure, book).to_dict("records")
    return {str(name): value for name, value in row.items()}


def test_total(book: Book) -> None:
    row = whole(total(book.opportunities, _.amount), book)
    assert row["value"] == row["numerator"] == 190.30  # 100.10 + 50.00 + 10.20 + 30.00, to the cent
    assert (row["n"], row["status"], row["reason"]) == (4, "ok", "1 of 5 rows have no value")
    assert math.isnan(row["denominator"])
    assert math.isnan(row["low"])
    assert math.isnan(row["high"])


def test_total_by_segment_has_those_of_nobody_last(book: Book) -> None:
    frame = evaluate(total(book.opportunities, "amount"), book, by="rep_id")
    assert frame["segment"].tolist() == ["ann", "bo", "(none)"]
    assert frame["value"].tolist() == [100.10 + 50.00, 30.00, 10.20]
    assert frame["n"].tolist() == [2, 1, 1]
    assert frame["reason"].tolist() == ["", "1 of 2 rows have no value", ""]


def test_count(book: Book) -> None:
    assert values(count(book.opportunities), book) == {None: 5}
    assert values(count(book.opportunities, _.outcome == "won"), book, "rep_id") == {"ann": 1, "bo": 1, "(none)": 1}


def test_ratio_of_booleans_is_a_share_with_wilsons_interval(book: Book) -> None:
    row = whole(ratio(book.opportunities, _.outcome == "won"), book)
    low, high = wilson(3, 5)
    assert (row["value"], row["numerator"], row["denominator"], row["n"]) == (3 / 5, 3, 5, 5)
    assert (row["low"], row["high"]) == (float(low), float(high))


def test_ratio_with_a_boolean_denominator_counts_only_its_rows(book: Book) -> None:
    row = whole(ratio(book.opportunities, _.outcome == "won", _.owner_id == "ann"), book)
    assert (row["value"], row["numerator"], row["denominator"], row["n"]) == (1 / 2, 1, 2, 2)


def test_ratio_of_sums_leaves_out_rows_that_lack_either(book: Book) -> None:
    # won amount over all amounts; deal 4 has none
    rows = book.opportunities.mutate(won=(_.outcome == "won").ifelse(_.amount, 0))
    row = whole(ratio(rows, _.won, _.amount), book)
    assert row["value"] == pytest.approx((100.10 + 10.20) / (100.10 + 50.00 + 10.20 + 30.00))
    assert (row["n"], row["reason"]) == (4, "1 of 5 rows have no value")
    assert row["low"] < row["value"] < row["high"]


def test_mean_has_students_interval(book: Book) -> None:
    row = whole(mean(book.opportunities, _.amount), book)
    amounts = pd.Series([100.10, 50.00, 10.20, 30.00])
    low, high = mean_interval(amounts.mean(), amounts.var(), 4)
    assert (row["value"], row["numerator"], row["denominator"], row["n"]) == (190.30 / 4, 190.30, 4, 4)
    assert (row["low"], row["high"]) == pytest.approx((float(low), float(high)))


def test_quantile_lies_between_neighbours(book: Book) -> None:
    # 10.20, 30.00, 50.00, 100.10: the median is (30 + 50) / 2, the 90 % quantile 50 + 0.7 x 50.10
    assert whole(quantile(book.opportunities, _.amount), book)["value"] == (30 + 50) / 2
    assert whole(quantile(book.opportunities, _.amount, 0.9), book)["value"] == pytest.approx(50 + 0.7 * 50.10)


def test_quantile_is_bounded_by_order_statistics(engine: Any) -> None:
    book = deals(
        *((str(i), "ann", "won", str(i)) for i in range(1, 17)),
        *((f"b{i}", "bo", "won", "7") for i in range(3)),
        ("c", "bo", "won", None),
        connection=engine,
    )
    frame = evaluate(quantile(book.opportunities, _.amount), book, by="rep_id")
    assert frame["value"].tolist() == [(8 + 9) / 2, 7]
    assert frame["n"].tolist() == [16, 3]
    assert frame["low"].tolist()[0] == 4  # of 16 values the 4th and the 13th bound the median
    assert frame["high"].tolist()[0] == 13
    assert frame[["low", "high"]].iloc[1].isna().all()  # three values cannot


def test_median_interval_covers_by_segment_of_equal_size(engine: Any) -> None:
    book = deals(
        *((f"{owner}{i}", owner, "won", str(base + i)) for owner, base in (("ann", 0), ("bo", 100)) for i in range(6)),
        connection=engine,
    )
    frame = evaluate(quantile(book.opportunities, _.amount), book, by="rep_id")
    assert frame[["value", "low", "high"]].to_numpy().tolist() == [[2.5, 0, 5], [102.5, 100, 105]]


@pytest.mark.parametrize(
    ("how", "value"),
    [("total", 0.0), ("count", 0.0), ("ratio", None), ("mean", None), ("quantile", None), ("quotient", None)],
)
def test_over_no_rows(engine: Any, how: str, value: float | None) -> None:
    book = deals(("1", "ann", "won", "1"), connection=engine)
    rows = book.opportunities.filter(_.outcome == "lost")
    measures = {
        "total": total(rows, _.amount),
        "count": count(rows),
        "ratio": ratio(rows, _.outcome == "won"),
        "mean": mean(rows, _.amount),
        "quantile": quantile(rows, _.amount),
        "quotient": quotient(total(rows, _.amount), count(rows), named=("amount", "deals")),
    }
    row = whole(measures[how], book)
    assert row["n"] == 0
    if value is None:
        assert math.isnan(row["value"])
        assert row["status"] == "na"
        assert row["reason"] == ("deals is zero" if how == "quotient" else "no rows to count")
    else:
        assert (row["value"], row["status"], row["reason"]) == (value, "ok", "")
    assert evaluate(measures[how], book, by="rep_id").empty


def test_a_total_of_rows_without_a_value_is_unknown_not_zero(engine: Any) -> None:
    book = deals(("1", "ann", "won", None), connection=engine)
    row = whole(total(book.opportunities, _.amount), book)
    assert math.isnan(row["value"])
    assert (row["n"], row["status"], row["reason"]) == (0, "na", "no row has a value")


def test_a_ratio_whose_denominators_sum_to_zero_is_unknown(engine: Any) -> None:
    book = deals(("1", "ann", "won", "5"), ("2", "ann", "won", "-5"), connection=engine)
    row = whole(ratio(book.opportunities, 1, _.amount), book)
    assert math.isnan(row["value"])
    assert (row["status"], row["reason"]) == ("na", "the denominator sums to zero")


def test_rows_left_out_are_told(book: Book) -> None:
    measure = mean(book.opportunities, _.amount).leaving_out(_.amount < 40, "smaller than 40")
    row = whole(measure, book)
    assert (row["value"], row["n"]) == ((100.10 + 50.00) / 2, 2)
    assert row["reason"] == "1 of 3 rows have no value; 2 left out: smaller than 40"
    assert behind(measure, book).count().execute() == 2


def test_rows_cannot_be_left_out_twice(book: Book) -> None:
    measure = mean(book.opportunities, _.amount).leaving_out(_.amount < 40, "smaller than 40")
    with pytest.raises(ValueError, match="already left out: smaller than 40"):
        measure.leaving_out(_.amount > 90, "larger than 90")


def test_a_measure_says_what_it_is_told(book: Book) -> None:
    measure = count(book.opportunities).saying("open deals are in it", immature="three are open")
    assert whole(measure, book)["reason"] == "open deals are in it"
    assert measure.immature == "three are open"


def test_quotient(book: Book) -> None:
    won = book.opportunities.filter(_.outcome == "won")
    measure = quotient(total(won, _.amount), total(book.opportunities, _.amount), minus=0.5)
    row = whole(measure, book)
    assert row["value"] == pytest.approx((100.10 + 10.20) / 190.30 - 0.5)
    assert (row["numerator"], row["denominator"], row["n"]) == (100.10 + 10.20, 190.30, 2)


def test_quotient_by_segment_takes_a_total_of_no_rows_for_zero(book: Book) -> None:
    rows = book.opportunities
    lost, won = rows.filter(_.outcome == "lost"), rows.filter(_.outcome == "won")
    frame = evaluate(quotient(count(lost), count(won), named=("lost", "won")), book, by="rep_id")
    assert frame["segment"].tolist() == ["ann", "bo", "(none)"]
    assert frame["value"].tolist() == [1 / 1, 1 / 1, 0 / 1]
    upside_down = evaluate(quotient(count(won), count(lost), named=("won", "lost")), book, by="rep_id")
    assert upside_down["status"].tolist() == ["ok", "ok", "na"]
    assert upside_down["reason"].tolist() == ["", "", "lost is zero"]


def test_quotient_at_zero_and_below(engine: Any) -> None:
    book = deals(("1", "ann", "won", "5"), ("2", "bo", "won", "0"), ("3", "cy", "won", "-5"), connection=engine)
    rows = book.opportunities
    refused = evaluate(quotient(count(rows), total(rows, _.amount), named=("deals", "amount")), book, by="rep_id")
    assert refused["value"].iloc[0] == 1 / 5
    assert refused["reason"].tolist() == ["", "amount is zero", "amount is negative"]
    zero = evaluate(quotient(count(rows), total(rows, _.amount), at_zero="zero"), book, by="rep_id")
    assert zero["value"].iloc[:2].tolist() == [1 / 5, 0.0]
    assert zero["status"].tolist() == ["ok", "ok", "na"]


def test_formula_says_which_part_is_missing(book: Book) -> None:
    rows = book.opportunities
    parts = {"deals": count(rows), "won size": mean(rows.filter(_.outcome == "lost"), _.amount)}
    frame = evaluate(formula(parts, lambda value: value["deals"] * value["won size"]), book, by="rep_id")
    assert frame["value"].iloc[:2].tolist() == [2 * 50.00, 2 * 30.00]
    assert frame["status"].tolist() == ["ok", "ok", "na"]
    assert frame["reason"].tolist() == ["", "", "won size: no rows to count"]


def test_formula_that_divides_by_zero_is_unknown(book: Book) -> None:
    row = whole(formula({"deals": count(book.opportunities)}, lambda value: 1 / (value["deals"] - 5)), book)
    assert math.isnan(row["value"])
    assert (row["status"], row["reason"]) == ("na", "cannot be computed from deals")


def test_estimate_takes_a_method_of_its_own(book: Book) -> None:
    def largest(rows: Any, confidence: float) -> pd.DataFrame:
        found = rows.group_by("segment").aggregate(value=rows.amount.max().cast("float64"), n=rows.amount.count())
        frame: pd.DataFrame = found.execute()
        return frame.assign(high=confidence)

    frame = evaluate(estimate(book.opportunities, largest), book, by="rep_id", confidence=0.8)
    assert frame[["segment", "value", "n", "high"]].to_numpy().tolist() == [
        ["ann", 100.10, 2, 0.8],
        ["bo", 30.00, 1, 0.8],
        ["(none)", 10.20, 1, 0.8],
    ]
    assert frame["status"].tolist() == ["ok"] * 3
    assert whole(estimate(book.opportunities, largest), book)["value"] == 100.10


def test_estimate_that_finds_nothing_is_unknown(book: Book) -> None:
    def nothing(rows: Any, confidence: float) -> pd.DataFrame:
        return pd.DataFrame({"segment": ["(all)"], "value": [float("nan")], "n": [3]})

    row = whole(estimate(book.opportunities, nothing), book)
    assert (row["n"], row["status"], row["reason"]) == (3, "na", "cannot be estimated from these rows")


def test_behind_a_value_are_its_rows(book: Book) -> None:
    measure = total(book.opportunities, _.amount)
    found = behind(measure, book, segment="ann", by="rep_id").order_by("opportunity_id").execute()
    assert found["opportunity_id"].tolist() == ["1", "2"]
    assert found["_numerator"].tolist() == [100.10, 50.00]
    assert behind(measure, book).count().execute() == 4  # deal 4 has no amount and is not counted


def test_behind_a_quotient_are_the_rows_of_both(book: Book) -> None:
    rows = book.opportunities
    won, owners = rows.filter(_.outcome == "won"), rows.select("owner_id").distinct()
    inner = quotient(total(won, _.amount), count(rows), named=("won", "deals"))
    measure = formula({"per deal": inner, "owners": count(owners)}, lambda value: value["per deal"] / value["owners"])
    found = behind(measure, book).execute()
    assert found["part"].value_counts().to_dict() == {"per deal: won": 2, "per deal: deals": 5, "owners": 3}
    assert found.groupby("part")["_numerator"].sum().to_dict() == pytest.approx(
        {"per deal: won": 110.30, "per deal: deals": 5, "owners": 3}
    )
    assert found.loc[found["part"] == "owners", "opportunity_id"].isna().all()


def test_a_dimension_that_no_one_knows(book: Book) -> None:
    with pytest.raises(ParameterError, match="did you mean 'team'"):
        evaluate(count(book.opportunities), book, by="teem")


def test_a_dimension_that_the_rows_do_not_carry(book: Book) -> None:
    owners = book.opportunities.group_by("outcome").aggregate(deals=_.count())
    with pytest.raises(NeedsData, match="the rows of this measure carry no rep_id"):
        evaluate(total(owners, _.deals), book, by="rep_id")


rows_of_deals = st.lists(
    st.tuples(
        st.sampled_from(["ann", "bo", "cy", None]),
        st.sampled_from(["won", "lost"]),
        st.one_of(st.none(), st.integers(-(10**9), 10**9).map(lambda cents: f"{cents / 100:.2f}")),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=rows_of_deals, shuffled=st.randoms())
def test_segments_sum_to_the_whole_whatever_the_order(rows: list[tuple[Any, ...]], shuffled: Any) -> None:
    numbered = [(str(i), *row) for i, row in enumerate(rows)]
    book = deals(*numbered)
    shuffled.shuffle(numbered)
    again = deals(*numbered)
    cents = sum(round(float(row[2]) * 100) for row in rows if row[2] is not None)
    for pick in (lambda b: total(b.opportunities, _.amount), lambda b: count(b.opportunities, _.outcome == "won")):
        parts = evaluate(pick(book), book, by="rep_id")
        row = whole(pick(book), book)
        if row["status"] == "ok":
            assert parts["value"].sum() == pytest.approx(row["value"], abs=1e-6)
        assert parts["n"].sum() == row["n"]
        pd.testing.assert_frame_equal(parts, evaluate(pick(again), again, by="rep_id"))
    money = whole(total(book.opportunities, _.amount), book)
    assert money["status"] == "na" or round(money["value"] * 100) == cents


def test_money_ties_to_the_cent_where_floats_do_not(engine: Any) -> None:
    book = deals(*((str(i), "ann", "won", "0.10") for i in range(1000)), connection=engine)
    assert sum([0.10] * 1000) != 100.0
    assert whole(total(book.opportunities, _.amount), book)["value"] == 100.0


def test_an_estimate_of_no_rows_is_unknown(engine: Any) -> None:
    def nothing(rows: Any, confidence: float) -> pd.DataFrame:
        return pd.DataFrame({"segment": [], "value": [], "n": []})

    book = deals(connection=engine)
    row = whole(estimate(book.opportunities, nothing), book)
    assert (row["n"], row["status"], row["reason"]) == (0, "na", "no rows to count")


def test_only_a_measure_with_rows_can_leave_some_out(book: Book) -> None:
    measure = quotient(count(book.opportunities), count(book.opportunities))
    with pytest.raises(ValueError, match="a quotient has no rows of its own"):
        measure.leaving_out(True, "all of them")
