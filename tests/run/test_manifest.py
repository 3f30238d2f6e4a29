"""The manifest goes from state to state, and is what run.json holds."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from salesnb.errors import CellError
from salesnb.run.manifest import CellRecord, Failure, Manifest, NotebookRecord, check_move, digest, versions

WAY = ["staged", "executing", "checked", "rendered", "published"]


def manifest() -> Manifest:
    return Manifest(
        period="2026Q3", source="sample", params={"seed": 7}, versions={"salesnb": "1"},
        started_at="2026-10-01T00:00:00Z", notebooks=(NotebookRecord("01_a", "aa"), NotebookRecord("02_b", "bb")),
    )  # fmt: skip


@pytest.mark.parametrize(("now", "then"), [*pairwise(WAY), *((state, "failed") for state in WAY[:-1])])
def test_these_moves_are_allowed(now: str, then: str) -> None:
    check_move(now, then)


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("staged", "published"),
        ("executing", "rendered"),
        ("published", "failed"),
        ("failed", "executing"),
        ("checked", "staged"),
    ],
)
def test_no_other_move_is(now: str, then: str) -> None:
    with pytest.raises(ValueError, match=f"a run that is {now} cannot become {then}"):
        check_move(now, then)


def test_a_record_takes_the_place_of_the_one_of_its_name() -> None:
    before = manifest()
    after = before.holding(before.notebooks[1].moved("executing"))
    assert [one.state for one in after.notebooks] == ["staged", "executing"]
    assert [one.state for one in before.notebooks] == ["staged", "staged"]
    with pytest.raises(KeyError):
        before.holding(NotebookRecord("03_c", "cc"))


def test_run_json_holds_everything() -> None:
    error = Failure.of(CellError("it failed", where="01_a.ipynb, cell 3", mend="look"))
    failed = (
        manifest()
        .notebooks[0]
        .moved("executing")
        .moved("failed", error=error, cells=(CellRecord(3, "code", "failed", 0.5),))
    )
    told = json.loads(manifest().holding(failed).moved("failed", error=error).as_json())
    assert told["schema"] == 1
    assert told["state"] == "failed"
    assert told["error"] == {
        "kind": "CellError", "exit_code": 5, "what": "it failed", "where": "01_a.ipynb, cell 3", "mend": "look",
    }  # fmt: skip
    assert told["notebooks"][0]["cells"] == [
        {"number": 3, "kind": "code", "state": "failed", "seconds": 0.5, "under": ""}
    ]
    assert told["notebooks"][1]["state"] == "staged"


def test_versions_name_what_decides_on_the_result() -> None:
    assert {"salesnb", "python", "papermill", "nbclient", "duckdb"} <= set(versions())


def test_a_digest_is_sha_256() -> None:
    assert digest(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
