"""Funnel, walk and as-of over a million deals with ten million changes, each against the same query by hand.

The company is made by SQL from a seed, in a DuckDB file. Two processes then read it, ours and one that runs SQL as one
would write it for DuckDB by hand; each question goes to both in turn, so that a busy machine slows both, and the best
of a few turns counts. What they answer is compared: deal by deal as of a day; class by class, with every deal that a
class opens, for the walk; step by step for the funnel. The peak is that of our process over the whole race.
"""

from __future__ import annotations

import argparse
import datetime as dtm
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from salesnb.data.book import Book

DEALS, SEED, TIMES = 1_000_000, 7, 9
DAY = dtm.date(2024, 12, 31)
START, END, QUARTER = dtm.date(2025, 3, 31), dtm.date(2025, 6, 30), "2025Q2"
STAGES = ("Stage 1", "Stage 2", "Stage 3", "Stage 4", "Stage 5")
QUESTIONS = ("funnel", "walk", "as_of")
FIELDS = ("stage", "amount", "expected_close_on", "owner_id", "forecast_category", "outcome")

# The k-th value of a field of a deal, and how often the field changed; h is the deal's hash, so that all is a function
# of the seed.
VALUE = """
CREATE MACRO val(f, h, k) AS CASE f
  WHEN 'stage' THEN 'Stage ' || (1 + k)
  WHEN 'amount' THEN (1000 + hash(h, 11, k) % 60000)::VARCHAR || '.' || (10 + hash(h, 12, k) % 90)::VARCHAR
  WHEN 'expected_close_on' THEN (DATE '2023-03-01' + (hash(h, 13) % 1200 + k * 30)::INTEGER)::VARCHAR
  WHEN 'owner_id' THEN 'R' || (hash(h, 14, k) % 200)::VARCHAR
  WHEN 'forecast_category' THEN ['pipeline', 'best_case', 'commit'][1 + (hash(h, 15, k) % 3)::INTEGER]
  WHEN 'outcome' THEN CASE WHEN k % 2 = 0 THEN 'open' WHEN hash(h, 16, k) % 3 = 0 THEN 'won'
    WHEN hash(h, 16, k) % 30 = 1 THEN 'disqualified' ELSE 'lost' END
  ELSE CASE WHEN k % 2 = 0 THEN 'false' ELSE 'true' END END;
CREATE MACRO changed(f, h) AS CASE f
  WHEN 'stage' THEN 1 + hash(h, 21) % 4 WHEN 'amount' THEN hash(h, 22) % 5
  WHEN 'expected_close_on' THEN hash(h, 23) % 6 WHEN 'owner_id' THEN hash(h, 24) % 3
  WHEN 'forecast_category' THEN hash(h, 25) % 4
  WHEN 'outcome' THEN CASE WHEN hash(h, 26) % 100 < 30 THEN 0 WHEN hash(h, 26) % 100 < 95 THEN 1 ELSE 3 END
  ELSE CASE WHEN hash(h, 27) % 100 < 2 THEN 1 ELSE 0 END END;
"""
EVENTS = """
CREATE TABLE opportunity_events AS
SELECT opportunity_id,
  created_at + INTERVAL 1 SECOND * ((k - 1) * 2592000 + 1 + hash(h, f, k) % 2592000)::BIGINT AS changed_at,
  f AS field, val(f, h, k - 1) AS old, val(f, h, k) AS new
FROM made, (SELECT unnest({fields}) AS f), range(1, 6) AS r(k) WHERE k <= changed(f, h) ORDER BY changed_at
"""


