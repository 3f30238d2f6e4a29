"""Failing: what a kernel says went wrong, in the words and the kinds of error of this program."""

from __future__ import annotations

import re
import signal
from typing import Any

from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from salesnb import errors
from salesnb.errors import CellError, OutOfTime, SalesnbError
from salesnb.run.manifest import CellState
from salesnb.run.sanitise import plain

LONGEST = 800

_KINDS: dict[str, type[SalesnbError]] = {
    kind.__name__: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, SalesnbError) and kind.exit_code in (3, 4, 10, 11)
}


def cell_error(where: str, name: str, message: str) -> SalesnbError:
    """Return the error of a cell.

    An error that salesnb raised in the cell keeps its kind, and so its exit code, and its three parts; any other is a
    CellError. Of a long message the last lines are kept.

    Parameters
    ----------
    where
        Notebook and cell.
    name, message
        The exception's class and text, as the kernel told them.
    """
    name, message = plain(name)[:LONGEST], plain(message).strip()
    if name in _KINDS:
        what, inner, mend = _parts(message)
        return _KINDS[name](what, where=f"{where}: {inner}" if inner else where, mend=mend)
    if name in vars(errors):
        what, inner, mend = _parts(message)
        return CellError(what, where=f"{where}: {inner}" if inner else where, mend=mend)
    text = message if len(message) <= LONGEST else "... " + message[-LONGEST:]
    if name == "SystemExit":
        text = text or "0"
    return CellError(
        f"a cell failed with {name}{f': {text}' if text else ''}",
        where=where,
        mend="open the failed notebook in JupyterLab: it has the whole traceback",
    )


def state_of(error: BaseException) -> CellState:
    """Return what an exception says of the cell that was being executed."""
    if isinstance(error, CellTimeoutError | OutOfTime):
        return "out of time"
    if isinstance(error, DeadKernelError):
        return "kernel died"
    return "failed" if isinstance(error, CellExecutionError) else "stopped"


def how_it_ended(client: Any) -> str:
    """Say by which signal or code a dead kernel ended, where that is known."""
    process = getattr(getattr(getattr(client, "km", None), "provisioner", None), "process", None)
    code = getattr(process, "returncode", None)
    if code is None:
        return ""
    if code < 0:
        return f", by signal {-code} ({signal.Signals(-code).name})"
    return f", with exit code {code}"


def heading_of(source: str) -> str:
    """Return the last heading in a markdown text, without its marks; empty where there is none."""
    found = re.findall(r"^ {0,3}#{1,6} +(.+?)(?: +#+)?\s*$", source, flags=re.MULTILINE)
    return re.sub(r"[*`]|(?<!\w)_|_(?!\w)", "", found[-1]) if found else ""


def _parts(message: str) -> tuple[str, str, str]:
    match = re.fullmatch(r"(.*?)(?:\n  where: (.*?))?(?:\n  mend:  (.*))?", message, flags=re.DOTALL)
    assert match is not None
    return match[1], match[2] or "", match[3] or ""
