"""Notebooks are found, read and checked before a kernel starts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from salesnb.errors import ParameterError
from salesnb.run.notebook import check_params, declared, find_notebooks, notebooks_folder, read
from tests.run.conftest import notebook


def test_parameters_are_those_the_tagged_cell_sets() -> None:
    source = 'period: str = "2026Q3"  # help\nseed = 7\nx, y = 1, 2\nprint(period)'
    made = new_notebook(cells=[new_code_cell("a = 1"), new_code_cell(source, metadata={"tags": ["parameters"]})])
    assert declared(made) == ("period", "seed")


def test_a_notebook_without_such_a_cell_has_none() -> None:
    assert declared(new_notebook(cells=[new_code_cell("a = 1")])) == ()
    assert declared(new_notebook(cells=[new_code_cell("a = ", metadata={"tags": ["parameters"]})])) == ()


@pytest.mark.parametrize("value", [None, True, 7, 0.5, "x", ["a", 1], {"a": [None]}])
def test_values_that_json_has_are_taken(value: Any) -> None:
    check_params(notebook(seed=1), {"seed": value}, "01_a")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), b"x", Path("x"), {1: 2}, {"a": {1, 2}}, ("a",)])
def test_others_are_refused(value: Any) -> None:
    with pytest.raises(ParameterError, match=r"seed is \w+ .*, which is not a value that JSON has"):
        check_params(notebook(seed=1), {"seed": value}, "01_a")


def test_an_unknown_name_is_refused_with_a_suggestion() -> None:
    with pytest.raises(ParameterError) as told:
        check_params(notebook(source="sample"), {"sorce": "x", "os": "x"}, "01_a")
    assert told.value.what == "no parameter 'sorce' (did you mean 'source'?); no parameter 'os' (known: period, source)"
    assert told.value.where == "01_a.ipynb"


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"nbformat": 4}', '{"cells": 3, "nbformat": 4, "nbformat_minor": 5}']
)
def test_what_is_no_notebook_is_told(text: str) -> None:
    with pytest.raises(ParameterError, match="this is not a notebook that can be read"):
        read(text, "01_a")


def test_an_older_notebook_is_read() -> None:
    old = json.loads(nbformat.writes(notebook()))
    for cell in old["cells"]:
        del cell["id"]
    old["nbformat_minor"] = 4
    assert declared(read(json.dumps(old), "01_a")) == ("period",)


def test_notebooks_are_found_in_reading_order(write: Callable[..., Path]) -> None:
    folder = write(nb_02_b=notebook(), nb_01_a=notebook(), _template=notebook())
    assert list(find_notebooks(folder)) == ["01_a", "02_b"]


@pytest.mark.parametrize("only", [["b"], ["02_b"], ["02_b.ipynb"], ["b", "02_b"]])
def test_some_are_found_by_any_of_their_names(write: Callable[..., Path], only: list[str]) -> None:
    assert list(find_notebooks(write(nb_02_b=notebook(), nb_01_a=notebook()), only)) == ["02_b"]


@pytest.mark.parametrize("name", ["scorcard", "../01_scorecard", "_template", "/etc/passwd"])
def test_a_name_that_is_none_is_refused(write: Callable[..., Path], name: str) -> None:
    folder = write(nb_01_scorecard=notebook(), _template=notebook())
    with pytest.raises(ParameterError) as told:
        find_notebooks(folder, [name])
    assert f"no notebook {name!r}" in told.value.what
    assert told.value.mend == "the notebooks are 01_scorecard"


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="there is no notebook to run"):
        find_notebooks(tmp_path)


def test_the_notebooks_of_the_clone_are_found() -> None:
    folder = notebooks_folder()
    assert folder == Path(__file__).resolve().parents[2] / "notebooks"
    assert {"01_scorecard", "09_data_health"} <= set(find_notebooks(folder))
