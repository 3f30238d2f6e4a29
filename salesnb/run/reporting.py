"""Reporting: what the command line says after runs, and the exit code that goes with it."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import sys
from collections.abc import Sequence
from typing import TextIO

from salesnb.errors import SalesnbError, StorageError
from salesnb.run.order import RunResult
from salesnb.run.runner import Backfill
from salesnb.run.watching import seconds

_OPENERS = {"darwin": "open", "win32": "start"}


def say(text: str, stream: TextIO | None = None) -> None:
    """Print to stdout or another stream; that nobody listens any more is no fault.

    Raises
    ------
    StorageError
        It cannot be written where it goes.
    """
    stream = stream or sys.stdout
    try:
        print(text, file=stream, flush=True)
    except OSError as error:
        # What is left unwritten would fail once more when the program ends.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        if not isinstance(error, BrokenPipeError):
            raise StorageError(
                f"what there is to say cannot be written: {error.strerror}",
                where="the output of this command",
                mend="make room where it goes; what was published stays",
            ) from error


def told(result: RunResult, *, as_json: bool) -> int:
    """Say where a report is and what it found, and return the exit code.

    The path of the first page goes to stdout, all else to stderr; as JSON, one object goes to stdout.
    """
    code = next((error.exit_code for error in result.failed.values()), 0)
    if as_json:
        say(json.dumps(_as_dict(result, code), ensure_ascii=False))
        return code
    say("\n".join(lines(result)), sys.stderr)
    say(str(result.index.resolve()))
    return code


def lines(result: RunResult) -> list[str]:
    """Return what a person is told of a report."""
    said = [f"  - {sentence}" for sentence in result.headlines[:3]]
    for name, error in result.failed.items():
        said.append(f"missing in the report: {name}: {error.what}")
    if result.is_unchanged:
        said.append(f"Nothing has changed since the report of {result.period} was made; nothing was executed.")
        said.append("(--force runs it all the same)")
    else:
        took = f" in {seconds(result.manifest.seconds)}" if result.manifest.seconds else ""
        missing = f", without {', '.join(result.failed)}" if result.failed else ""
        said.append(f"The report of {result.period} was made{took}{missing}.")
    opener = _OPENERS.get(sys.platform, "xdg-open")
    said.append(f"Open it in a browser: {opener} {shlex.quote(str(result.index.resolve()))}")
    return said


def told_all(result: Backfill, options: Sequence[str], *, as_json: bool) -> int:
    """Say what came of many periods, and how to run just those that failed; return the exit code.

    Parameters
    ----------
    result
        What came of them.
    options
        Of the command line, without the periods.
    """
    code = next((error.exit_code for error in result.failed.values()), 0)
    code = code or next((error.exit_code for one in result.done for error in one.failed.values()), 0)
    again = shlex.join(["salesnb", "backfill", *result.failed, *options])
    if as_json:
        failed = {period: _error(error) for period, error in result.failed.items()}
        done = [_as_dict(one, 0) for one in result.done]
        say(json.dumps({"kind": "done", "reports": done, "failed": failed, "exit_code": code}, ensure_ascii=False))
        return code
    for one in result.done:
        say(str(one.index.resolve()))
    unchanged = sum(one.is_unchanged for one in result.done)
    whole = len(result.done) + len(result.failed)
    words = [f"{len(result.done)} of {whole} reports are published" + (f", {unchanged} unchanged" if unchanged else "")]
    for period, error in result.failed.items():
        first, *rest = str(error).splitlines()
        words += [f"{period} failed with {error.exit_code}: {first}", *rest]
    for one in result.done:
        words += [f"{one.period}: {name} is missing: {error.what}" for name, error in one.failed.items()]
    if result.failed:
        words.append(f"run just these again: {again}")
    say("\n".join(words), sys.stderr)
    return code


def _as_dict(result: RunResult, code: int) -> dict[str, object]:
    return {
        "kind": "done",
        "period": result.period,
        "index": str(result.index.resolve()),
        "headlines": list(result.headlines),
        "unchanged": result.is_unchanged,
        "failed": {name: _error(error) for name, error in result.failed.items()},
        "exit_code": code,
    }


def _error(error: SalesnbError) -> dict[str, object]:
    return {
        "error": type(error).__name__,
        "exit_code": error.exit_code,
        "what": error.what,
        "where": error.where,
        "mend": error.mend,
    }


def failed(error: SalesnbError) -> str:
    """Return an error as the last event of a run whose events are JSON."""
    return json.dumps({"kind": "error", **_error(error)}, ensure_ascii=False)
