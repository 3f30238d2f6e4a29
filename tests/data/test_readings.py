"""Text to typed values: every form once, with the value it must give."""

from __future__ import annotations

import datetime as dtm
from decimal import Decimal

import hypothesis.strategies as st
import ibis
import pandas as pd
import pytest
from hypothesis import given, settings

from salesnb.data import evidence, readings
from salesnb.data.readings import COMMA, ISO, POINT, Marks, date_format


@pytest.fixture(scope="module")
def engine():
    return ibis.duckdb.connect()


def column(engine, values):
    return engine.create_table("t", ibis.memtable({"a": values}, schema={"a": "string"}), overwrite=True)


def read(engine, values, reading):
    table = column(engine, values)
    got = engine.execute(table.select(a=reading(table.a)))["a"]
    return [None if pd.isna(value) else value for value in got]


ISO_DATES = [
    ("2026-01-02", dtm.date(2026, 1, 2)),
    ("2026-1-2", dtm.date(2026, 1, 2)),
    ("2026/01/02", dtm.date(2026, 1, 2)),
    ("2026-01-02T23:59:59Z", dtm.date(2026, 1, 2)),
    ("2026-01-02 08:55 PM", dtm.date(2026, 1, 2)),
    ("2024-02-29", dtm.date(2024, 2, 29)),
    ("2026-02-29", None),
    ("2000-02-29", dtm.date(2000, 2, 29)),
    ("2100-02-29", None),
    ("2026-04-31", None),
    ("2026-13-01", None),
    ("2026-00-10", None),
    ("0026-01-02", None),
    ("2026-01-02 25:00", None),
    ("2026-01-02x", None),
    ("02/01/2026", None),
    ("", None),
]


def test_iso_dates(engine):
    texts, days = zip(*ISO_DATES, strict=True)
    assert read(engine, texts, lambda a: readings.read_date(a, ISO)) == [day and pd.Timestamp(day) for day in days]


DECLARED_FORMATS = [
    ("%d/%m/%Y", "01/02/2026", dtm.date(2026, 2, 1)),
    ("%m/%d/%Y", "01/02/2026", dtm.date(2026, 1, 2)),
    ("%m/%d/%y", "02/23/26 08:55 PM", dtm.date(2026, 2, 23)),
    ("%d.%m.%y", "1.2.69", dtm.date(1969, 2, 1)),
    ("%d.%m.%y", "1.2.68", dtm.date(2068, 2, 1)),
    ("%d-%b-%Y", "03-Sept-2026", dtm.date(2026, 9, 3)),
    ("%d %B %Y", "3 September 2026", dtm.date(2026, 9, 3)),
    ("%b %d %Y", "dec 31 2026", dtm.date(2026, 12, 31)),
    ("%b %d %Y", "xyz 31 2026", None),
    ("%d/%m/%Y", "13/13/2026", None),
]


def test_declared_formats(engine):
    for label in {label for label, _, _ in DECLARED_FORMATS}:
        cases = [(text, day and pd.Timestamp(day)) for own, text, day in DECLARED_FORMATS if own == label]
        texts, days = zip(*cases, strict=True)
        got = read(engine, texts, lambda a, label=label: readings.read_date(a, date_format(label)))
        assert got == list(days), label


def test_every_day_of_the_calendar_reads_back_and_no_other(engine):
    """All days of 1899 to 2200 in four orders, and the days that no month has."""
    days = [dtm.date(1899, 1, 1) + dtm.timedelta(days=n) for n in range((2201 - 1899) * 366)]
    wanted = [pd.Timestamp(day) if 1900 <= day.year < 2200 else None for day in days]
    for label in ("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d-%b-%Y"):
        texts = [day.strftime(label) for day in days]
        assert read(engine, texts, lambda a, label=label: readings.read_date(a, date_format(label))) == wanted
    real = {day.isoformat() for day in days}
    unreal = [
        t
        for y in (1900, 2000, 2023, 2024)
        for m in range(14)
        for d in range(33)
        if (t := f"{y}-{m:02}-{d:02}") not in real
    ]
    assert read(engine, unreal, lambda a: readings.read_date(a, ISO)) == [None] * len(unreal)