def make(path: str, deals: int) -> None:
    """Write the company's deals and their changes, the changes in the order in which they happened."""
    import duckdb

    from salesnb.data.contract import CONTRACT

    with duckdb.connect(path) as con:
        con.execute(VALUE)
        con.execute(
            "CREATE TABLE made AS SELECT 'D' || lpad(i::VARCHAR, 7, '0') AS opportunity_id, hash(i, ?) AS h,"
            " TIMESTAMP '2023-01-01' + INTERVAL 1 SECOND * (hash(i, ?, 1) % 103680000)::BIGINT AS created_at"
            " FROM range(?) AS t(i)",
            [SEED, SEED, deals],
        )
        con.execute(EVENTS.format(fields=[*FIELDS, "deleted"]))
        now = {name: f"val('{name}', h, changed('{name}', h))" for name in FIELDS}
        known = {
            **now,
            "opportunity_id": "opportunity_id",
            "created_at": "created_at",
            "closed_on": f"CASE WHEN {now['outcome']} <> 'open' THEN last_at::DATE END",
            "loss_reason": f"CASE WHEN {now['outcome']} = 'lost' THEN 'price' END",
        }
        types = {"string": "VARCHAR", "date": "DATE", "timestamp(6)": "TIMESTAMP", "decimal(18, 4)": "DECIMAL(18, 4)"}
        columns = ", ".join(
            f"CAST({known.get(name, 'NULL')} AS {types[str(kind)]}) AS {name}"
            for name, kind in CONTRACT["opportunities"].schema.items()
        )
        con.execute(
            f"CREATE TABLE opportunities AS SELECT {columns} FROM made LEFT JOIN (SELECT opportunity_id,"
            " max(changed_at) AS last_at FROM opportunity_events WHERE field = 'outcome' GROUP BY ALL) USING"
            " (opportunity_id) ORDER BY opportunity_id"
        )
        con.execute("DROP TABLE made")


def ours(path: str) -> dict[str, Callable[[], Any]]:
    """What salesnb does: each question to what answers it."""
    from dataclasses import replace
    from types import MappingProxyType

    import ibis

    from salesnb.analysis.walk import walk
    from salesnb.data.book import Book
    from salesnb.data.history import deals_on
    from salesnb.kpis.funnels import Plan, passages, tally
    from salesnb.periods import Period

    con = ibis.duckdb.connect(path, read_only=True)
    names = ("opportunities", "opportunity_events")
    book: Book = Book.of({}, as_of=dtm.date(2026, 12, 31), stages=STAGES, connection=con)
    tables = {name: con.table(name) for name in names}
    given = {name: frozenset(table.columns) for name, table in tables.items()}
    book = replace(book, tables=MappingProxyType(tables), given=MappingProxyType(given))
    plan = Plan.of(*STAGES)

    def funnel() -> Any:
        events = book.opportunity_events
        rows = passages(
            events.filter(events.field == "stage"), plan, entity="opportunity_id", step="new", at="changed_at"
        )
        return tally(rows, plan)

    def as_of() -> None:
        con.raw_sql(f"CREATE OR REPLACE TEMP TABLE answer AS {con.compile(deals_on(book, DAY))}")

    return {
        "funnel": funnel,
        "walk": lambda: walk(book, START, END, due=Period.parse(QUARTER)),
        "as_of": as_of,
        "write": lambda: con.raw_sql(f"COPY answer TO '{path}.ours.parquet'") and None,
    }


def by_hand(path: str) -> dict[str, Callable[[], Any]]:
    """The same in SQL for DuckDB alone."""
    import duckdb
    import pandas as pd

    con = duckdb.connect(path, read_only=True)

    def walk() -> Any:
        con.execute(hand_walk())
        # A frame of DuckDB's own would have the money as floats.
        return pd.DataFrame(con.execute(HAND_CELLS).fetchall(), columns=CELLS), con.execute(HAND_ROWS).df()

    return {
        "funnel": lambda: con.execute(HAND_FUNNEL).df(),
        "walk": walk,
        "as_of": lambda: con.execute(hand_as_of()) and None,
        "write": lambda: con.execute(f"COPY answer TO '{path}.hand.parquet'") and None,
    }


