"""The command line: read the words, make one call, print. stdout is data, stderr is messages."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from salesnb.errors import SalesnbError, UsageError

if TYPE_CHECKING:
    from salesnb.data.book import Book
    from salesnb.periods import Period
    from salesnb.run.progress import Event

app = typer.Typer(
    name="salesnb",
    help="Sales analytics that people can trust: a quarter's report from your own tables, every number defined once.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

DEMO_PERIOD = "2026Q3"

Source = Annotated[
    str, typer.Option("--source", "-s", help="A mapping file, a folder or file of tables, a database URL, or 'sample'.")
]
Out = Annotated[str | None, typer.Option("--out", "-o", help="The folder to publish to; 'outputs' by default.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsOf = Annotated[str | None, typer.Option("--as-of", help="The last day that is known, as 2026-09-30.")]
Only = Annotated[list[str] | None, typer.Option("--only", help="Only this notebook; may be given again.")]
Fiscal = Annotated[int, typer.Option("--fiscal-year-start", min=1, max=12, help="The month the fiscal year starts in.")]


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _tell(event: Event) -> None:
    """Say what a run does, a line a step."""
    words: dict[str, Callable[[], str]] = {
        "executing": lambda: f"{event.notebook}: running",
        "executed": lambda: f"{event.notebook}: ran in {event.seconds:.0f} s",
        "failed": lambda: f"{event.notebook or 'the run'}: failed",
    }
    if event.kind in words:
        _say(words[event.kind]())


def _publish(
    period: str | None, source: str | None, out: str | None, only: Sequence[str], params: dict[str, Any]
) -> None:
    from salesnb.run.runner import run as make

    result = make(period, source=source, out=out, only=only, params=params, on_event=_tell)
    for sentence in result.headlines[:3]:
        _say(f"  - {sentence}")
    _say(f"The report of {result.period} is ready; open it in a browser:")
    print(result.index.resolve())


@app.command()
def demo(out: Out = None) -> None:
    """Make the report of the sample company's last quarter and say where it is."""
    _publish(DEMO_PERIOD, "sample", out, (), {})


@app.command()
def run(
    period: Annotated[str | None, typer.Argument(help="As 2026Q3, 2026-07, FY26H1 or 2026-01..2026-05.")] = None,
    source: Annotated[str | None, typer.Option("--source", "-s", help="As for kpi; 'sample' by default.")] = None,
    out: Out = None,
    only: Only = None,
    params: Annotated[Path | None, typer.Option("--params", "-f", help="A period's file under params/.")] = None,
    as_of: AsOf = None,
    fiscal_year_start: Annotated[int | None, typer.Option(min=1, max=12, help="As for kpi.")] = None,
) -> None:
    """Execute the notebooks for a period and publish its report."""
    known: dict[str, Any] = {}
    if params is not None:
        from salesnb.params import read_params

        known = read_params(params).model_dump(mode="json", exclude_unset=True)
    if period is None and "period" not in known:
        raise UsageError("no period is given", where="run", mend=f"say which, as in: salesnb run {DEMO_PERIOD}")
    given = {"as_of": as_of, "fiscal_year_start": fiscal_year_start}
    known |= {name: value for name, value in given.items() if value is not None}
    _publish(period, source, out, only or (), known)


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


def _ended(number: int, frame: object) -> None:
    raise SystemExit(128 + number)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and end the process with the exit code that says how it went."""
    signal.signal(signal.SIGTERM, _ended)
    try:
        app(args=arguments, standalone_mode=True)
    except SalesnbError as error:
        _say(f"salesnb: {error}")
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        _say("salesnb: stopped")
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
