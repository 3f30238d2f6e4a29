"""The rows behind a number."""

from __future__ import annotations

import ibis
import pandas as pd
import pytest

from salesnb.analysis.behind import Behind, Told, key, largest


def test_the_rows_that_add_most_of_each_group_come_first() -> None:
    rows = ibis.memtable(
        {"opportunity_id": ["a", "b", "c", "d"], "which": ["x", "x", "x", "y"], "adds": [1.0, -9.0, 5.0, None]}
    )
    found = largest(rows, "which", "adds", most=2)
    assert found[["which", "opportunity_id"]].to_numpy().tolist() == [["x", "b"], ["x", "c"], ["y", "d"]]


def test_what_a_number_is_made_of_has_an_id_and_what_it_adds() -> None:
    with pytest.raises(ValueError, match="no column adds, opportunity_id"):
        Behind("a", "A", pd.DataFrame({"x": [1]}), 1, 1.0)
    with pytest.raises(ValueError, match="small letters"):
        Behind("A b", "A", pd.DataFrame({"opportunity_id": [], "adds": []}), 0, 0.0)


def test_a_sentence_that_opens_rows_is_a_sentence() -> None:
    sentence = Told("12 deals.", key("walk", "Won!", 3))
    assert sentence == "12 deals."
    assert sentence.opens == "walk-won-3"