HAND_FUNNEL = f"""
WITH own AS (SELECT opportunity_id, {
    ", ".join(f"min(changed_at) FILTER (new = '{s}') AS o{i}" for i, s in enumerate(STAGES))
} FROM opportunity_events WHERE field = 'stage' GROUP BY 1),
passing AS (SELECT {
    ", ".join(f"least({', '.join(f'o{j}' for j in range(i, len(STAGES)))}) AS l{i}" for i in range(len(STAGES)))
}, * FROM own),
here AS (SELECT *, CASE {" ".join(f"WHEN o{i} = l0 THEN {i}" for i in range(len(STAGES)))} END AS entry FROM passing)
SELECT {
    ", ".join(
        f"count(*) FILTER (l{i} IS NOT NULL AND entry <= {i}) AS reached_{i},"
        f" count(*) FILTER (entry = {i}) AS entered_{i},"
        f" count(*) FILTER (l{i} IS NOT NULL AND entry = 0) AS from_start_{i}"
        for i in range(len(STAGES))
    )
} FROM here
"""


def _moment(day: dtm.date) -> str:
    return f"TIMESTAMP '{day + dtm.timedelta(days=1)}'"


def _then(name: str, of: str = "{}") -> str:
    read = {"amount": "TRY_CAST(u.{} AS DECIMAL(18, 4))", "expected_close_on": "TRY_CAST(u.{} AS DATE)"}
    column = of.format(name)
    return f"CASE WHEN has_{column} THEN {read.get(name, 'u.{}').format(column)} ELSE o.{name} END AS {column}"


def _outcome(day: dtm.date, column: str = "outcome") -> str:
    return (
        f"CASE WHEN has_{column} THEN coalesce(u.{column}, 'open') WHEN o.closed_on > DATE '{day}' THEN 'open'"
        f" ELSE o.outcome END AS {column}"
    )


def _is_there(deleted: str) -> str:
    return f"coalesce(lower({deleted}) IN ('false', 'f', 'no', 'n', '0'), true)"


def hand_as_of() -> str:
    """Every deal as it stood on the day."""
    undo = ", ".join(
        f"arg_min_null(old, changed_at) FILTER (field = '{f}') AS {f}, count(*) FILTER (field = '{f}') > 0 AS has_{f}"
        for f in FIELDS
    )
    then = ", ".join(_then(f) for f in FIELDS[:-1])
    return f"""
    CREATE OR REPLACE TEMP TABLE answer AS
    WITH undo AS (SELECT opportunity_id, {undo} FROM opportunity_events WHERE changed_at >= {_moment(DAY)}
      AND field IN {FIELDS} GROUP BY 1),
    done AS (SELECT opportunity_id, arg_max_null(new, changed_at) FILTER (field = 'deleted') AS deleted,
      max(changed_at) FILTER (field = 'outcome') AS last_at FROM opportunity_events
      WHERE changed_at < {_moment(DAY)} AND field IN ('outcome', 'deleted') GROUP BY 1),
    stood AS (SELECT o.* REPLACE ({then}, {_outcome(DAY)},
      CASE WHEN o.closed_on > DATE '{DAY}' OR (has_outcome AND o.closed_on IS NULL) THEN last_at::DATE
        ELSE o.closed_on END AS closed_on), created_at::DATE AS entered_on, o.outcome AS today
      FROM opportunities o LEFT JOIN undo u USING (opportunity_id) LEFT JOIN done d USING (opportunity_id)
      WHERE created_at < {_moment(DAY)} AND {_is_there("d.deleted")})
    SELECT * EXCLUDE (today) REPLACE (CASE WHEN outcome <> 'open' THEN closed_on END AS closed_on,
      CASE WHEN outcome <> 'open' AND outcome = today THEN loss_reason END AS loss_reason) FROM stood
    """


