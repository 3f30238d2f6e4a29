"""Commands: those that make reports."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from salesnb.errors import SalesnbError, UsageError

app = typer.Typer(
    name="salesnb",
    help="Sales analytics that people can trust: a quarter's report from your own tables, every number defined once.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

DEMO_PERIOD = "2026Q3"

Out = Annotated[str | None, typer.Option("--out", "-o", help="The folder to publish to; 'outputs' by default.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsOf = Annotated[str | None, typer.Option("--as-of", help="The last day that is known, as 2026-09-30.")]
Only = Annotated[list[str] | None, typer.Option("--only", help="Only this notebook; may be given again.")]
RunSource = Annotated[str | None, typer.Option("--source", "-s", help="As for kpi; 'sample' by default.")]
ParamsFile = Annotated[Path | None, typer.Option("--params", "-f", help="A period's file under params/.")]
FiscalYear = Annotated[int | None, typer.Option("--fiscal-year-start", min=1, max=12, help="As for kpi.")]
Jobs = Annotated[int | None, typer.Option("--jobs", "-j", min=1, help="Notebooks at a time; the cores by default.")]
Force = Annotated[bool, typer.Option("--force", help="Execute also what has not changed.")]
KeepGoing = Annotated[bool, typer.Option("--keep-going", help="Publish what succeeded although a notebook failed.")]
Cluster = Annotated[str | None, typer.Option("--cluster", help="A Dask scheduler, as tcp://host:8786, to run on.")]
Keep = Annotated[int, typer.Option("--keep", min=0, help="How many of the reports before to keep in previous/.")]
CellTimeout = Annotated[float, typer.Option("--cell-timeout", min=0.1, help="Seconds that a cell may take.")]
RunTimeout = Annotated[float, typer.Option("--run-timeout", min=0.1, help="Seconds that a run may take.")]
RenderTimeout = Annotated[float, typer.Option("--render-timeout", min=0.1, help="Seconds that a page may take.")]
Events = Annotated[bool, typer.Option("--json", help="Print each step as a line of JSON.")]
Notebooks = Annotated[Path | None, typer.Option("--notebooks", help="A folder of notebooks instead of salesnb's own.")]


@app.command()
def demo(out: Out = None, jobs: Jobs = None, force: Force = False, as_json: Events = False) -> None:
    """Make the report of the sample company's last quarter and say where it is."""
    _one(DEMO_PERIOD, as_json, source="sample", out=out, jobs=jobs, is_forced=force)


@app.command()
def run(
    period: Annotated[str | None, typer.Argument(help="As 2026Q3, 2026-07, FY26H1 or 2026-01..2026-05.")] = None,
    source: RunSource = None,
    out: Out = None,
    only: Only = None,
    params: ParamsFile = None,
    as_of: AsOf = None,
    fiscal_year_start: FiscalYear = None,
    jobs: Jobs = None,
    force: Force = False,
    keep_going: KeepGoing = False,
    cluster: Cluster = None,
    keep: Keep = 5,
    cell_timeout: CellTimeout = 600.0,
    run_timeout: RunTimeout = 3600.0,
    render_timeout: RenderTimeout = 120.0,
    notebooks: Notebooks = None,
    as_json: Events = False,
) -> None:
    """Execute the notebooks for a period and publish its report."""
    known = _params(params, as_of, fiscal_year_start)
    if period is None and "period" not in known:
        raise UsageError("no period is given", where="run", mend=f"say which, as in: salesnb run {DEMO_PERIOD}")
    _one(
        period, as_json,
        source=source, out=out, only=only or (), params=known, jobs=jobs, is_forced=force, goes_on=keep_going,
        cluster=cluster, keep=keep, notebooks=notebooks, deadlines=(cell_timeout, run_timeout, render_timeout),
    )  # fmt: skip


@app.command()
def backfill(
    periods: Annotated[list[str], typer.Argument(metavar="PERIODS", help="As 2025Q1..2026Q3; several may be given.")],
    source: RunSource = None,
    out: Out = None,
    only: Only = None,
    params: ParamsFile = None,
    as_of: AsOf = None,
    fiscal_year_start: FiscalYear = None,
    jobs: Jobs = None,
    force: Force = False,
    keep_going: KeepGoing = False,
    cluster: Cluster = None,
    keep: Keep = 5,
    cell_timeout: CellTimeout = 600.0,
    run_timeout: RunTimeout = 3600.0,
    render_timeout: RenderTimeout = 120.0,
    notebooks: Notebooks = None,
    as_json: Events = False,
) -> None:
    """Make the reports of many periods; at the end it says which failed, and how to run just these."""
    from salesnb.periods import Period
    from salesnb.run.job import Deadlines
    from salesnb.run.reporting import told_all
    from salesnb.run.runner import backfill as make
    from salesnb.run.watching import watching

    known = _params(params, as_of, fiscal_year_start)
    start = int(known.get("fiscal_year_start", 1))
    every = [one for text in periods for one in Period.expand(text, start)]

    def made() -> int:
        with watching(as_json=as_json) as tell:
            result = make(
                every, source=source, out=out, only=only or (), params=known, jobs=jobs, is_forced=force,
                goes_on=keep_going, cluster=cluster, keep=keep, notebooks=notebooks, on_event=tell,
                deadlines=Deadlines(cell=cell_timeout, run=run_timeout, render=render_timeout),
            )  # fmt: skip
        return told_all(result, _options(sys.argv, periods), as_json=as_json)

    _ended(made, as_json)


def _one(period: str | None, as_json: bool, **options: Any) -> None:
    from salesnb.run.job import Deadlines
    from salesnb.run.reporting import told
    from salesnb.run.runner import run as make
    from salesnb.run.watching import watching

    cell, whole, render = options.pop("deadlines", (600.0, 3600.0, 120.0))

    def made() -> int:
        with watching(as_json=as_json) as tell:
            deadlines = Deadlines(cell=cell, run=whole, render=render)
            result = make(period, deadlines=deadlines, on_event=tell, **options)
        return told(result, as_json=as_json)

    _ended(made, as_json)


def _ended(made: Callable[[], int], as_json: bool) -> None:
    try:
        code = made()
    except SalesnbError as error:
        if as_json:
            from salesnb.run.reporting import failed, say

            with contextlib.suppress(SalesnbError):
                say(failed(error))
        raise
    except (KeyboardInterrupt, SystemExit) as end:
        print("salesnb: stopped; what had been published stays, and nothing half-done is left", file=sys.stderr)
        raise SystemExit(130 if isinstance(end, KeyboardInterrupt) else end.code) from None
    if code:
        raise SystemExit(code)


def _params(file: Path | None, as_of: str | None, fiscal_year_start: int | None) -> dict[str, Any]:
    known: dict[str, Any] = {}
    if file is not None:
        from salesnb.params import read_params

        known = read_params(file).model_dump(mode="json", exclude_unset=True)
    given = {"as_of": as_of, "fiscal_year_start": fiscal_year_start}
    return known | {name: value for name, value in given.items() if value is not None}


def _options(arguments: list[str], periods: list[str]) -> list[str]:
    """Return the options of a command line, without the program, the command and the periods."""
    left = list(periods)
    kept = []
    for word in arguments[2:]:
        if word in left:
            left.remove(word)
        else:
            kept.append(word)
    return kept
