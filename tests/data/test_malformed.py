"""What is wrong with a source: refused with what, where and how to mend it, or listed row by row and never lost."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import pytest

from salesnb.errors import ContractError, MappingError, RefusedForSafety, SalesnbError, SourceError

COLUMNS = {
    "opportunity_id": "id",
    "amount": "amount",
    "outcome": "outcome",
    "created_at": "made",
    "closed_on": "closed",
}
DEALS: dict[str, Any] = {"from": "deals.csv", "columns": COLUMNS}
ISO = {"date_format": "%Y-%m-%d", "decimal": ".", "tables": {"opportunities": DEALS}}
HEAD = "id,amount,outcome,made,closed\n"
GOOD = HEAD + "1,100,won,2026-01-01,2026-02-01\n"


def mapped(**changes: Any) -> dict[str, Any]:
    """The mapping of a deals file, with a table's words (``deals``), its columns or the file's own words changed."""
    mapping = copy.deepcopy(ISO)
    deals = changes.pop("deals", {})
    columns = changes.pop("columns", {})
    tables = changes.pop("tables", {})
    mapping["tables"]["opportunities"].update(deals)
    mapping["tables"]["opportunities"]["columns"].update(columns)
    mapping["tables"].update(tables)
    mapping.update(changes)
    return {word: value for word, value in mapping.items() if value is not None}


CURRENCY = mapped(currency="USD", columns={"currency": "currency"})
TWO = mapped(tables={"orders": {"from": "orders.csv", "columns": {"order_line_id": "line", "ordered_at": "day"}}})
LOOKUP = {"from": "products.csv", "on": {"outcome": "word"}, "take": {"listed": "price"}}

REFUSED: dict[str, tuple[dict[str, str | bytes], dict[str, Any] | None, type[SalesnbError], str, str, str]] = {
    "cp1252 or another one-byte encoding": (
        {"deals.csv": HEAD.encode() + b"1,100,won,2026-01-01,2026-02-01\nM\x9fller,1,won,2026-01-01,2026-02-01\n"},
        mapped(),
        SourceError,
        "encoding",
        "deals.csv",
        "encoding",
    ),
    "bytes that are not the encoding named": (
        {"deals.csv": GOOD.encode() + b"\xff,1,won,2026-01-01,2026-02-01\n"},
        mapped(encoding="utf-8"),
        SourceError,
        "byte ff is not UTF-8",
        "deals.csv: line 3",
        "encoding",
    ),
    "an encoding that does not exist": (
        {"deals.csv": GOOD},
        mapped(encoding="utf-99"),
        ContractError,
        "utf-99",
        "",
        "",
    ),
    "dates of two orders": (
        {"deals.csv": HEAD + "1,1,won,2026-01-01,01/02/2026\n"},
        mapped(date_format=None),
        ContractError,
        "'01/02/2026' could be %d/%m/%Y or %m/%d/%Y, and no value decides",
        "deals.csv, column closed",
        "date_format",
    ),
    "dates that flip inside a column": (
        {"deals.csv": HEAD + "1,1,won,2026-01-01,13/02/2026\n2,1,won,2026-01-01,02/14/2026\n"},
        mapped(date_format=None),
        ContractError,
        "'13/02/2026' is only %d/%m/%Y but '02/14/2026' is only %m/%d/%Y",
        "deals.csv, column closed",
        "date_format",
    ),
    "dates with two-digit years": (
        {"deals.csv": HEAD + "1,1,won,2026-01-01,01/02/03\n"},
        mapped(date_format=None),
        ContractError,
        "'01/02/03'",
        "column closed",
        "date_format",
    ),
    "numbers with one mark": (
        {"deals.csv": HEAD + '1,"1,234",won,2026-01-01,2026-02-01\n'},
        mapped(decimal=None),
        ContractError,
        "'1,234' could have a thousands mark or a decimal mark",
        "deals.csv, column amount",
        "decimal and thousands",
    ),
    "decimal marks of two kinds": (
        {"deals.csv": HEAD + '1,"1,25",won,2026-01-01,2026-02-01\n2,1.25,won,2026-01-01,2026-02-01\n'},
        mapped(decimal=None),
        ContractError,
        "mixes decimal marks: '1.25' has a point, '1,25' a comma",
        "column amount",
        "decimal",
    ),
    "a column that is not there": (
        {"deals.csv": GOOD},
        mapped(columns={"stage": "stge"}),
        MappingError,
        "no column 'stge'",
        "deals.csv",
        "as the file",
    ),
    "a column that nearly is there": (
        {"deals.csv": GOOD},
        mapped(columns={"stage": "outcom"}),
        MappingError,
        "no column 'outcom', which tables.opportunities.columns.stage names",
        "deals.csv",
        "did you mean 'outcome'?",
    ),
    "a required column not mapped": (
        {"deals.csv": GOOD},
        {**ISO, "tables": {"opportunities": {"from": "deals.csv", "columns": {"opportunity_id": "id"}}}},
        MappingError,
        "opportunities needs outcome, and the mapping does not give it",
        "deals.csv",
        "tables.opportunities.columns",
    ),
    "a misspelt word of the mapping": (
        {"deals.csv": GOOD},
        mapped(date_fromat="%Y-%m-%d"),
        MappingError,
        "unknown word 'date_fromat'; did you mean 'date_format'?",
        "mapping.yml",
        "docs/mapping.md",
    ),
    "a misspelt word of a column": (
        {"deals.csv": GOOD},
        mapped(columns={"stage": {"from": "outcome", "otherwis": "b"}}),
        MappingError,
        "columns.stage.otherwis: unknown word 'otherwis'; did you mean 'otherwise'?",
        "mapping.yml",
        "docs/mapping.md",
    ),
    "an unknown table": (
        {"deals.csv": GOOD},
        {"tables": {"oportunities": DEALS}},
        MappingError,
        "no table 'oportunities' in the contract: did you mean 'opportunities'?",
        "mapping.yml",
        "docs/mapping.md",
    ),
    "an unknown column of the contract": (
        {"deals.csv": GOOD},
        mapped(columns={"amont": "amount"}),
        MappingError,
        "opportunities has no column 'amont'; did you mean 'amount'?",
        "mapping.yml",
        "docs/mapping.md",
    ),
    "an unknown preset": (
        {"deals.csv": GOOD},
        {"preset": "salesfroce"},
        MappingError,
        "preset",
        "mapping.yml",
        "docs/mapping.md",
    ),
    "a preset's file named by the mapping and not there": (
        {"opportunity.csv": "Id,StageName\n1,Closed Won\n"},
        {"preset": "salesforce", "tables": {"opportunities": {"from": "deels.csv"}}},
        SourceError,
        "there is no 'deels.csv'",
        ".",
        "known",
    ),
    "a preset of another system": (
        {"deals.csv": GOOD},
        {"preset": "salesforce"},
        ContractError,
        "no table of the contract could be found",
        ".",
        "map at least opportunities or orders",
    ),
    "two origins of one column": (
        {"deals.csv": GOOD},
        mapped(columns={"stage": {"from": "outcome", "value": "x"}}),
        MappingError,
        "give exactly one of from, any_of",
        "mapping.yml",
        "docs/mapping.md",
    ),
    "a date format that is none": (
        {"deals.csv": GOOD},
        mapped(date_format="%Q/%m"),
        MappingError,
        "date_format: '%Q' is not one of %Y %y %m %d %b %B",
        "mapping.yml",
        "correct these lines",
    ),
    "a time zone that is none": (
        {"deals.csv": GOOD},
        mapped(time_zone="Europe/Pariss"),
        MappingError,
        "time_zone: 'Europe/Pariss' is not a time zone; write it as Europe/Paris",
        "mapping.yml",
        "correct these lines",
    ),
    "a column's time zone that is none": (
        {"deals.csv": GOOD},
        mapped(columns={"created_at": {"from": "made", "times_in": "Mars"}}),
        MappingError,
        "'Mars' is not a time zone",
        "mapping.yml",
        "correct these lines",
    ),
    "a currency that is none": (
        {"deals.csv": GOOD},
        mapped(currency="dollars"),
        MappingError,
        "currency",
        "mapping.yml",
        "correct these lines",
    ),
    "one mark for two things": (
        {"deals.csv": GOOD},
        mapped(decimal=",", thousands=","),
        MappingError,
        "decimal and thousands cannot be the same mark",
        "mapping.yml",
        "correct these lines",
    ),
    "four words wrong at once": (
        {"deals.csv": GOOD},
        mapped(currency="dollars", time_zone="Mars", colour="red", date_format="%Q"),
        MappingError,
        "the mapping has 4 problems",
        "mapping.yml",
        "correct these lines",
    ),
    "a password in the address": (
        {"deals.csv": GOOD},
        {"location": "postgresql://me:secret@127.0.0.1/crm", "tables": {"opportunities": DEALS}},
        RefusedForSafety,
        "the database's address holds a password",
        "source",
        "env:NAME",
    ),
    "a password given itself": (
        {"deals.csv": GOOD},
        {"location": "postgresql://me@127.0.0.1/crm", "password": "secret"},
        RefusedForSafety,
        "the password was given itself",
        "password",
        "env:NAME",
    ),
    "a location by reference that is not set": (
        {"deals.csv": GOOD},
        {"location": "env:SALESNB_NO_SUCH_PLACE"},
        MappingError,
        "the environment variable SALESNB_NO_SUCH_PLACE is not set",
        "location",
        "set SALESNB_NO_SUCH_PLACE",
    ),
    "a file that is not there": (
        {"deals.csv": GOOD},
        mapped(deals={"from": "deal.csv"}),
        SourceError,
        "there is no 'deal.csv'",
        ".",
        "did you mean 'deals.csv'?",
    ),
    "a folder that is not there": (
        {"deals.csv": GOOD},
        mapped(location="exprots"),
        SourceError,
        "there is no 'exprots'",
        "",
        "",
    ),
    "a file that leads out of the folder": (
        {"deals.csv": GOOD},
        mapped(deals={"from": "../../etc/passwd"}),
        RefusedForSafety,
        "leads out",
        ".",
        "in the folder",
    ),
    "an empty file": ({"deals.csv": ""}, mapped(), SourceError, "empty", "deals.csv", ""),
    "another delimiter than said": (
        {"deals.csv": GOOD},
        mapped(delimiter=";"),
        MappingError,
        "deals.csv: no column 'amount'",
        ".",
        "the whole first line was read as one name: give the file's delimiter",
    ),
    "a delimiter that is none": (
        {"deals.csv": GOOD},
        mapped(delimiter="#"),
        MappingError,
        "'#'",
        "delimiter",
        "whitespace",
    ),
    "a column name given twice": (
        {"deals.csv": "id,amount,amount,outcome,made,closed\n1,1,2,won,2026-01-01,2026-02-01\n"},
        mapped(),
        SourceError,
        "column name given twice: 'amount'",
        "deals.csv",
        "header",
    ),
    "no header line": (
        {"deals.csv": "1,100,2026-01-01,2026-02-01\n"},
        mapped(),
        SourceError,
        "looks like a row",
        "deals.csv",
        "header",
    ),
    "a look-up with a key twice": (
        {"deals.csv": GOOD, "products.csv": "word,price\nwon,1\nwon,2\n"},
        mapped(deals={"joins": [LOOKUP]}),
        ContractError,
        "the look-up has 'won' more than once",
        "products.csv, column word",
        "keep one row a key",
    ),
    "a look-up on a column that is not there": (
        {"deals.csv": GOOD, "products.csv": "word,price\nwon,1\n"},
        mapped(deals={"joins": [{**LOOKUP, "on": {"product": "word"}}]}),
        MappingError,
        "no column 'product', which a look-up names",
        "deals.csv",
        "known:",
    ),
    "a look-up that takes a name there is": (
        {"deals.csv": GOOD, "products.csv": "word,price\nwon,1\n"},
        mapped(deals={"joins": [{**LOOKUP, "take": {"amount": "price"}}]}),
        MappingError,
        "the look-up takes 'amount', and the file has a column of that name",
        "deals.csv",
        "another name",
    ),
    "a filter on a column that is not there": (
        {"deals.csv": GOOD},
        mapped(deals={"filter": {"region": "EU"}}),
        MappingError,
        "no column 'region', which filter",
        "deals.csv",
        "known:",
    ),
    "two tables wrong at once": (
        {"deals.csv": GOOD, "orders.csv": "lin,day\n1,01/02/2026\n"},
        {
            **TWO,
            "date_format": None,
            "tables": {
                **TWO["tables"],
                "opportunities": {**DEALS, "columns": {**COLUMNS, "stage": "stge", "product": "prod"}},
            },
        },
        MappingError,
        "4 problems:\n"
        "  - deals.csv: no column 'prod', which tables.opportunities.columns.product names\n"
        "  - deals.csv: no column 'stge', which tables.opportunities.columns.stage names\n"
        "  - orders.csv, column day: a column that can be read in more than one way: '01/02/2026' could be",
        ".",
        "date_format",
    ),
    "no date at all": (
        {"deals.csv": HEAD + "1,100,open,,\n"},
        mapped(),
        ContractError,
        "no row has a date",
        "opportunities",
        "as_of",
    ),
    "no rows at all": ({"deals.csv": HEAD}, mapped(), ContractError, "no row has a date", "opportunities", "as_of"),
    "nothing named as the contract": (
        {"things.csv": "a,b\nx,y\n"},
        None,
        MappingError,
        "no file or table here is named as the contract names them (found things.csv)",
        "",
        "write a mapping",
    ),
    "two files named as one table": (
        {
            "orders.csv": "order_line_id,ordered_at\n1,2026-01-01\n",
            "Orders.txt": "order_line_id,ordered_at\n2,2026-01-02\n",
        },
        None,
        MappingError,
        "Orders.txt and orders.csv are both named as orders",
        "",
        "take one of them away",
    ),
    "a file named as a table without its key": (
        {"orders.csv": "order_line_id,product\n1,x\n"},
        None,
        MappingError,
        "orders.csv is named as orders, but has no column ordered_at",
        "",
        "data-contract.md",
    ),
    "a change log without the deal": (
        {"deals.csv": GOOD, "log.csv": "who,when,stage\n1,2026-01-01,New\n"},
        mapped(
            tables={
                "opportunity_events": {
                    "from": "log.csv",
                    "changes": {"deal": "deal", "at": "when", "fields": {"stage": "stage"}},
                }
            }
        ),
        MappingError,
        "no column for the deal (deal)",
        "log.csv",
        "known:",
    ),
    "a field that a change log does not keep": (
        {"deals.csv": GOOD},
        mapped(
            tables={
                "opportunity_events": {
                    "from": "log.csv",
                    "changes": {"deal": "deal", "at": "when", "fields": {"stag": "stage"}},
                }
            }
        ),
        MappingError,
        "'stag' is not a field that a change log keeps: did you mean 'stage'?",
        "mapping.yml",
        "",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case, opened):
    files, mapping, kind, what, where, mend = REFUSED[case]
    with pytest.raises(kind) as caught:
        opened(files, mapping)
    error = caught.value
    assert type(error).__module__ == "salesnb.errors"
    assert what in error.what
    assert where in error.where
    assert mend in error.mend
    assert error.where
    assert error.mend
    assert "secret" not in str(error).replace("env:NAME", "")


def accounted(book: Any) -> None:
    """Read = used + rejected, for the rows of every table and for the money of every currency."""
    counts, money = book.audit.reconciliation, book.audit.money
    assert (counts["read"] == counts["used"] + counts["rejected"]).all()
    assert (money["read"] == money["used"] + money["rejected"]).all()
    for name, used in zip(counts["table"], counts["used"], strict=True):
        assert book.tables[name].count().execute() == used


def rejects(book: Any) -> list[tuple[Any, ...]]:
    frame = book.rejects.order_by(["table", "file", "row", "rule"]).execute()
    frame = frame.astype(object).where(frame.notna(), None)
    return [tuple(row) for row in frame[["file", "row", "column", "value", "rule", "action"]].itertuples(index=False)]


LINE = "1,100,won,2026-01-01,2026-02-01\n"
F = "deals.csv"
LISTED: dict[str, tuple[str, dict[str, Any], list[tuple[Any, ...]]]] = {
    "an id given twice": (
        LINE + "1,70,won,2026-01-01,2026-02-01\n",
        {},
        [(F, 2, "id", "1", "duplicate_opportunity_id", "rejected")],
    ),
    "ids that are one number and two texts": (LINE + "01,70,won,2026-01-01,2026-02-01\n", {}, []),
    "an id twice whose first row is unusable": (
        "1,abc,won,2026-01-01,2026-02-01\n1,70,won,2026-01-01,2026-02-01\n",
        {},
        [(F, 1, "amount", "abc", "unreadable_amount", "rejected")],
    ),
    "no id": (LINE + ",70,won,2026-01-01,2026-02-01\n", {}, [(F, 2, "id", None, "missing_opportunity_id", "rejected")]),
    "an unknown outcome": (
        LINE + "2,70,Frozen,2026-01-01,2026-02-01\n",
        {},
        [(F, 2, "outcome", "Frozen", "unknown_outcome", "rejected")],
    ),
    "no outcome": (
        LINE + "2,70,,2026-01-01,2026-02-01\n",
        {},
        [(F, 2, "outcome", None, "missing_outcome", "rejected")],
    ),
    "won without a close date": (
        LINE + "2,70,won,2026-01-01,\n",
        {},
        [(F, 2, "closed", None, "closed_without_date", "rejected")],
    ),
    "open with a close date": (
        LINE + "2,70,open,2026-01-01,2026-01-20\n",
        {},
        [(F, 2, "closed", "2026-01-20", "open_with_close_date", "repaired")],
    ),
    "closed before it was created": (
        LINE + "2,70,lost,2026-01-20,2026-01-10\n",
        {},
        [(F, 2, "closed", "2026-01-10", "closed_on_before_created_at", "flagged")],
    ),
    "closed in the future": (
        LINE + "2,70,won,2026-01-20,2027-01-10\n",
        {},
        [(F, 2, "closed", "2027-01-10", "future_closed_on", "rejected")],
    ),
    "an id twice whose first row is in the future": (
        "1,5,won,2026-01-01,2027-02-01\n" + LINE + "2,5,won,2026-01-01,2026-02-01\n",
        {},
        [(F, 1, "closed", "2027-02-01", "future_closed_on", "rejected")],
    ),
    "an amount that is none": (
        LINE + "2,about 70,won,2026-01-20,2026-01-30\n",
        {},
        [(F, 2, "amount", "about 70", "unreadable_amount", "rejected")],
    ),
    "an amount beyond ten trillion": (
        LINE + "2,99999999999999,won,2026-01-20,2026-01-30\n",
        {},
        [(F, 2, "amount", "99999999999999", "unreadable_amount", "rejected")],
    ),
    "an amount below zero": (
        LINE + "2,-70,won,2026-01-20,2026-01-30\n",
        {},
        [(F, 2, "amount", "-70", "negative_amount", "flagged")],
    ),
    "won for nothing written": (
        LINE + "2,,won,2026-01-20,2026-01-30\n",
        {},
        [(F, 2, "amount", None, "won_without_amount", "flagged")],
    ),
    "a date that the calendar has not": (
        LINE + "2,70,won,2026-01-20,2026-02-30\n",
        {},
        [
            (F, 2, "closed", "2026-02-30", "closed_on_unusable", "rejected"),
            (F, 2, "closed", "2026-02-30", "unreadable_closed_on", "flagged"),
        ],
    ),
    "a date in another order than said": (
        LINE + "2,70,won,20/01/2026,2026-01-30\n",
        {},
        [(F, 2, "made", "20/01/2026", "unreadable_created_at", "flagged")],
    ),
    "a formula": (
        LINE + "2,=1+1,won,2026-01-20,2026-01-30\n",
        {},
        [(F, 2, "amount", "=1+1", "unreadable_amount", "rejected")],
    ),
    "a formula in a text": (
        LINE + "=cmd|x,70,won,2026-01-20,2026-01-30\n",
        {},
        [],
    ),
    "a line with a field too few": (
        LINE + "2,70,won\n",
        {},
        [(F, 2, "", "2,70,won", "malformed_line", "rejected")],
    ),
    "a line with a field too many": (
        LINE + "2,70,won,2026-01-20,2026-01-30,x\n",
        {},
        [(F, 2, "", "2,70,won,2026-01-20,2026-01-30,x", "malformed_line", "rejected")],
    ),
    "words for nothing": (
        LINE + "2,n/a,open,2026-01-20,n/a\n",
        {"nulls": ["n/a"]},
        [],
    ),
}


@pytest.mark.parametrize("case", LISTED)
def test_listed(case, opened):
    lines, words, wanted = LISTED[case]
    book = opened({F: HEAD + lines}, mapped(**words))
    assert rejects(book) == wanted
    accounted(book)
    assert all(book.rejects.execute()["reason"].str.len() > 10)
    problems = book.audit.problems
    assert sorted(problems["rule"]) == sorted({row[4] for row in wanted})
    assert (problems["mend"].str.len() > 5).all()


def one(book: Any, table: str, column: str) -> list[Any]:
    """The values of a column of the used rows, in their order."""
    frame = book.tables[table].select(column).execute()[column]
    return sorted((None if value is None or value != value else value for value in frame), key=str)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings_that_say_themselves(encoding, opened):
    content = "\ufeff" + HEAD if encoding.startswith("utf-16-") else HEAD
    book = opened({F: (content + "Müller 東京,1,won,2026-01-01,2026-02-01\n").encode(encoding)}, mapped())
    assert one(book, "opportunities", "opportunity_id") == ["Müller 東京"]


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "cp850"])
def test_encodings_that_must_be_named(encoding, opened):
    content = {F: (HEAD + "café,1,won,2026-01-01,2026-02-01\n").encode(encoding)}
    book = opened(content, mapped(encoding=encoding))
    assert one(book, "opportunities", "opportunity_id") == ["café"]


def test_ids_stay_as_written(opened):
    book = opened({F: HEAD + "007,1,won,2026-01-01,2026-02-01\n1e3,1,won,2026-01-01,2026-02-01\n"}, mapped())
    assert one(book, "opportunities", "opportunity_id") == ["007", "1e3"]


def test_currencies(opened):
    lines = [
        "1,100,won,2026-01-01,2026-02-01,USD",
        "2,100,won,2026-01-01,2026-02-01,eur",
        "3,100,won,2026-01-01,2026-02-01,GBP",
        "4,100,won,2026-01-01,2026-02-01,",
        "5,,won,2026-01-01,2026-02-01,GBP",
    ]
    rates = {"fx_rates": {"from": "rates.csv", "columns": {"on": "day", "currency": "code", "rate": "rate"}}}
    book = opened(
        {F: HEAD.replace("\n", ",currency\n") + "\n".join(lines), "rates.csv": "day,code,rate\n2026-01-31,EUR,1.25\n"},
        {**CURRENCY, "tables": {**CURRENCY["tables"], **rates}},
    )
    assert rejects(book) == [
        (F, 3, "currency", "GBP", "no_rate", "rejected"),
        (F, 5, "amount", None, "won_without_amount", "flagged"),
    ]
    accounted(book)
    assert one(book, "opportunities", "amount") == [Decimal("100.0000"), Decimal("100.0000"), Decimal("125.0000"), None]
    money = book.audit.money.set_index("currency")[["read", "used", "rejected"]].astype(float)
    assert money.loc["USD"].tolist() == [200, 200, 0]
    assert money.loc["EUR"].tolist() == [100, 100, 0]
    assert money.loc["GBP"].tolist() == [100, 0, 100]


def test_a_mix_of_currencies_and_no_rate_at_all(opened):
    book = opened(
        {
            F: HEAD.replace("\n", ",currency\n")
            + "1,5,won,2026-01-01,2026-02-01,EUR\n2,7,won,2026-01-01,2026-02-01,USD\n"
        },
        CURRENCY,
    )
    assert rejects(book) == [(F, 1, "currency", "EUR", "no_rate", "rejected")]
    accounted(book)


@pytest.mark.parametrize(
    ("unknown", "action", "used"), [("flag", "flagged", 2), ("reject", "rejected", 1), ("ignore", None, 2)]
)
def test_look_ups(unknown, action, used, opened):
    files = {F: HEAD + LINE + "2,5,Lost,2026-01-01,2026-02-01\n", "products.csv": "word,price\nwon,1\n"}
    book = opened(files, mapped(deals={"joins": [{**LOOKUP, "unknown": unknown}]}))
    expected = [(F, 2, "outcome", "Lost", "unknown_in_products", action)] if action else []
    assert rejects(book) == expected
    assert len(one(book, "opportunities", "opportunity_id")) == used
    accounted(book)


def test_two_look_ups_of_one_file(opened):
    files = {F: HEAD + LINE, "products.csv": "word,price\nwon,1\n2026-01-01,3\n"}
    joins = [LOOKUP, {**LOOKUP, "on": {"closed": "word"}, "take": {"other": "price"}}]
    book = opened(files, mapped(deals={"joins": joins}))
    assert rejects(book) == [(F, 1, "closed", "2026-02-01", "unknown_in_products_by_closed", "flagged")]


def test_look_ups_of_two_parts(opened):
    part = {**DEALS, "joins": [LOOKUP]}
    files = {
        F: HEAD + LINE,
        "more.csv": HEAD + "2,5,lost,2026-01-01,2026-02-01\n",
        "products.csv": "word,price\nwon,1\n",
    }
    book = opened(files, {**ISO, "tables": {"opportunities": [part, {**part, "from": "more.csv"}]}})
    assert [row[:2] + row[5:] for row in rejects(book)] == [("more.csv", 1, "flagged")]
    accounted(book)


OTHERS: dict[str, tuple[str, str, list[tuple[Any, ...]]]] = {
    "subscriptions that end before they start": (
        "subscriptions",
        "subscription_id,started_on,ended_on,mrr\n1,2026-01-01,2026-02-01,5\n2,2026-02-01,2026-01-01,7\n",
        [(2, "ended_on", "2026-01-01", "ended_on_before_started_on", "rejected")],
    ),
    "a subscription without a start": (
        "subscriptions",
        "subscription_id,started_on,mrr\n1,2026-01-01,5\n2,,7\n",
        [(2, "started_on", None, "missing_started_on", "rejected")],
    ),
    "marks out of their scale": (
        "feedback",
        "response_id,responded_on,nps,csat\n1,2026-01-01,11,5\n2,2026-01-01,10,0\n3,2026-01-01,7.5,\n",
        [
            (1, "nps", "11", "unreadable_nps", "flagged"),
            (2, "csat", "0", "unreadable_csat", "flagged"),
            (3, "nps", "7.5", "unreadable_nps", "flagged"),
        ],
    ),
    "minutes below zero": (
        "activities",
        "activity_id,happened_at,minutes\n1,2026-01-01 09:00,-5\n",
        [(1, "minutes", "-5", "unreadable_minutes", "flagged")],
    ),
    "quotas of nobody, without an amount, backwards": (
        "quotas",
        "rep_id,team,starts_on,ends_on,amount\n,,2026-01-01,2026-03-31,5\nA,,2026-01-01,2026-03-31,\n"
        "A,,2026-04-01,2026-03-31,5\nA,,2026-01-01,2026-03-31,5\n",
        [
            (1, "rep_id", None, "nobody", "rejected"),
            (2, "amount", None, "missing_amount", "rejected"),
            (3, "ends_on", "2026-03-31", "ends_on_before_starts_on", "rejected"),
        ],
    ),
    "returns with a positive amount": (
        "orders",
        "order_line_id,ordered_at,amount,is_return,account_id\n1,2026-01-01,-5,yes,A\n2,2026-01-02,7,yes,A\n"
        "3,2026-01-02,9,perhaps,\n",
        [
            (2, "amount", "7", "return_with_positive_amount", "repaired"),
            (3, "account_id", None, "no_account_id", "flagged"),
            (3, "is_return", "perhaps", "unreadable_is_return", "flagged"),
        ],
    ),
    "a discount of two hundred per cent": (
        "quotes",
        "quote_id,created_at,sent_at,discount\n1,2026-01-02,2026-01-01,2\n",
        [
            (1, "sent_at", "2026-01-01", "sent_at_before_created_at", "flagged"),
            (1, "discount", "2", "unreadable_discount", "flagged"),
        ],
    ),
    "calls for no period, and for a fiscal one": (
        "forecast_calls",
        "as_of,period,rep_id,category,amount\n2026-01-01,soon,A,commit,5\n2026-01-01,FY26Q1,A,commit,5\n",
        [(1, "period", "soon", "unreadable_period", "rejected")],
    ),
    "a benchmark that ends before it starts, and one without its number": (
        "benchmarks",
        "name,starts_on,ends_on,value\na,2026-02-01,2026-01-01,2\na,2026-01-01,2026-01-31,many\n",
        [
            (1, "ends_on", "2026-01-01", "ends_on_before_starts_on", "rejected"),
            (2, "value", "many", "unreadable_value", "rejected"),
        ],
    ),
    "calls of nobody, of an unknown kind": (
        "forecast_calls",
        "as_of,period,rep_id,team,category,amount\n2026-01-01,2026Q1,,,commit,5\n2026-01-01,2026Q1,A,,maybe,5\n",
        [(1, "rep_id", None, "nobody", "rejected"), (2, "category", "maybe", "unknown_category", "rejected")],
    ),
}


@pytest.mark.parametrize("case", OTHERS)
def test_other_tables(case, opened):
    table, content, wanted = OTHERS[case]
    as_of = {"as_of": "2026-12-31"}
    header = content.split("\n", 1)[0].split(",")
    book = opened(
        {f"{table}.csv": content},
        {**as_of, "tables": {table: {"from": f"{table}.csv", "columns": {name: name for name in header}}}},
    )
    assert rejects(book) == [(f"{table}.csv", *row) for row in wanted]
    accounted(book)


def test_a_return_is_counted_as_negative(opened):
    table, content, _ = OTHERS["returns with a positive amount"]
    book = opened({f"{table}.csv": content})
    assert one(book, "orders", "amount") == [Decimal("-5.0000"), Decimal("-7.0000"), Decimal("9.0000")]
    assert book.audit.money[["read", "used", "rejected"]].astype(float).to_numpy().tolist() == [[-5 + 7 + 9, 11, 0]]


def test_unknown_references(opened):
    book = opened(
        {
            "opportunities.csv": "opportunity_id,outcome,closed_on,account_id,owner_id\n"
            "1,won,2026-01-01,A,R\n2,won,2026-01-02,B,\n",
            "accounts.csv": "account_id,name\nA,Alpha\n",
            "reps.csv": "rep_id,name\nQ,Quinn\n",
        }
    )
    f = "opportunities.csv"
    assert rejects(book) == [
        (f, 1, "owner_id", "R", "unknown_owner_id", "flagged"),
        (f, 2, "owner_id", None, "no_owner_id", "flagged"),
        (f, 2, "account_id", "B", "unknown_account_id", "flagged"),
    ]
    accounted(book)


def test_a_change_log_with_unreadable_values(opened):
    log = 'opportunity_id,changed_at,field,old,new\n1,2026-01-02,amount,,"1,250.50"\n1,2026-01-03,amount,much,5\n'
    log += "1,2026-01-04,expected_close_on,2026-01-01T10:00:00,soon\n1,2026-01-05,colour,a,b\n"
    book = opened(
        {"opportunities.csv": "opportunity_id,outcome,created_at\n1,open,2026-01-01\n", "opportunity_events.csv": log}
    )
    f = "opportunity_events.csv"
    assert rejects(book) == [
        (f, 2, "old", "much", "unreadable_old", "rejected"),
        (f, 3, "new", "soon", "unreadable_new", "rejected"),
        (f, 4, "field", "colour", "unknown_field", "rejected"),
    ]
    assert one(book, "opportunity_events", "new") == ["1250.5000"]
    accounted(book)


def test_sheets_of_a_workbook(tmp_path, opened):
    from openpyxl import Workbook

    workbook = Workbook()
    first = workbook.active
    first.title = "Deals"
    for row in (["id", "amount", "outcome", "made", "closed"], ["007", "=1+1", "won", "2026-01-01", "2026-02-01"]):
        first.append(row)
    workbook.create_sheet("Notes").append(["a", "b"])
    workbook.save(tmp_path / "crm.xlsx")
    with pytest.raises(SourceError) as caught:
        opened({}, mapped(deals={"from": "crm.xlsx"}))
    assert "sheet" in caught.value.mend
    book = opened({}, mapped(deals={"from": "crm.xlsx", "sheet": "Deals"}))
    assert one(book, "opportunities", "opportunity_id") == ["007"]
    # a formula that no program has worked out yet has no value
    assert rejects(book) == [("crm.xlsx#Deals", 1, "amount", None, "won_without_amount", "flagged")]
    accounted(book)


def test_no_mapping_file(tmp_path):
    from salesnb.data.load import open_book

    with pytest.raises(SourceError) as caught:
        open_book(tmp_path / "crm.yml")
    assert caught.value.what == "there is no such mapping file"
    assert caught.value.mend == "write one with: salesnb new source NAME"


def test_the_mend_of_ambiguous_dates_mends(opened):
    content = {F: HEAD + "1,1,won,2026-01-01,01/02/2026\n"}
    book = opened(content, mapped(date_format="%d/%m/%Y"))
    assert [str(day)[:10] for day in one(book, "opportunities", "closed_on")] == ["2026-02-01"]
    book = opened(content, mapped(date_format="%m/%d/%Y"))
    assert [str(day)[:10] for day in one(book, "opportunities", "closed_on")] == ["2026-01-02"]


def test_one_far_date_does_not_move_the_end(opened):
    lines = "".join(f"{i},1,open,2026-01-{i:02},\n" for i in range(1, 31)) + "99,1,open,2106-01-01,\n"
    assert str(opened({F: HEAD + lines}, mapped()).as_of) == "2026-01-30"
