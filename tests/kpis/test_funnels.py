"""The funnel engine: each rule on a few arrivals worked out by hand, on DuckDB and on PostgreSQL."""

from __future__ import annotations

import itertools
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesnb.kpis.funnels import Plan, Step, passages, placed, tally

ABC = Plan.of("A", "B", "C")
Row = tuple[str, str, str]


def arrivals(engine: Any, text: str, **more: Any) -> ir.Table:
    """Entities as ``"1: A1 B3 C7"``: a step and the day of March on which it came to it; one a line."""
    rows = []
    for line in text.strip().splitlines():
        name, _, steps = line.partition(":")
        rows += [
            {"who": name.strip(), "what": s[0], "on": pd.Timestamp(2026, 3, int(s[1:])), **more} for s in steps.split()
        ]
    table = ibis.memtable(pd.DataFrame(rows)).mutate(on=ibis._.on.cast("date"))
    name = ibis.util.gen_name("arrivals")
    return engine.create_table(name, table.to_pyarrow(), temp=True)


def way(engine: Any, text: str, plan: Plan = ABC) -> dict[str, list[int | None]]:
    """The day on which each entity passed each step."""
    found = passages(arrivals(engine, text), plan, entity="who", step="what", at="on").execute()
    days = [f"at_{i}" for i in range(len(plan.steps))]
    return {
        row["who"]: [None if pd.isna(row[day]) else pd.Timestamp(row[day]).day for day in days]
        for row in found.to_dict("records")
    }


def test_in_order_the_first_arrival_counts_and_a_move_back_takes_nothing_away(engine: Any) -> None:
    assert way(engine, "1: A1 B3 A4 B5 C9") == {"1": [1, 3, 9]}


def test_what_was_skipped_is_passed_at_that_moment(engine: Any) -> None:
    assert way(engine, "1: A1 C5 B8") == {"1": [1, 5, 5]}


def test_or_it_is_missed_until_it_is_come_to(engine: Any) -> None:
    missed = Plan.of("A", "B", "C", skipped="missed")
    assert way(engine, "1: A1 C5 B8\n2: A1 C5 B8 C9\n3: B1 A2 B3", missed) == {
        "1": [1, 8, None], "2": [1, 8, 9], "3": [2, 3, None],
    }  # fmt: skip


def test_who_enters_in_the_middle_counts_from_there_or_from_the_start(engine: Any) -> None:
    assert way(engine, "1: B2 A4 C6") == {"1": [None, 2, 6]}
    assert way(engine, "1: B2 A4 C6", Plan.of("A", "B", "C", entering="passed")) == {"1": [2, 2, 6]}


def test_arrivals_of_one_day_count_in_the_order_of_the_steps(engine: Any) -> None:
    assert way(engine, "1: B2 A2 C2") == {"1": [2, 2, 2]}


def test_strict_ends_where_another_step_comes_between(engine: Any) -> None:
    strict = Plan.of("A", "B", "C", order="strict")
    text = "1: A1 B2 C3\n2: A1 C2 B3\n3: A1 B2 A3 C4\n4: A1 A2 B3 C3\n5: B1 C2\n6: B1 A1 B1 C2"
    assert way(engine, text, strict) == {
        "1": [1, 2, 3], "2": [1, None, None], "3": [1, 2, None], "4": [1, 3, 3], "6": [1, 1, 2],
    }  # fmt: skip


def test_any_order_asks_only_that_all_were_come_to(engine: Any) -> None:
    anyhow = Plan.of("A", "B", "C", order="any")
    assert way(engine, "1: C1 B2 A3\n2: A1 C2\n3: B1", anyhow) == {"1": [3, 3, 3], "2": [1, None, None]}


def test_windows_hold_a_step_and_all_after_it(engine: Any) -> None:
    text = "1: A1 B3 C20\n2: A1 B9 C10\n3: A1 B1 C2"
    assert way(engine, text, Plan.of("A", "B", "C", within_days=10)) == {
        "1": [1, 3, None], "2": [1, 9, 10], "3": [1, 1, 2],
    }  # fmt: skip
    steps = Plan((Step("A"), Step("B", at_least=1, at_most=5), Step("C")))
    assert way(engine, text, steps) == {"1": [1, 3, 20], "2": [1, None, None], "3": [1, None, None]}
    missed = Plan((Step("A"), Step("B", at_most=5), Step("C")), skipped="missed")
    assert way(engine, text, missed) == {"1": [1, 3, 20], "2": [1, None, None], "3": [1, 1, 2]}


def test_rows_without_an_entity_a_time_or_a_step_of_the_plan_are_not_counted(engine: Any) -> None:
    table = arrivals(engine, "1: A1 X2\n2: X3")
    table = table.union(table.mutate(who=ibis.null("string"))).union(
        table.mutate(who=ibis.literal("9"), on=ibis.null("date"))
    )
    found = passages(table, ABC, entity="who", step="what", at="on").execute()
    assert found["who"].tolist() == ["1"]
    assert found[["entry", "reached"]].to_numpy().tolist() == [[0, 0]]


def test_time_stamps_count_parts_of_days() -> None:
    rows = [
        {"entity": "1", "step": "A", "at": pd.Timestamp("2026-03-01 12:00")},
        {"entity": "1", "step": "B", "at": pd.Timestamp("2026-03-02 13:00")},
    ]
    for most, reached in ((1.0, 0), (1.1, 1)):
        plan = Plan((Step("A"), Step("B", at_most=most)))
        assert passages(ibis.memtable(pd.DataFrame(rows)), plan).execute()["reached"].tolist() == [reached]


