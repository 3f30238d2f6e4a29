"""The change of a number between two runs is divided into parts that sum to it."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from salesnb.analysis.restatement import PARTS, Restatement
from salesnb.errors import RefusedForSafety, StorageError, UnknownKpi
from salesnb.run.diffing import PastRun
from salesnb.run.restate import restate
from tests.run.past_runs import PRESENT, a_run, deal, keep_data, number

FIRST = deal("D1", 100, "2026-08-01")
ENDED = "2026-11-21 23:15:00 UTC"
LATE = deal("D2", 60.5, "2026-07-15", owner="bo")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kept")
    keep_data(folder, "fa", [FIRST])
    keep_data(folder, "fb", [FIRST, LATE])
    return folder


@pytest.fixture
def root(tmp_path: Path, kept: Path) -> Path:
    """A folder of reports with two kept copies: ``fa`` has one deal, ``fb`` has a late one besides."""
    shutil.copytree(kept, tmp_path, dirs_exist_ok=True)
    return tmp_path


def compared(root: Path, before: dict[str, Any], after: dict[str, Any], **options: Any) -> Restatement:
    """Compare two runs; each is given as what ``a_run`` takes, its numbers under ``numbers``."""
    runs = []
    for name, told in (("previous/2026Q3/20261120T100000Z", before), ("2026Q3", after)):
        folder = a_run(root / name, *told.pop("numbers"), **told)
        runs.append(PastRun.read(folder))
    return restate(*runs, **options)


def parts(found: Restatement, place: int = 0) -> dict[str, float]:
    """The parts of a number that are not 0; they sum to its change."""
    row = found.numbers.iloc[place]
    assert sum(row[part] for part in PARTS) == row["change"]
    return {part: float(row[part]) for part in PARTS if row[part] != 0}


def never(folder: Path) -> Any:
    raise StorageError("it is not to be opened", where=str(folder))


def test_where_only_the_data_differs_all_of_it_is_data(root: Path) -> None:
    found = compared(root, {"numbers": [number(100)]}, {"numbers": [number(160.5)], "fingerprint": "fb"}, load=never)
    assert parts(found) == {"data": 60.5}
    lost = f"the data of the run of {ENDED} cannot be read: it is not to be opened"
    assert found.notes == (f"Which rows of the data differ cannot be told: {lost}; {lost}.",)


def test_where_only_the_parameters_differ_all_of_it_is_theirs(tmp_path: Path) -> None:
    after = {"numbers": [number(0)], "params": {"as_of": "2026-07-31", "out": "elsewhere", "source": "moved"}}
    found = compared(tmp_path, {"numbers": [number(100)]}, after)
    assert parts(found) == {"params": -100}
    assert found.inputs.values.tolist() == [["params", "as_of", "not set", "2026-07-31"]]


def test_where_only_the_definition_differs_all_of_it_is_its(tmp_path: Path) -> None:
    before = {"numbers": [number(90)], "package": "old", "defined": PRESENT | {"revenue.booked": "other"}}
    found = compared(tmp_path, before, {"numbers": [number(100)]})
    assert parts(found) == {"definition": 10}
    assert found.inputs["input"].tolist() == ["revenue.booked", "the package"]


def test_where_only_other_code_differs_all_of_it_is_code(tmp_path: Path) -> None:
    before = {"numbers": [number(90)], "package": "old", "defined": PRESENT | {"win_rate.closed": "other"}}
    found = compared(tmp_path, before, {"numbers": [number(100)]})
    assert parts(found) == {"code": 10}


def test_a_changed_notebook_is_changed_code_of_its_own_numbers(tmp_path: Path) -> None:
    numbers = [number(100), number(0.5, "win_rate.closed", notebook="02_b")]
    later = [number(90), number(0.6, "win_rate.closed", notebook="02_b")]
    found = compared(
        tmp_path,
        {"numbers": numbers, "notebooks": {"01_a": "n1", "02_b": "n1"}},
        {"numbers": later, "notebooks": {"01_a": "n2", "02_b": "n1"}},
    )
    assert parts(found, 0) == {"undivided": 0.1}
    assert found.numbers["reason"][0] == "no input of the two runs is known to differ"
    assert parts(found, 1) == {"code": -10}


def test_all_four_at_once(root: Path) -> None:
    """Another definition said 40 where the present one says 100; then +60.5 of late data; on 2026-07-31 the first deal
    was open; and the later run's own code said 61.25 where the present one says 60.5."""
    found = compared(
        root,
        {"numbers": [number(40)], "package": "old", "defined": {"revenue.booked": "other"}},
        {"numbers": [number(61.25)], "package": "other", "fingerprint": "fb", "params": {"as_of": "2026-07-31"}},
    )
    assert parts(found) == {"definition": 60, "data": 60.5, "params": -100, "code": 0.75}
    assert found.numbers["change"][0] == Decimal("21.25") == Decimal("60") + Decimal("60.5") - 100 + Decimal("0.75")
    assert found.numbers["reason"][0] == ""