MOMENTS_BECOME_LOCAL_ONCE = [
    ("2026-02-03T10:11:12.123456+02:00", "2026-02-03 09:11:12.123456"),
    ("2026-02-03T23:30:00Z", "2026-02-04 00:30:00"),
    ("2026-07-03T23:30:00Z", "2026-07-04 01:30:00"),
    ("2026-02-03 12:00:00 AM", "2026-02-03 01:00:00"),
    ("2026-02-03 12:30 PM", "2026-02-03 13:30:00"),
    ("2026-02-03T08:00:00-0530", "2026-02-03 14:30:00"),
    ("2026-02-03", "2026-02-03 00:00:00"),
    ("2026-02-03 24:00", None),
    ("2026-02-03 13:00 PM", None),
    ("2026-02-03 10:61", None),
]


def test_moments_become_local_once(engine):
    texts, locals_ = zip(*MOMENTS_BECOME_LOCAL_ONCE, strict=True)
    got = read(engine, texts, lambda a: readings.read_time(a, ISO, "UTC", "Europe/Paris"))
    assert got == [local and pd.Timestamp(local) for local in locals_]


def test_a_date_column_moves_only_with_an_offset(engine):
    """Midnight as an export writes a date stays on its day; a moment with an offset falls on the local day."""
    got = read(
        engine, ["2026-02-03 00:00:00", "2026-02-03T23:30:00Z"], lambda a: readings.read_date(a, ISO, "Asia/Tokyo")
    )
    assert got == [pd.Timestamp("2026-02-03"), pd.Timestamp("2026-02-04")]


@pytest.mark.parametrize("label", ["%d/%m", "%Y-%Y-%d", "%d/%m/%q", "", "%Y-%m-%m"])
def test_a_format_needs_a_year_a_month_and_a_day(label):
    with pytest.raises(ValueError, match=r"exactly one year|is not one of"):
        date_format(label)


NUMBERS = [
    ("12.50", POINT, "12.50"),
    ("$1,234.50", POINT, "1234.50"),
    ("1,234,567.5", POINT, "1234567.5"),
    ("(1,234.5)", POINT, "-1234.5"),
    ("-5", POINT, "-5"),
    ("5-", POINT, "-5"),
    ("\u22125", POINT, "-5"),
    ("+5.", POINT, "5"),
    (".5", POINT, ".5"),
    ("1e5", POINT, "1e5"),
    ("USD 12", POINT, "12"),
    ("12 EUR", POINT, "12"),
    ("1.234,50 \u20ac", COMMA, "1234.50"),
    ("1\u202f234,50", COMMA, "1234.50"),
    ("1'234.50", POINT, "1234.50"),
    ("1 234.50", Marks(".", " "), "1234.50"),
    ("1,234.50", Marks(".", "'"), None),
    ("12,5o0", POINT, None),
    ("--5", POINT, None),
    ("(-5)", POINT, None),
    ("(5", POINT, None),
    ("1,23,4", POINT, None),
    ("1,2345", POINT, None),
    ("1.2.3", POINT, None),
    ("twelve", POINT, None),
    ("=1+1", POINT, None),
    ("NaN", POINT, None),
    ("Infinity", POINT, None),
    ("", POINT, None),
]


def test_numbers(engine):
    for kind in {marks for _, marks, _ in NUMBERS}:
        texts, plain = zip(*[(text, plain) for text, marks, plain in NUMBERS if marks == kind], strict=True)
        assert read(engine, texts, lambda a, kind=kind: readings.read_number(a, kind)) == list(plain), kind


