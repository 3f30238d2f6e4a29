"""The command line: read the words, make one call, print. stdout is data, stderr is messages."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from salesnb.commands import AsOf, Json, app
from salesnb.errors import SalesnbError, UsageError
from salesnb.run import lean

if TYPE_CHECKING:
    from salesnb.data.book import Book
    from salesnb.periods import Period

Source = Annotated[
    str, typer.Option("--source", "-s", help="A mapping file, a folder or file of tables, a database URL, or 'sample'.")
]
Fiscal = Annotated[int, typer.Option("--fiscal-year-start", min=1, max=12, help="The month the fiscal year starts in.")]


def _say(text: str) -> None:
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)


@app.command()
def kpi(
    name: Annotated[str, typer.Argument(metavar="ID[.VARIANT]", help="As win_rate, or win_rate.created.")],
    period: Annotated[str, typer.Option("--period", "-p", help="As 2026Q3, 2026-07 or FY26H1.")],
    source: Source = "sample",
    by: Annotated[str | None, typer.Option("--by", help="One number a rep, team, region, product, ...")] = None,
    as_of: AsOf = None,
    rows: Annotated[bool, typer.Option("--rows", help="Print the rows behind the number, as CSV.")] = False,
    as_json: Json = False,
    fiscal_year_start: Fiscal = 1,
) -> None:
    """Compute one KPI for one period."""
    from salesnb.kpis.registry import compute, find, rows_behind
    from salesnb.report import printing

    entry = find(name)
    book, span = _book(source, as_of, fiscal_year_start, period)
    if rows:
        print(printing.rows(rows_behind(book, entry, span, by=by), as_json=as_json), end="")
    else:
        frame = compute(book, entry, span, by=by)
        print(printing.records(frame) if as_json else printing.kpi(frame, book.currency), end="")


def _book(source: str, as_of: str | None, fiscal_year_start: int, period: str) -> tuple[Book, Period]:
    from dataclasses import replace

    from salesnb.data.history import as_known
    from salesnb.data.load import open_book
    from salesnb.params import Params

    settings = Params.of(period=period, source=source, as_of=as_of, fiscal_year_start=fiscal_year_start)
    book = replace(open_book(source), fiscal_year_start=fiscal_year_start)
    return (book if settings.as_of is None else as_known(book, settings.as_of)), settings.span


@app.command()
def kpis(as_json: Json = False) -> None:
    """List every KPI and variant."""
    from salesnb.kpis.registry import all_kpis
    from salesnb.report import printing

    print(printing.catalogue(all_kpis(), as_json=as_json), end="")


@app.command()
def diff(
    first: Annotated[str, typer.Argument(metavar="A", help="The folder of the earlier run, or a period as 2026Q3.")],
    second: Annotated[str | None, typer.Argument(metavar="[B]", help="The folder of the later run.")] = None,
    back: Annotated[int, typer.Option("--with", min=1, help="Of a period: how many runs back to compare.")] = 1,
    out: Annotated[str, typer.Option("--out", "-o", help="The folder of all reports.")] = "outputs",
    kpi: Annotated[str | None, typer.Option("--kpi", help="Only the numbers of this KPI.")] = None,
    every: Annotated[bool, typer.Option("--all", help="List the numbers that did not change, too.")] = False,
    as_json: Json = False,
) -> None:
    """Compare two runs number by number and say what each change comes from."""
    from salesnb.report import printing
    from salesnb.run.diffing import two_runs
    from salesnb.run.restate import restate

    earlier, later = two_runs(first, second, out, back)
    print(printing.restatement(restate(earlier, later, kpi=kpi), every=every, as_json=as_json), end="")


@app.command()
def record(
    out: Annotated[str, typer.Option("--out", "-o", help="The folder of all reports.")] = "outputs",
    as_json: Json = False,
) -> None:
    """Score what forecasters said in past runs against what came, by weeks before the end."""
    from salesnb.report import printing
    from salesnb.run.vintages import scored

    found = scored(Path(out))
    print(printing.records(found) if as_json else printing.scores(found), end="")


@app.command()
def check(source: Source = "sample", as_json: Json = False) -> None:
    """Read a source and say what was used, what was rejected, and why."""
    from salesnb.data.load import open_book
    from salesnb.report import printing

    book = open_book(source)
    print(printing.audit(book, as_json=as_json), end="")
    if book.unusable:
        from salesnb.errors import ContractError

        raise ContractError(
            f"not one row of {', '.join(sorted(book.unusable))} could be used", where=source,
            mend="the reasons are above; a column can have its own format, decimal and thousands in the mapping",
        )  # fmt: skip


@app.command()
def sample(
    folder: Annotated[Path, typer.Argument(help="The folder to write its CSV files to.")],
    seed: Annotated[int, typer.Option(help="Where random numbers start.")] = 7,
    clean: Annotated[bool, typer.Option("--clean", help="Without the dirty rows.")] = False,
) -> None:
    """Write the sample company's tables as CSV, and its planted truths as truth.json."""
    import json

    from salesnb.data.sample import truth, write

    write(folder, seed=seed, dirty=not clean)
    (folder / "truth.json").write_text(json.dumps(truth(seed).to_dict(), indent=1) + "\n", encoding="utf-8")
    print(folder)


@app.command()
def new(
    kind: Annotated[str, typer.Argument(help="source, notebook or period.")],
    name: Annotated[str, typer.Argument(help="Its name: maven, 10_pricing or 2026Q4.")],
    location: Annotated[str | None, typer.Option("--from", help="For a source: the folder, file or database.")] = None,
) -> None:
    """Begin a mapping of a source, a notebook or a period's parameters."""
    from salesnb.run.drafts import draft

    print(draft(kind, name, location))