def test_binary_fractions_sum_exactly(root: Path) -> None:
    keep_data(root, "fc", [FIRST, deal("D2", 0.1, "2026-07-15"), deal("D3", 0.2, "2026-09-15")])
    found = compared(
        root,
        {"numbers": [number(100)]},
        {"numbers": [number(100.1)], "fingerprint": "fc", "params": {"as_of": "2026-08-31"}},
    )
    assert parts(found) == {"data": 0.3, "params": -0.2}
    assert found.numbers["change"][0] == Decimal("0.1")


def test_data_and_code_are_told_apart_by_the_earlier_copy_alone_where_the_later_code_is_the_present(root: Path) -> None:
    found = compared(
        root, {"numbers": [number(99)], "package": "old"}, {"numbers": [number(160.5)], "fingerprint": "gone"}
    )
    assert parts(found) == {"code": 1, "data": 60.5}


def test_segments_are_computed_by_their_dimension_and_one_without_rows_is_nothing(root: Path) -> None:
    of = {"by": "rep_id", "segment": "bo"}
    found = compared(
        root,
        {"numbers": [number(0, **of)], "params": {"as_of": "2026-09-30"}},
        {"numbers": [number(60.5, **of)], "fingerprint": "fb", "params": {"as_of": "2026-08-31"}},
    )
    assert parts(found) == {"data": 60.5}


def test_without_a_copy_that_is_needed_nothing_is_guessed(root: Path) -> None:
    found = compared(
        root,
        {"numbers": [number(100)], "fingerprint": "gone", "package": "old"},
        {"numbers": [number(160.5)], "fingerprint": "fb"},
    )
    assert parts(found) == {"undivided": 60.5}
    assert found.numbers["reason"][0] == (
        f"the data and code differ, and the data of the run of {ENDED} is not kept any more, or was kept on another "
        "machine"
    )


def test_the_earlier_copy_is_not_needed_where_the_code_is_the_same(root: Path) -> None:
    found = compared(
        root,
        {"numbers": [number(100)], "fingerprint": "gone", "params": {"as_of": "2026-09-29"}},
        {"numbers": [number(160.5)], "fingerprint": "fb"},
    )
    assert parts(found) == {"data": 60.5}


def test_what_the_same_code_does_not_give_again_is_undivided(root: Path) -> None:
    found = compared(
        root,
        {"numbers": [number(99)]},
        {"numbers": [number(160.5)], "fingerprint": "fb", "params": {"as_of": "2026-08-31"}},
    )
    assert parts(found) == {"undivided": 61.5}
    assert found.numbers["reason"][0] == (
        "the data and parameters differ, and computed again by the same code it is 100 instead of 99"
    )
    assert found.headlines()[-1] == f"Undivided in 1 of the changed numbers: {found.numbers['reason'][0]}."


def test_a_number_that_is_no_kpi_of_the_catalogue_is_undivided_where_more_than_one_input_differs(root: Path) -> None:
    found = compared(
        root,
        {"numbers": [number(1, "forecast.naive")], "package": "old"},
        {"numbers": [number(2, "forecast.naive")], "fingerprint": "fb"},
    )
    assert parts(found) == {"undivided": 1}
    assert "forecast.naive is not in the present catalogue" in found.numbers["reason"][0]


def test_an_old_run_that_does_not_know_its_definitions_or_its_package(root: Path) -> None:
    old = {"package": None, "defined": None}
    found = compared(root, {"numbers": [number(99)], **old}, {"numbers": [number(160.5)], "fingerprint": "fb"})
    assert parts(found) == {"undivided": 1, "data": 60.5}
    assert found.numbers["reason"][0] == (
        "the earlier run does not say what its KPIs are defined by, which changed code may have changed"
    )


def test_numbers_that_appear_and_vanish_have_no_change_and_say_why(tmp_path: Path) -> None:
    found = compared(
        tmp_path,
        {"numbers": [
            number(5), number(0.5, "win_rate.closed"), number(7, by="rep", segment="Ada"),
            number(None, period="2026Q1"),
            number(3, period="2025Q4", notebook="02_b"), number(2, period="2025Q3", notebook="03_c"),
        ], "notebooks": {"01_a": "n1", "02_b": "n1", "03_c": "n1"}},
        {"numbers": [
            number(None, status="needs", reason="needs opportunities"), number(8, by="rep", segment="Bo"),
            number(4, period="2026Q2"), number(None, period="2026Q1"),
        ], "notebooks": {"01_a": "n1", "03_c": "n1"}, "failed": ("03_c",)},
    )  # fmt: skip
    shown = [
        (row.what, row.id, row.period, row.segment, row.reason)
        for row in found.numbers.itertuples()
    ]  # fmt: skip
    assert shown == [
        ("appeared", "revenue", "2026Q3", "Bo", "the earlier run has no such rep"),
        ("appeared", "revenue", "2026Q2", None, "the earlier run does not show it"),
        ("vanished", "revenue", "2026Q3", None, "in the later run: needs opportunities"),
        ("vanished", "win_rate", "2026Q3", None, "the later run does not show it"),
        ("vanished", "revenue", "2026Q3", "Ada", "the later run has no such rep"),
        ("vanished", "revenue", "2025Q4", None, "02_b is not part of the later run"),
        ("vanished", "revenue", "2025Q3", None, "03_c failed in the later run"),
        ("same", "revenue", "2026Q1", None, ""),
    ]
    assert found.numbers["change"].isna().all()
    assert found.headlines()[0] == (
        f"0 of 8 numbers of 2026Q3 changed, 2 appeared and 5 vanished between the run of {ENDED} and that of {ENDED}."
    )