MONEY_IS_EXACT_TO_FOUR_DECIMALS = [
    ("12.50", "12.5000"),
    ("0.12345", "0.1235"),
    ("-0.12345", "-0.1235"),
    ("2024.9940", "2024.9940"),
    ("1054.0000000000001", "1054.0000"),
    ("9999999999999", "9999999999999.0000"),
    ("10000000000000", None),
    ("1e5", "100000.0000"),
    ("1e30", None),
    (None, None),
]


def test_money_is_exact_to_four_decimals(engine):
    plain, amounts = zip(*MONEY_IS_EXACT_TO_FOUR_DECIMALS, strict=True)
    assert read(engine, plain, readings.money) == [None if amount is None else Decimal(amount) for amount in amounts]


@given(st.lists(st.decimals(-(10**12), 10**12, places=4), min_size=1))
@settings(max_examples=25, deadline=None)
def test_money_reads_back_to_the_last_decimal(amounts):
    engine = ibis.duckdb.connect()
    got = read(engine, [f"{amount:,}" for amount in amounts], lambda a: readings.money(readings.read_number(a, POINT)))
    assert got == amounts


def test_yes_and_no(engine):
    values = ["TRUE", "yes", "1", "T", "False", "no", "0", "f", "maybe", None]
    assert read(engine, values, readings.read_boolean) == [True] * 4 + [False] * 4 + [None, None]


def test_blanks_around_a_value_are_not_the_value(engine):
    assert read(engine, ["  a b\u00a0", "\u00a0 ", "", "N/A"], lambda a: readings.cleaned(a, ["N/A"])) == [
        "a b",
        None,
        None,
        None,
    ]


def choose(engine, values, evidence, choice):
    table = column(engine, values)
    return choice(engine.execute(table.aggregate(**evidence(table.a))).iloc[0].to_dict())


def dates(engine, *values):
    return choose(engine, list(values), evidence.date_evidence, evidence.choose_date)


def marks(engine, *values):
    return choose(engine, list(values), evidence.marks_evidence, evidence.choose_marks)


def test_a_value_that_fits_one_order_alone_decides(engine):
    found = dates(engine, "01/02/2026", "25/02/2026")
    assert [fmt.label for fmt in found.formats] == ["%d/%m/%Y"]
    assert found.note == "read as %d/%m/%Y: '25/02/2026' fits no other order"
    assert [fmt.label for fmt in dates(engine, "02/23/26 08:55 PM", "02/03/24").formats] == ["%m/%d/%y"]


def test_without_a_deciding_value_the_column_is_refused(engine):
    found = dates(engine, "01/02/2026", "02/03/2026")
    assert found.formats == ()
    assert found.trouble == "'01/02/2026' could be %d/%m/%Y or %m/%d/%Y, and no value decides"


def test_no_date_flips_inside_a_column(engine):
    found = dates(engine, "25/02/2026", "02/25/2026", "01/02/2026")
    assert found.formats == ()
    assert found.trouble.startswith("mixes orders of day and month: '25/02/2026' is only %d/%m/%Y")


def test_clear_dates_need_no_word(engine):
    assert [fmt.label for fmt in dates(engine, "2026-01-02", "20260103", "4.5.2026", "3 Sep 2026").formats] == [
        "%Y-%m-%d", "%Y%m%d", "%d.%m.%Y", "%d %b %Y",
    ]  # fmt: skip
    assert dates(engine, None, "junk").formats == (ISO,)


def test_marks_by_evidence(engine):
    assert marks(engine, "1,234.50", "7").formats == (POINT,)
    assert marks(engine, "1.234,50", "7").formats == (COMMA,)
    assert marks(engine, "7", "8").formats == (POINT,)
    assert marks(engine, "1.234", "2.50").formats == (POINT,)
    assert marks(engine, "1.234", "2.500").trouble == (
        "'1.234' could have a thousands mark or a decimal mark, and no value decides"
    )
    assert marks(engine, "1,50", "3.20").trouble == "mixes decimal marks: '3.20' has a point, '1,50' a comma"
