"""Can we trust the numbers: every row accounted for, and what is missing priced in KPIs."""

from __future__ import annotations

import datetime as dtm
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import ibis
import pandas as pd
import pytest

from salesnb.analysis.health import Health, health
from salesnb.data.book import Audit, Book
from salesnb.data.load import open_book
from salesnb.kpis import registry
from salesnb.periods import Period
from tests.analysis.conftest import DEALS, book

ROOT = Path(__file__).resolve().parents[2]
PERIOD = Period.parse("2026Q3")


def audited(read: int = 10, used: int = 8, rejected: int = 2, money_read: str = "100.00") -> Book:
    """A book of 14 deals with an audit of its own."""
    rejects = pd.DataFrame(
        [
            ("opportunities", "deals.csv", i, "amount", f"x{i}", "unreadable", "rejected", "the amount is not a number")
            for i in (3, 9)
        ]
        + [("opportunities", "deals.csv", 4, "stage", "", "no_stage", "flagged", "stage is empty")],
        columns=["table", "file", "row", "column", "value", "rule", "action", "reason"],
    )
    audit = Audit(
        pd.DataFrame(
            [("opportunities", read, used, rejected, 1)], columns=["table", "read", "used", "rejected", "flagged"]
        ),
        pd.DataFrame(
            [("opportunities", "", Decimal(money_read), Decimal("90.00"), Decimal("10.00"), 2)],
            columns=["table", "currency", "read", "used", "rejected", "unreadable"],
        ),
        pd.DataFrame(
            [
                ("opportunities", "no_stage", "flagged", "stage", 1, 5.0, "", "stage is empty", "fill in stage"),
                (
                    "opportunities",
                    "unreadable",
                    "rejected",
                    "amount",
                    2,
                    None,
                    "x3",
                    "the amount is not a number",
                    "mend it",
                ),
            ],
            columns=["table", "rule", "action", "column", "rows", "money", "example", "reason", "mend"],
        ),
        ibis.memtable(rejects),
        ("deals.csv: read as UTF-8",),
    )
    return replace(book(opportunities=DEALS), audit=audit, name="deals", fingerprint="f00")


@pytest.fixture(scope="module")
def found() -> Health:
    return health(audited(), PERIOD, examples=1)


def test_rows_and_money_are_accounted_for(found: Health) -> None:
    assert found.ties
    assert found.tables.to_dict("records") == [
        {"table": "opportunities", "a_row_is": "a deal as it is now", "read": 10, "used": 8, "rejected": 2,
         "flagged": 1, "rejected_share": 0.2, "ties": True}
    ]  # fmt: skip
    assert found.money[["currency", "ties"]].to_numpy().tolist() == [["USD", True]]
    assert found.headlines()[:2] == [
        "Of 10 rows read from 1 table, 8 are used and 2 (20.0 %) are rejected; 1 of those used has a flag.",
        "Nothing is unaccounted for: read = used + rejected in every table, in rows and money to the cent.",
    ]


@pytest.mark.parametrize(
    ("source", "what"),
    [
        (audited(used=7), "rows of opportunities"),
        (audited(money_read="100.01"), "money of opportunities"),
        (audited(used=7, money_read="99.00"), "rows of opportunities and money of opportunities"),
    ],
)
def test_what_does_not_tie_is_shouted(source: Book, what: str) -> None:
    told = health(source, PERIOD)
    assert not told.ties
    assert told.headlines()[1] == f"Do not trust these numbers: read is not used + rejected in {what}."


def test_broken_rules_come_rejected_first_with_their_share(found: Health) -> None:
    assert found.problems[["rule", "rows", "share"]].to_numpy().tolist() == [
        ["unreadable", 2, 0.2],
        ["no_stage", 1, 0.1],
    ]
    assert found.headlines()[2:4] == [
        "Opportunities: 2 rows (20.0 %) not used because the amount is not a number, for example 'x3'.",
        "Opportunities: 1 row (10.0 %) used, but flagged, because stage is empty.",
    ]


def test_the_first_rows_of_each_rule_are_shown(found: Health) -> None:
    assert found.offenders[["rule", "row", "value"]].to_numpy().tolist() == [
        ["no_stage", 4, ""],
        ["unreadable", 3, "x3"],
    ]
    assert len(health(audited(), PERIOD, examples=5).offenders) == 3


def test_what_is_missing_costs_kpis(found: Health) -> None:
    costs = dict(zip(found.absent["needs"], found.absent["kpis"], strict=True))
    assert "gross_margin.ratio" in costs["orders.cost"]
    assert found.kpi_count == len(registry.all_kpis())
    one = audited()
    lost = [e.name for e in registry.all_kpis() if (registry.compute(one, e, PERIOD)["status"] == "needs").any()]
    assert sorted({name for names in costs.values() for name in names}) == sorted(lost)
    assert found.lost_count == len(lost)
    assert found.absent.set_index("needs").loc["orders.cost", "meaning"] == "what it cost the seller"


def test_no_change_log_is_said(found: Health) -> None:
    assert found.headlines()[-1].startswith("No change log: ")


def test_numbers_are_the_account(found: Health) -> None:
    rows = found.numbers()
    assert rows[["id", "variant", "segment", "value"]].to_numpy().tolist() == [
        ["rows", "read", "opportunities", 10], ["rows", "used", "opportunities", 8],
        ["rows", "rejected", "opportunities", 2], ["rows", "flagged", "opportunities", 1],
        ["money", "read", "opportunities USD", 100], ["money", "used", "opportunities USD", 90],
        ["money", "rejected", "opportunities USD", 10],
    ]  # fmt: skip


def test_a_book_without_rows_and_one_without_tables() -> None:
    none = health(
        Book.of({"opportunities": pd.DataFrame(columns=["opportunity_id"])}, as_of=dtm.date(2026, 1, 1)), PERIOD
    )
    assert none.headlines()[0] == "1 table and not one row."
    bare = health(Book.of({}, as_of=dtm.date(2026, 1, 1)), PERIOD)
    assert bare.headlines()[0] == "The source has no table of the contract."
    assert bare.lost_count == bare.kpi_count


def test_maven_has_the_faults_that_others_found(shared_data: Path) -> None:
    found = health(open_book(ROOT / "params" / "sources" / "maven.yml"), Period.parse("2017Q4"))
    assert found.ties
    assert sorted(found.problems["rows"]) == [500, 1425, 1480]
    assert any("1,480 rows" in sentence and "GTXPro" in sentence for sentence in found.headlines())