def test_equal_runs_have_nothing_to_say(tmp_path: Path) -> None:
    told = {"numbers": [number(0.1 + 0.2)]}
    found = compared(tmp_path, dict(told), {"numbers": [number(0.3)]})
    assert (len(found.moved), parts(found)) == (0, {})
    assert found.headlines() == [f"None of 1 number of 2026Q3 changed between the run of {ENDED} and that of {ENDED}."]


def test_the_rows_that_moved_a_number_are_named(root: Path) -> None:
    keep_data(root, "fc", [FIRST | {"amount": 110}, LATE, deal("D3", 5, "2026-10-05") | {"created_at": "2026-10-02"}])
    found = compared(root, {"numbers": [number(100)]}, {"numbers": [number(170.5)], "fingerprint": "fc"})
    assert found.tables.values.tolist() == [["opportunities", 1, 3, 2, 1, 0, 1, "amount in 1"]]
    assert found.rows[["what", "key", "detail"]].values.tolist() == [
        ["late", "D2", ""], ["changed", "D1", "amount: 100 to 110"], ["new", "D3", ""],
    ]  # fmt: skip
    assert found.headlines() == [
        f"1 of 1 number of 2026Q3 changed between the run of {ENDED} and that of {ENDED}, by late or changed data.",
        "Bookings moved most, from 100 EUR to 170 EUR (+70.5 EUR) by late or changed data.",
        "opportunities: 2 rows added, 1 of them late, 1 changed (amount in 1).",
    ]


def test_the_largest_relative_change_comes_first(tmp_path: Path) -> None:
    def numbers(*values: float) -> list[dict[str, Any]]:
        return [number(value, period=f"2026-0{place}") for place, value in enumerate(values, 1)]

    found = compared(
        tmp_path, {"numbers": numbers(100, 10, 0, 7)}, {"numbers": numbers(150, 2, 1, 7), "fingerprint": "fb"}
    )
    assert found.numbers["new"].tolist() == [1, 2, 150, 7]
    assert found.numbers["relative"].tolist()[1:] == [-0.8, 0.5, 0]


def test_only_one_kpi(tmp_path: Path) -> None:
    numbers = [number(100), number(0.5, "win_rate.closed")]
    found = compared(tmp_path, {"numbers": numbers}, {"numbers": numbers}, kpi="win_rate")
    assert found.numbers["id"].tolist() == ["win_rate"]
    runs = [PastRun.read(tmp_path / name) for name in ("previous/2026Q3/20261120T100000Z", "2026Q3")]
    with pytest.raises(UnknownKpi, match="did you mean 'win_rate'"):
        restate(*runs, kpi="winrate")


def test_a_copy_that_is_a_link_is_refused_and_one_that_is_broken_is_missing(root: Path, tmp_path: Path) -> None:
    before = {"numbers": [number(90)], "package": "old", "fingerprint": "broken"}
    (root / ".data" / "broken").mkdir()
    found = compared(root, before, {"numbers": [number(160.5)], "fingerprint": "fb"})
    assert parts(found) == {"undivided": 70.5}
    assert "cannot be read: there is no stored book" in found.numbers["reason"][0]
    (root / ".data" / "broken").rmdir()
    (root / ".data" / "broken").symlink_to(root / ".data" / "fa", target_is_directory=True)
    runs = [PastRun.read(root / name) for name in ("previous/2026Q3/20261120T100000Z", "2026Q3")]
    with pytest.raises(RefusedForSafety, match="link"):
        restate(*runs)


def test_a_copy_of_other_data_than_its_name_says_is_not_used(root: Path) -> None:
    (root / ".data" / "fa").rename(root / ".data" / "fx")
    before = {"numbers": [number(90)], "package": "old", "fingerprint": "fx"}
    found = compared(root, before, {"numbers": [number(160.5)], "fingerprint": "fb"})
    assert "is not what was kept under its name" in found.numbers["reason"][0]
