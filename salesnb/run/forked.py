"""Forked: what a process that was forked, or started, for a run does."""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from pathlib import Path


def kernel(connection_file: str) -> None:
    """Be a Jupyter kernel, as ``python -m ipykernel_launcher -f FILE`` is one."""
    from ipykernel import kernelapp

    sys.argv = ["ipykernel_launcher", "-f", connection_file]
    kernelapp.launch_new_instance()


def store(source: str, folder: str) -> None:
    """Open a source and store its book, so that every kernel of a run can load it.

    Where the source cannot be used, the folder gets a file ``failed`` instead, and each notebook finds the error for
    itself, in its own cell.
    """
    from salesnb.data import stored
    from salesnb.data.load import open_book
    from salesnb.data.opened import FAILED, READY

    try:
        stored.save(open_book(source), Path(folder))
        Path(folder, READY).touch(mode=0o600)
    except Exception:
        Path(folder, FAILED).touch(mode=0o600)


def render(requests: int, answers: int) -> None:
    """Render notebooks, one a request, until there are no more; see :mod:`salesnb.run.rendering`."""
    from salesnb.run.rendering import serve

    serve(requests, answers)


def render_on_pipes() -> None:
    """Render as :func:`render` does, with the standard streams; what is printed goes to the log."""
    answers = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    render(sys.stdin.fileno(), answers)


if __name__ == "__main__":
    getattr(import_module("salesnb.run.forked"), sys.argv[1])(*json.loads(sys.argv[2]))
