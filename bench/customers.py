"""A hundred million order lines to the monthly cohort table and to the statistics of BG/NBD, against the same by hand.

The lines are made by SQL from a seed, in a DuckDB file. Two processes read it, ours and one that runs SQL as one would
write it for DuckDB by hand; each question goes to both in turn, and the best of a few turns counts. What they answer is
compared, cell by cell. The peak is that of our process. pandas and polars then read as many lines as fit into their
memory and answer the first question, as one would write it there; they are held against ours on the same lines. Last,
the model of buying is fitted to all customers by their statistics. Both engines may hold the same memory, ``--memory``
in GB: DuckDB left alone takes four fifths of the machine's, and spills to disk what is more.
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

LINES, TIMES, MEMORY = 100_000_000, 2, 6
FRAMES = 10_000_000
"""The lines that pandas and polars are asked for at most: pandas holds some 200 bytes of each."""
END = dtm.date(2026, 12, 31)
QUESTIONS = ("cohort", "btyd")
HAND = {
    "cohort": """
WITH own AS (SELECT account_id, 12 * year(ordered_at) + month(ordered_at) - 1 AS number,
    bool_or(NOT coalesce(is_return, false)) AS is_active, sum(amount) AS money FROM orders
    WHERE account_id IS NOT NULL GROUP BY 1, 2),
begun AS (SELECT account_id, min(number) AS cohort FROM own WHERE is_active GROUP BY 1)
SELECT cohort, number - cohort AS age, count(*) FILTER (is_active) AS active, sum(money) AS money
FROM own JOIN begun USING (account_id) WHERE number >= cohort GROUP BY 1, 2 ORDER BY 1, 2
""",
    "btyd": """
WITH days AS (SELECT account_id, ordered_at::DATE AS day FROM orders
    WHERE account_id IS NOT NULL AND NOT coalesce(is_return, false) AND revenue_type IS DISTINCT FROM 'subscription'
    GROUP BY 1, 2),
own AS (SELECT account_id, count(*) - 1 AS frequency, max(day) - min(day) AS recency,
    DATE '2026-12-31' - min(day) AS age FROM days GROUP BY 1)
