"""Every shipped notebook over the parameters that break notebooks: it runs, and says what it cannot know."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from salesnb.data.opened import FOLDER_VARIABLE, READY, SOURCE_VARIABLE
from salesnb.data.sample import make
from salesnb.data.texts import RUN_VARIABLE
from salesnb.run.execute import execute
from salesnb.run.forked import store
from salesnb.run.forkserver import ForkServer, is_available
from salesnb.run.job import Job
from salesnb.run.kernels import python_environment
from salesnb.run.notebook import declared, find_notebooks, imported, notebooks_folder, read
from salesnb.run.overview import contents, merged

NOTEBOOKS = find_notebooks(notebooks_folder())
ONE_OF_A_KIND = """opportunity_id,owner_id,product,kind,outcome,amount,created_at,closed_on
1,ada,Basic,new,won,100.50,2026-07-01,2026-07-20
2,ada,Basic,new,lost,50,2026-07-02,2026-08-01
3,ada,Basic,new,open,70,2026-09-01,
"""
ORDERS_ALONE = """order_line_id,account_id,ordered_at,amount
1,a,2026-07-01,100.00
2,b,2026-08-01,-20.00
3,a,2026-09-30,5.25
"""


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """A small company with every table, one with a single segment, and one with orders alone."""
    folder = tmp_path_factory.mktemp("sources")
    for name in ("company", "one", "orders"):
        (folder / name).mkdir()
    for table, frame in make(seed=7, scale=0.1).items():
        frame.to_csv(folder / "company" / f"{table}.csv", index=False)
    (folder / "one" / "opportunities.csv").write_text(ONE_OF_A_KIND)
    (folder / "orders" / "orders.csv").write_text(ORDERS_ALONE)
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """What forks kernels that have imported all that the notebooks do, as in a run; ordinary kernels elsewhere."""
    if not is_available():
        yield None
        return
    made = ForkServer(python_environment(), tmp_path_factory.mktemp("server") / "log")
    texts = {name: path.read_text(encoding="utf-8") for name, path in NOTEBOOKS.items()}
    made.preload(
        ["ipykernel.kernelapp", *{module: 0 for name in texts for module in imported(read(texts[name], name))}]
    )
    yield made
    made.close()


@pytest.fixture(scope="module")
def books(sources, tmp_path_factory):
    """The book of each source, stored once, as a run does it: what a kernel finds in its environment."""
    found = {}
    for source in sources.iterdir():
        folder = tmp_path_factory.mktemp("book")
        store(str(source), str(folder))
        assert (folder / READY).exists()
        found[source.name] = {
            FOLDER_VARIABLE: str(folder),
            SOURCE_VARIABLE: str(source),
            RUN_VARIABLE: str(tmp_path_factory.mktemp("sql")),
        }  # fmt: skip
    return found


CASES = {
    "normal": {"source": "company", "period": "2026Q2"},
    "before the data": {"source": "company", "period": "2019Q1"},
    "after the data": {"source": "company", "period": "2031Q1"},
    "first month": {"source": "company", "period": "2023-01"},
    "not over": {"source": "company", "period": "2026Q3", "as_of": "2026-08-15"},
    "one segment, no other table": {"source": "one", "period": "2026Q3"},
    "orders alone": {"source": "orders", "period": "2026Q3"},
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_runs_and_says_what_it_found(sources, books, server, tmp_path, name, case):
    text = NOTEBOOKS[name].read_text(encoding="utf-8")
    given = CASES[case] | {"source": str(sources / CASES[case]["source"]), "segments": ["region"], "trend_periods": 2}
    params = {key: value for key, value in given.items() if key in declared(read(text, name))}
    job = Job(name, text, params, str(tmp_path))
    done = execute(job, server=server, environment=books[CASES[case]["source"]])
    assert done.error is None, done.error
    assert done.results is not None
    assert done.results["period"] == CASES[case]["period"]
    assert done.results["headlines"]
    if case in ("before the data", "after the data") and name == "01_scorecard":
        assert done.results["headlines"][0].startswith(f"There is nothing to report for {CASES[case]['period']}: ")
    json.dumps(done.results, allow_nan=False)
    said = " ".join(done.results["headlines"])
    assert "nan" not in said.lower().split()
    assert "None" not in said
    for number in done.results["numbers"]:
        # The value of a figure that comes in parts alone is in its segments.
        assert (number["value"] is None) == (number["status"] in ("na", "needs", "table")), number
        assert number["reason"] or number["status"] == "ok", number
    if case in ("before the data", "after the data"):
        sold = [n["value"] for n in done.results["numbers"] if n.get("id") in ("revenue", "win_rate")]
        assert not any(sold)
        assert all("by" in number for number in done.results["numbers"])
    titles = [row["title"] for row in contents(merged({name: done.results}, {}), [])["kpis"]]
    assert len(titles) == len(set(titles))
    if case == "not over" and name == "01_scorecard":
        assert any(number["status"] == "immature" for number in done.results["numbers"])


def test_there_are_notebooks():
    assert {"01_scorecard", "09_data_health"} <= set(NOTEBOOKS)
    assert Path("_template.ipynb").stem not in NOTEBOOKS