def test_the_tally_counts_who_goes_on_drops_out_and_stays_with_their_values(engine: Any) -> None:
    text = "1: A1 B2 C3\n2: A1 B2\n3: A1\n4: A1\n5: B4"
    rows = passages(arrivals(engine, text, value=10.5), ABC, entity="who", step="what", at="on")
    rows = rows.mutate(is_open=rows["who"].isin(["3", "5"]))
    found = tally(rows, ABC)
    columns = ["reached", "entered", "from_start", "passed", "dropped", "still"]
    assert found[columns].to_numpy().tolist() == [[4, 4, 4, 2, 1, 1], [3, 1, 2, 1, 1, 1], [1, 0, 1, 0, 0, 0]]
    assert found["value_dropped"].tolist() == [10.5, 10.5, 0]
    assert found["from_previous"].tolist()[:2] == [2 / 4, 1 / 3]
    assert pd.isna(found["from_previous"].iloc[2])
    assert found["from_first"].tolist() == [4 / 4, 2 / 4, 1 / 4]
    assert found["segment"].tolist() == [None] * 3


def test_segments_sum_to_the_whole_and_without_an_end_all_may_go_on() -> None:
    backend = ibis.duckdb.connect()
    rows = passages(arrivals(backend, "1: A1 B2\n2: A1\n3: A1"), ABC, entity="who", step="what", at="on")
    rows = rows.mutate(side=(rows["who"] == "1").ifelse("x", ibis.null("string")))
    found = tally(rows, ABC, by="side")
    assert found[["segment", "step", "reached", "still"]].to_numpy().tolist() == [
        ["(none)", "A", 2, 2], ["(none)", "B", 0, 0], ["(none)", "C", 0, 0],
        ["x", "A", 1, 0], ["x", "B", 1, 1], ["x", "C", 0, 0],
    ]  # fmt: skip


def test_a_funnel_without_a_row_is_empty_and_one_of_one_step_is_a_count() -> None:
    backend = ibis.duckdb.connect()
    none = passages(arrivals(backend, "1: X1"), ABC, entity="who", step="what", at="on")
    assert tally(none, ABC).empty
    one = Plan.of("A")
    rows = passages(arrivals(backend, "1: A1\n2: A2"), one, entity="who", step="what", at="on")
    assert tally(rows, one)[["reached", "passed", "still"]].to_numpy().tolist() == [[2, 0, 0]]


@pytest.mark.parametrize("names", [(), ("A", "A")])
def test_a_plan_has_steps_each_once(names: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="each once"):
        Plan.of(*names)


def expected(steps: list[tuple[str, int]], plan: Plan) -> list[int | None]:
    """The rules again, as loops over one entity's arrivals."""
    names = plan.names
    first = {name: min((d for s, d in steps if s == name), default=None) for name in names}
    if plan.order == "any":
        got: list[int | None] = []
        for i in range(len(names)):
            days = [first[name] for name in names[: i + 1]]
            got.append(None if None in days else max(d for d in days if d is not None))
        return got
    if plan.skipped == "passed":
        every = [min((d for s, d in steps if names.index(s) >= i), default=None) for i in range(len(names))]
        begin = min((names.index(s) for s, d in steps if d == every[0]), default=len(names))
        return [None if i < begin and plan.entering == "here" else day for i, day in enumerate(every)]
    got, last = [], 0
    for name in names:
        after = [d for s, d in steps if s == name and d >= last]
        if not after or (got and got[-1] is None):
            got.append(None)
            continue
        last = min(after)
        got.append(last)
    return got


ways = st.lists(st.tuples(st.sampled_from("ABC"), st.integers(1, 9)), min_size=1, max_size=7)
plans = st.sampled_from(
    [
        ABC, Plan.of("A", "B", "C", entering="passed"), Plan.of("A", "B", "C", skipped="missed"),
        Plan.of("A", "B", "C", order="any"),
    ]
)  # fmt: skip


@settings(max_examples=10)
@given(st.lists(ways, min_size=1, max_size=8), plans)
def test_it_does_what_loops_over_each_entity_do(entities: list[list[tuple[str, int]]], plan: Plan) -> None:
    text = "\n".join(f"{i}: {' '.join(f'{s}{d}' for s, d in steps)}" for i, steps in enumerate(entities))
    found = way(BACKEND, text, plan)
    wanted = {str(i): expected(steps, plan) for i, steps in enumerate(entities)}
    assert found == {who: days for who, days in wanted.items() if any(day is not None for day in days)}


BACKEND = ibis.duckdb.connect()


def test_the_order_of_the_rows_does_not_matter() -> None:
    texts = [" ".join(each) for each in itertools.permutations(["A1", "B3", "C2", "B1"])]
    assert len({str(way(BACKEND, f"1: {text}")) for text in texts}) == 1


def test_placed_takes_first_arrivals_of_any_table() -> None:
    rows = ibis.memtable(
        pd.DataFrame({"id": [1], "own_0": [5], "own_1": [None], "own_2": [4]}),
        schema={"id": "int64", "own_0": "int64", "own_1": "int64", "own_2": "int64"},
    )
    found = placed(rows, ABC).execute()
    assert found[["at_2", "entry", "reached"]].to_numpy().tolist() == [[4, 2, 2]]