def hand_walk() -> str:
    """Every deal of the walk with its class and its round trip."""
    names = ("amount", "expected_close_on", "owner_id", "outcome")
    ends = {"then": START, "now": END}
    undo = ", ".join(
        f"arg_min_null(old, changed_at) FILTER (field = '{f}'{extra}) AS {f}_{side},"
        f" count(*) FILTER (field = '{f}'{extra}) > 0 AS has_{f}_{side}"
        for side, extra in (("then", ""), ("now", f" AND changed_at >= {_moment(END)}"))
        for f in names
    )
    then = ", ".join(_then(f, "{}_" + side) for side in ends for f in names[:-1])
    outcomes = ", ".join(_outcome(day, f"outcome_{side}") for side, day in ends.items())
    is_there = ", ".join(
        f"created_at < {_moment(day)} AND {_is_there(f'd.deleted_{side}')} AS is_there_{side}"
        for side, day in ends.items()
    )
    inside = f"changed_at < {_moment(END)}"
    closed, due = "new IN ('won', 'lost', 'disqualified')", "new >= '2025-04-01' AND new < '2025-07-01'"
    is_in = ", ".join(
        f"coalesce(is_there_{s} AND outcome_{s} = 'open' AND due_{s}, false) AS is_in_{s},"
        f" is_there_{s} AND outcome_{s} = 'open' AS is_open_{s}"
        for s in ends
    )
    is_due = ", ".join(
        f"coalesce(expected_close_on_{s} BETWEEN DATE '2025-04-01' AND DATE '2025-06-30', false) AS due_{s}"
        for s in ends
    )
    return f"""
    CREATE OR REPLACE TEMP TABLE walked AS
    WITH undo AS (SELECT opportunity_id, {undo},
        bool_or(field = 'outcome' AND {inside} AND {closed}) AS was_closed,
        bool_or(field = 'outcome' AND {inside} AND NOT {closed}) AS was_opened,
        bool_or(field = 'deleted' AND {inside} AND NOT {_is_there("new")}) AS was_deleted,
        bool_or(field = 'amount' AND {inside}) AS was_repriced,
        bool_or(field = 'expected_close_on' AND {inside} AND {due}) AS was_due,
        bool_or(field = 'expected_close_on' AND {inside} AND NOT ({due})) AS was_not_due
      FROM opportunity_events WHERE changed_at >= {_moment(START)}
        AND field IN ('amount', 'expected_close_on', 'owner_id', 'outcome', 'deleted') GROUP BY 1),
    gone AS (SELECT opportunity_id, arg_max_null(new, changed_at) FILTER (changed_at < {_moment(START)})
        AS deleted_then,
        arg_max_null(new, changed_at) AS deleted_now
      FROM opportunity_events WHERE field = 'deleted' AND changed_at < {_moment(END)} GROUP BY 1),
    stood AS (SELECT o.opportunity_id, o.created_at >= {_moment(START)} AS is_new, {then}, {outcomes}, {is_there},
        was_closed, was_opened, was_deleted, was_repriced, was_due, was_not_due
      FROM opportunities o LEFT JOIN undo u USING (opportunity_id) LEFT JOIN gone d USING (opportunity_id)
      WHERE created_at < {_moment(END)}),
    due AS (SELECT *, {is_due} FROM stood), placed AS (SELECT *, {is_in} FROM due),
    valued AS (SELECT *, CASE WHEN is_in_then THEN coalesce(amount_then, 0) ELSE 0 END AS at_start,
      CASE WHEN is_in_now THEN coalesce(amount_now, 0) ELSE 0 END AS at_end,
      NOT is_in_then AND NOT is_in_now AS neither, is_in_then AND is_in_now AS both_in FROM placed),
    told AS (SELECT opportunity_id, at_end - at_start AS change, at_start, at_end, is_in_then, is_in_now, amount_then,
      amount_now, expected_close_on_then, expected_close_on_now, owner_id_then, owner_id_now, outcome_now,
      CASE WHEN neither THEN NULL WHEN NOT is_in_then AND is_new THEN 'created'
        WHEN NOT is_in_then AND NOT is_open_then THEN 'reopened' WHEN NOT is_in_then THEN 'pulled_in'
        WHEN NOT is_in_now AND NOT is_there_now THEN 'deleted' WHEN NOT is_in_now AND outcome_now = 'won' THEN 'won'
        WHEN NOT is_in_now AND outcome_now <> 'open' THEN 'lost' WHEN NOT is_in_now THEN 'pushed_out'
        WHEN at_end > at_start THEN 'raised' WHEN at_end < at_start THEN 'lowered' ELSE 'unchanged' END AS cell,
      CASE WHEN neither AND due_now AND is_new AND NOT is_there_now THEN 'created_deleted'
        WHEN neither AND due_now AND is_new AND outcome_now = 'won' THEN 'created_won'
        WHEN neither AND due_now AND is_new AND outcome_now <> 'open' THEN 'created_lost'
        WHEN neither AND due_now AND NOT (is_open_then OR is_new) AND NOT is_open_now AND was_opened
          THEN 'reopened_closed'
        WHEN both_in AND was_closed THEN 'closed_reopened' WHEN both_in AND was_deleted THEN 'deleted_restored'
        WHEN neither AND is_open_now AND (is_open_then OR is_new) AND NOT due_now AND was_due THEN 'pulled_pushed'
        WHEN both_in AND was_not_due THEN 'pushed_pulled'
        WHEN both_in AND was_repriced AND at_start = at_end THEN 'repriced_back' END AS trip FROM valued)
    SELECT * FROM told WHERE cell IS NOT NULL OR trip IS NOT NULL
    """