@app.command()
def lab() -> None:
    """Open the notebooks in JupyterLab."""
    from importlib.util import find_spec

    from salesnb.run.notebook import notebooks_folder

    if find_spec("jupyterlab") is None:
        raise UsageError("JupyterLab is not installed", mend="install it with: pip install 'salesnb[lab]'")
    os.execv(sys.executable, [sys.executable, "-m", "jupyterlab", str(notebooks_folder())])


@app.command("what-if")
def what_if(
    period: Annotated[str | None, typer.Argument(help="As 2026Q3; the next is planned where it is over.")] = None,
    source: Annotated[str | None, typer.Option("--source", "-s", help="As for kpi; 'sample' by default.")] = None,
    params: Annotated[Path | None, typer.Option("--params", "-f", help="A file of parameters or scenarios.")] = None,
    as_of: AsOf = None,
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port; the next free one where it is taken.")] = 8866,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser.")] = True,
) -> None:
    """Serve the plan of quotas as an application: sliders in a browser, for everybody a scenario of their own."""
    from salesnb.params import Params, read_params
    from salesnb.run.app import serve

    known = {} if params is None else read_params(params).model_dump(mode="json", exclude_unset=True)
    given = {"period": period, "source": source, "as_of": as_of}
    known |= {name: value for name, value in given.items() if value is not None}
    if "period" not in known:
        raise UsageError("no period is given", where="what-if", mend="say which, as in: salesnb what-if 2026Q3")
    raise SystemExit(serve(Params.of(**known), host=host, port=port, opens=browser))


_ANY = "2000"
"""The period where none is asked about: a series goes as far back as the records do."""


@app.command()
def forecast(
    file: Annotated[str, typer.Argument(help="A CSV or Parquet file, one row a series and date; with --kpi a source.")],
    id_column: Annotated[str | None, typer.Option("--id", help="The column of series ids; none: one series.")] = None,
    time_column: Annotated[str, typer.Option("--time", help="The column of dates.")] = "ds",
    value_column: Annotated[str, typer.Option("--value", help="The column of values.")] = "y",
    freq: Annotated[str | None, typer.Option(help="h, D, W-FRI, MS, ME, QS, QE, YS, YE; told by the dates.")] = None,
    horizon: Annotated[int, typer.Option(min=1, help="How many steps ahead.")] = 12,
    season: Annotated[int | None, typer.Option(min=1, help="Steps of a season, 1 for none; by the frequency.")] = None,
    model: Annotated[str, typer.Option(help="auto, theta, ces, ets, arima, prophet, regression, naive, ...")] = "auto",
    level: Annotated[float, typer.Option(min=1, max=99.9, help="The chance, in %, that the range holds.")] = 80.0,
    seed: Annotated[int, typer.Option(min=0, help="Where random numbers start.")] = 0,
    regressors: Annotated[Path | None, typer.Option(help="A file of regressors by date, those ahead included.")] = None,
    holidays: Annotated[str, typer.Option(help="A country's holidays as regressors: US, DE, ...")] = "",
    trading_days: Annotated[
        str, typer.Option(help="Count a step's days: 'weekdays', 'days', or a country's weekdays: US, DE, ...")
    ] = "",
    parts: Annotated[bool, typer.Option("--parts", help="Say what trend, season and each regressor do.")] = False,
    together: Annotated[str | None, typer.Option(help="Rows of one step become one: sum, mean or last.")] = None,
    kpi_name: Annotated[str | None, typer.Option("--kpi", help="Forecast this KPI of the source, as win_rate.")] = None,
    grain: Annotated[str, typer.Option(help="Of a KPI: day, week, month, quarter or year.")] = "month",
    by: Annotated[str | None, typer.Option("--by", help="Of a KPI: a series a rep, team, region, ...")] = None,
    as_of: AsOf = None,
    fiscal_year_start: Fiscal = 1,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The file to write, .csv or .parquet.")] = None,
    reasons: Annotated[Path | None, typer.Option(help="A file for which model each series got, and why.")] = None,
    jobs: Annotated[int | None, typer.Option("--jobs", "-j", min=1, help="Processes; the cores by default.")] = None,
    cluster: Annotated[str | None, typer.Option(help="A Dask scheduler, as tcp://host:8786, to run on.")] = None,
) -> None:
    """Forecast many series of a tidy table, or a KPI of a source, each with a range and a reason."""
    from typing import cast

    from salesnb.calendars import Grain
    from salesnb.forecast.many import Asked
    from salesnb.run.forecasting import Places, forecast_file, forecast_kpi

    asked = Asked(horizon, season, model, level / 100, seed, holidays, trading_days, parts)
    places = Places(out, reasons, jobs, cluster, _say)
    if kpi_name is None:
        table = {"id": id_column, "time": time_column, "value": value_column, "freq": freq, "together": together}
        forecast_file(Path(file), table, asked, places, regressors=regressors)
        return
    book, _ = _book(file, as_of, fiscal_year_start, _ANY)
    forecast_kpi(book, kpi_name, cast(Grain, grain), asked, places, by=by, regressors=regressors)


def _ended(number: int, frame: object) -> None:
    raise SystemExit(128 + number)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and end the process with the exit code that says how it went."""
    lean.collect_seldom()
    signal.signal(signal.SIGTERM, _ended)
    try:
        app(args=arguments, standalone_mode=True)
    except SalesnbError as error:
        _say(f"salesnb: {error}")
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        _say("salesnb: stopped; nothing was published, and nothing half-done is left")
        raise SystemExit(130) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except Exception as error:
        if os.environ.get("SALESNB_DEBUG"):
            raise
        _say(f"salesnb: a fault of salesnb itself: {type(error).__name__}: {error}")
        _say("  mend:  run it again with SALESNB_DEBUG=1 and report what it prints")
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
