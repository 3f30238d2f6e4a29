"""Lean: imports without the parts of them that are never used here and cost most."""

from __future__ import annotations

import sys
from importlib import import_module

_GRAMMAR, _HADOOP = "rfc3987_syntax", "pyarrow.fs"


def without_grammars() -> None:
    """Import nbformat without the grammar of URIs.

    ``jsonschema``, which nbformat imports and does not use for its own schema, compiles a grammar at import where the
    package ``rfc3987-syntax`` is there: most of the time that ``import nbformat`` takes. It is meant to be left out
    where it is missing, so it is missing while nbformat is imported.
    """
    _without(_GRAMMAR, "nbformat")


def without_stores() -> None:
    """Import papermill without its way to a Hadoop file system, and with it without pyarrow and numpy.

    papermill does without where they are missing; a report is only ever written to a local path.
    """
    without_grammars()
    _without(_HADOOP, "papermill")


def _without(unwanted: str, wanted: str) -> None:
    """Import a package while another one seems to be missing; nothing is done where either is there already."""
    if unwanted in sys.modules or wanted in sys.modules:
        return
    sys.modules[unwanted] = None  # type: ignore[assignment]
    try:
        import_module(wanted)
    finally:
        del sys.modules[unwanted]