CELLS = ["cell", "trip", "n", "change", "at_start", "at_end", "passed"]
HAND_CELLS = """
SELECT coalesce(cell, '-') AS cell, coalesce(trip, '-') AS trip, count(*) AS n, sum(change) AS change,
  sum(at_start) AS at_start, sum(at_end) AS at_end, sum(coalesce(amount_now, 0)) AS passed FROM walked GROUP BY ALL
"""
HAND_ROWS = """
WITH listed AS (
  SELECT 'start' AS name, opportunity_id, at_start AS adds FROM walked WHERE is_in_then
  UNION ALL SELECT 'end', opportunity_id, at_end FROM walked WHERE is_in_now
  UNION ALL SELECT cell, opportunity_id, CASE cell WHEN 'unchanged' THEN at_end ELSE change END FROM walked
    WHERE cell IS NOT NULL
  UNION ALL SELECT trip, opportunity_id, coalesce(amount_now, 0) FROM walked WHERE trip IS NOT NULL
  UNION ALL SELECT 'no_amount', opportunity_id, 0 FROM walked
    WHERE is_in_then AND amount_then IS NULL OR is_in_now AND amount_now IS NULL
  UNION ALL SELECT 'disqualified', opportunity_id, -change FROM walked
    WHERE cell = 'lost' AND outcome_now = 'disqualified'),
most AS (SELECT * FROM listed
  QUALIFY row_number() OVER (PARTITION BY name ORDER BY abs(adds) DESC, opportunity_id) <= 5000)
SELECT name, adds, opportunity_id, amount_then, amount_now, expected_close_on_then,
  expected_close_on_now, owner_id_then, owner_id_now, outcome_now FROM most JOIN walked USING (opportunity_id)
  ORDER BY name, abs(adds) DESC, opportunity_id
"""


def differences(path: str, mine: dict[str, Any], hand: dict[str, Any]) -> list[str]:
    """Say which answers of the two are not the same."""
    import duckdb

    told = []
    one, other = (f"SELECT * FROM '{path}.{who}.parquet'" for who in ("ours", "hand"))
    apart = duckdb.sql(
        f"SELECT (SELECT count(*) FROM ({one} EXCEPT ALL {other})) + (SELECT count(*) FROM ({other} EXCEPT ALL {one}))"
    ).fetchall()[0][0]
    told += [f"as of: {apart} rows differ"] if apart else []
    found, row = mine["funnel"], hand["funnel"].iloc[0]
    for name in ("reached", "entered", "from_start"):
        if found[name].tolist() != [row[f"{name}_{i}"] for i in range(len(STAGES))]:
            told.append(f"funnel: {name} differs")
    result, (cells, rows) = mine["walk"], hand["walk"]
    for kind, frame, amount in (("cell", result["cells"], "change"), ("trip", result["trips"], "passed")):
        summed = cells[cells[kind] != "-"].groupby(kind).sum(numeric_only=False)
        for line in frame[frame["n"] > 0].to_dict("records"):
            if (line["n"], line["amount"]) != (summed["n"][line[kind]], summed[amount][line[kind]]):
                told.append(f"walk: {line[kind]} differs")
    if (result["amounts"]["start"], result["amounts"]["end"]) != (cells["at_start"].sum(), cells["at_end"].sum()):
        told.append("walk: start or end differs")
    names = {key.removeprefix("walk-due-").replace("-", "_"): ids for key, ids in result["ids"].items()}
    groups = dict(list(rows.groupby("name")))
    if names.keys() != groups.keys():
        told.append(f"walk: not the same numbers open: {names.keys() ^ groups.keys()}")
    for name in names.keys() & groups.keys():
        if names[name] != groups[name]["opportunity_id"].tolist():
            told.append(f"walk: the deals behind {name} differ")
    return told