SELECT frequency, recency, age, count(*) AS customers FROM own GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
""",
}


def make(path: str, lines: int) -> None:
    """Write the order lines: a tenth as many customers, who began over four years and buy when they buy."""
    import duckdb

    from salesnb.data.contract import CONTRACT

    with duckdb.connect(path) as con:
        known = {
            "order_line_id": "i::VARCHAR",
            "account_id": "'C' || lpad((hash(i, 1) % {customers})::VARCHAR, 9, '0')",
            "ordered_at": "TIMESTAMP '2023-01-01' + INTERVAL 1 SECOND * (hash(hash(i, 1) % {customers}, 2) % 94608000"
            " + hash(i, 3) % 31622400)::BIGINT",
            "amount": "(1 + hash(i, 4) % 40000) / 100",
            "is_return": "hash(i, 5) % 50 = 0",
            "revenue_type": "'one_time'",
        }
        types = {"string": "VARCHAR", "timestamp(6)": "TIMESTAMP", "decimal(18, 4)": "DECIMAL(18, 4)"}
        types |= {"boolean": "BOOLEAN", "float64": "DOUBLE", "date": "DATE", "int64": "BIGINT"}
        customers = max(lines // 10, 1)
        columns = ", ".join(
            f"CAST({known.get(name, 'NULL').format(customers=customers)} AS {types[str(kind)]}) AS {name}"
            for name, kind in CONTRACT["orders"].schema.items()
        )
        con.execute(f"CREATE TABLE orders AS SELECT {columns} FROM range({lines}) AS t(i)")


def ours(path: str, memory: int) -> dict[str, Callable[[], Any]]:
    """What salesnb does: each question to what answers it."""
    from dataclasses import replace
    from types import MappingProxyType

    import ibis

    from salesnb.analysis.cohorts_engine import activity, aged, axis, begun
    from salesnb.data.book import Book
    from salesnb.kpis.buying import statistics

    con = ibis.duckdb.connect(path, read_only=True, memory_limit=f"{memory}GB")
    book: Book = Book.of({}, as_of=END, connection=con)
    given = {"orders": frozenset(("order_line_id", "account_id", "ordered_at", "amount", "is_return", "revenue_type"))}
    tables = MappingProxyType({"orders": con.table("orders")})
    book = replace(book, tables=tables, given=MappingProxyType(given))
    over = axis("month", book)

    def cohort() -> Any:
        done = activity(book, "order", END, over)
        rows = aged(done, begun(book, "order", done, over, END))
        counted = rows.group_by("cohort", "age").aggregate(
            active=rows["is_active"].cast("int32").sum(), money=rows["money"].sum()
        )
        return counted.order_by("cohort", "age").execute()

    def btyd() -> Any:
        return statistics(book, END).order_by("frequency", "recency", "age").execute()

    return {"cohort": cohort, "btyd": btyd}


def by_hand(path: str, memory: int) -> dict[str, Callable[[], Any]]:
    """The same in SQL for DuckDB alone."""
    import duckdb

    con = duckdb.connect(path, read_only=True, config={"memory_limit": f"{memory}GB"})
    return {name: lambda sql=sql: con.execute(sql).df() for name, sql in HAND.items()}


def by_pandas(path: str, memory: int) -> dict[str, Callable[[], Any]]:
    """The cohort table as one would write it for pandas, from a frame that is read already."""
    import duckdb

    with duckdb.connect(path, read_only=True) as con:
        frame = con.execute("SELECT account_id, ordered_at, amount::DOUBLE AS amount, is_return FROM orders").df()

    def cohort() -> Any:
        rows = frame.assign(number=12 * frame["ordered_at"].dt.year + frame["ordered_at"].dt.month - 1)
        bought = rows[~rows["is_return"].astype(bool)]
        began = bought.groupby("account_id")["number"].min().rename("cohort")
        rows = rows.join(began, on="account_id").query("number >= cohort")
        rows["age"] = rows["number"] - rows["cohort"]
        active = rows[~rows["is_return"].astype(bool)].groupby(["cohort", "age"])["account_id"].nunique()
        money = rows.groupby(["cohort", "age"])["amount"].sum()
        return money.to_frame("money").join(active.rename("active")).fillna({"active": 0}).reset_index()

    return {"cohort": cohort}


def by_polars(path: str, memory: int) -> dict[str, Callable[[], Any]]:
    """The cohort table as one would write it for polars, from a frame that is read already."""
    import duckdb
    import polars as pl

    with duckdb.connect(path, read_only=True) as con:
        query = "SELECT account_id, ordered_at, amount::DOUBLE AS amount, is_return FROM orders"
        frame = pl.from_arrow(con.sql(query).to_arrow_table())
    assert isinstance(frame, pl.DataFrame)

    def cohort() -> Any:
        number = 12 * pl.col("ordered_at").dt.year().cast(pl.Int64) + pl.col("ordered_at").dt.month() - 1
        rows = frame.lazy().with_columns(number.alias("number"))
        began = rows.filter(~pl.col("is_return")).group_by("account_id").agg(pl.col("number").min().alias("cohort"))
        rows = rows.join(began, on="account_id").with_columns((pl.col("number") - pl.col("cohort")).alias("age"))
        active = pl.col("account_id").filter(~pl.col("is_return")).n_unique().alias("active")
        made = (
            rows.filter(pl.col("age") >= 0).group_by("cohort", "age").agg(active, pl.col("amount").sum().alias("money"))
        )
        return made.sort("cohort", "age").collect().to_pandas()

    return {"cohort": cohort}


WAYS = {"ours": ours, "hand": by_hand, "pandas": by_pandas, "polars": by_polars}


def fitted(path: str, memory: int) -> tuple[float, int]:
    """Fit the model of buying to the customers of a file; return the seconds it took, and how many there are."""
    from salesnb.kpis.buying import bg_nbd

    counted = ours(path, memory)["btyd"]()
    started = time.perf_counter()
    model = bg_nbd(counted)
    return time.perf_counter() - started, model.customers


def work(path: str, way: str, memory: int, pipe: Connection) -> None:
    """Answer questions until there are none; each answer with the seconds it took."""
    ways = WAYS[way](path, memory)
    while question := pipe.recv():
        if question == "peak":
            pipe.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024))
            continue
        started = time.perf_counter()
        answer = ways[question]()
        pipe.send((time.perf_counter() - started, answer.astype("float64")))


def race(
    path: str, memory: int, ways: tuple[str, str], questions: tuple[str, ...], times: int
) -> tuple[dict[str, list[float]], int]:
    """Ask both in turn; return the best seconds of each way for each question, and the peak of the first in bytes."""
    import pandas as pd

    spawn = multiprocessing.get_context("spawn")
    pipes, workers = [], []
    for way in ways:
        here, there = spawn.Pipe()
        workers.append(spawn.Process(target=work, args=(path, way, memory, there), daemon=True))
        workers[-1].start()
        there.close()
        pipes.append(here)
    laps: dict[str, list[list[float]]] = {question: [] for question in questions}
    for lap in range(times + 1):
        for question in questions:
            found = []
            for pipe in pipes:
                pipe.send(question)
                found.append(pipe.recv())
            (_, one), (_, other) = found
            pd.testing.assert_frame_equal(one, other[list(one.columns)], rtol=1e-9, check_dtype=False)
            if lap:  # the first lap loads libraries and reads the file
                laps[question].append([seconds for seconds, _ in found])
    pipes[0].send("peak")
    peak = int(pipes[0].recv())
    for pipe, worker in zip(pipes, workers, strict=True):
        pipe.send(None)
        worker.join()
    return {question: [min(lap[i] for lap in got) for i in (0, 1)] for question, got in laps.items()}, peak


def main() -> None:
    """Make the lines, race, and print what came of it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print only the ratios and the peak, as JSON")
    parser.add_argument("--lines", type=int, default=LINES, help="how many order lines; a tenth as many customers")
    parser.add_argument("--times", type=int, default=TIMES, help="turns; the best counts")
    parser.add_argument("--memory", type=int, default=MEMORY, help="GB that each engine may hold")
    options = parser.parse_args()
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        whole, few = str(Path(folder, "orders.duckdb")), str(Path(folder, "few.duckdb"))
        for path, lines in ((whole, options.lines), (few, min(options.lines, FRAMES))):
            maker = spawn.Process(target=make, args=(path, lines))
            maker.start()
            maker.join()
            if maker.exitcode:
                raise SystemExit(maker.exitcode)
        best, peak = race(whole, options.memory, ("ours", "hand"), QUESTIONS, options.times)
        frames = {
            name: race(few, options.memory, ("ours", name), ("cohort",), 1)[0]["cohort"]
            for name in ("pandas", "polars")
        }
        seconds, customers = fitted(whole, options.memory)
    ratios = {f"{question}_ratio": round(own / hand, 2) for question, (own, hand) in best.items()}
    against = {f"against_{name}": round(theirs / own, 1) for name, (own, theirs) in frames.items()}
    told = {**ratios, "peak_gb": round(peak / 1e9, 2), **against}
    if options.json:
        print(json.dumps(told))
        return
    print(f"{options.lines:,} order lines; both ways answer the same")
    for question, (mine, hand) in best.items():
        print(f"{question:8} {mine:>8.2f} s {hand:>8.2f} s by hand {mine / hand:>7.2f} x")
    print(f"peak of our process {peak / 1e9:.2f} GB")
    for name, (own, theirs) in frames.items():
        print(f"{name} on {min(options.lines, FRAMES):,}: {theirs:.2f} s against {own:.2f} s, {theirs / own:.1f} x")
    print(f"BG/NBD fitted to {customers:,} customers by their statistics in {seconds:.1f} s")


if __name__ == "__main__":
    main()
