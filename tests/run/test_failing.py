"""What a kernel says is told in this program's kinds of error."""

from __future__ import annotations

import pytest

from salesnb.errors import CellError, NeedsData, ParameterError, PeriodError, SalesnbError
from salesnb.run.failing import LONGEST, cell_error, heading_of, how_it_ended


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("PeriodError", PeriodError),
        ("NeedsData", NeedsData),
        ("ParameterError", ParameterError),
        ("OutOfTime", CellError),
        ("CellError", CellError),
        ("KeyError", CellError),
        ("did_you_mean", CellError),
        ("annotations", CellError),
    ],
)
def test_the_kind_of_an_error(name: str, kind: type[SalesnbError]) -> None:
    assert type(cell_error("01_a.ipynb, cell 3", name, "wrong")) is kind


@pytest.mark.parametrize(
    ("message", "parts"),
    [
        ("what", ("what", "here", "")),
        ("what\n  where: there", ("what", "here: there", "")),
        ("what\n  mend:  so", ("what", "here", "so")),
        ("two\nlines\n  where: there\n  mend:  so", ("two\nlines", "here: there", "so")),
    ],
)
def test_the_three_parts_come_through(message: str, parts: tuple[str, str, str]) -> None:
    error = cell_error("here", "PeriodError", message)
    assert (error.what, error.where, error.mend) == parts


def test_of_a_long_message_the_end_is_kept() -> None:
    error = cell_error("here", "ValueError", "x" * 5000 + "the end")
    assert error.what.endswith("xthe end")
    assert len(error.what) <= LONGEST + 50


def test_colours_and_hidden_characters_go() -> None:
    assert cell_error("here", "ValueError", "\x1b[31ma\x1b[0m\u202eb").what == "a cell failed with ValueError: a\ufffdb"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("# A *b* `c` _d_ e_f", "A b c d e_f"),
        ("text\n## One\n### Two ##\n", "Two"),
        ("no heading\n#hash", ""),
        ("    # code", ""),
    ],
)
def test_the_last_heading(source: str, expected: str) -> None:
    assert heading_of(source) == expected


def test_an_end_that_is_not_known_is_not_told() -> None:
    assert how_it_ended(None) == ""