def told_of(walk: Any) -> dict[str, Any]:
    """What a walk says, in what can be sent from process to process."""
    ids = {each.key: each.rows["opportunity_id"].tolist() for each in walk.behind}
    return {"cells": walk.cells, "trips": walk.trips, "amounts": dict(walk.amounts), "ids": ids}


def work(path: str, is_ours: bool, pipe: Connection) -> None:
    """Answer questions until there are none; each answer with the seconds it took."""
    ways = ours(path) if is_ours else by_hand(path)
    while question := pipe.recv():
        if question == "peak":
            scale = 1 if sys.platform == "darwin" else 1024
            pipe.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale)
            continue
        started = time.perf_counter()
        answer = ways[question]()
        seconds = time.perf_counter() - started
        pipe.send((seconds, told_of(answer) if is_ours and question == "walk" else answer))


def race(path: str, times: int) -> tuple[dict[str, tuple[float, float]], int]:
    """Ask both in turn; return the best seconds of ours and by hand for each question, and our peak in bytes."""
    pipes, workers = [], []
    spawn = multiprocessing.get_context("spawn")
    for is_ours in (True, False):
        here, there = spawn.Pipe()
        worker = spawn.Process(target=work, args=(path, is_ours, there), daemon=True)
        worker.start()
        there.close()
        pipes.append(here)
        workers.append(worker)

    def ask(place: int, question: str) -> Any:
        pipes[place].send(question)
        return pipes[place].recv()

    laps: dict[str, list[tuple[float, float]]] = {question: [] for question in QUESTIONS}
    answers: list[dict[str, Any]] = [{}, {}]
    for _ in range(times + 1):
        for question in QUESTIONS:
            seconds = []
            for place in (0, 1):
                took, answers[place][question] = ask(place, question)
                seconds.append(took)
            laps[question].append((seconds[0], seconds[1]))
    peak = ask(0, "peak")
    for place in (0, 1):
        ask(place, "write")
        pipes[place].send(None)
        workers[place].join()
    told = differences(path, *answers)
    if told:
        raise SystemExit("the two ways do not answer the same: " + "; ".join(told))
    # The first lap loads libraries and reads the file.
    return {q: (min(a for a, _ in got[1:]), min(b for _, b in got[1:])) for q, got in laps.items()}, peak


def main() -> None:
    """Make the company, race, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print only the ratios and the peak, as JSON")
    parser.add_argument("--deals", type=int, default=DEALS, help="how many deals; there are ten changes a deal")
    parser.add_argument("--times", type=int, default=TIMES, help="turns; the best counts")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "company.duckdb"))
        maker = multiprocessing.get_context("spawn").Process(target=make, args=(path, options.deals))
        maker.start()
        maker.join()
        if maker.exitcode:
            raise SystemExit(maker.exitcode)
        best, peak = race(path, options.times)
        import duckdb

        with duckdb.connect(path, read_only=True) as con:
            changes = con.execute("SELECT count(*) FROM opportunity_events").fetchall()[0][0]
    told = {f"{q}_ratio": round(own / hand, 2) for q, (own, hand) in best.items()} | {"peak_gb": round(peak / 1e9, 2)}
    if options.json:
        print(json.dumps(told))
        return
    print(f"{options.deals:,} deals with {changes:,} changes; both ways answer the same")
    for question, (own, hand) in best.items():
        print(f"{question:8} {own:>8.2f} s {hand:>8.2f} s by hand {own / hand:>7.2f} x")
    print(f"peak of our process {peak / 1e9:.2f} GB")


if __name__ == "__main__":
    main()
