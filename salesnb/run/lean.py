"""Lean: imports without the parts of them that are never used here and cost most, and few looks for garbage."""

from __future__ import annotations

import gc
import sys
from importlib import import_module

_FORMATS = (
    "fqdn", "isoduration", "jsonpointer", "rfc3339_validator", "rfc3986_validator", "rfc3987", "rfc3987_syntax",
    "uri_template", "webcolors",
)  # fmt: skip
_HADOOP = "pyarrow.fs"
_SELDOM = (200_000, 10, 10)


def collect_seldom() -> None:
    """Have Python look for cycles of garbage once in 200,000 new objects, where it does so once in 700.

    Tables, expressions and notebooks are made of many objects that stay: hundreds of looks through them find nothing
    and are up to a tenth of a notebook's time. Objects in no cycle go at once, as ever.
    """
    gc.enable()
    gc.set_threshold(*_SELDOM)


def without_grammars() -> None:
    """Import nbformat without what checks the formats of text: grammars of URIs, of durations, names of colours.

    ``jsonschema``, which nbformat imports and does not use for its own schema, imports whatever of these is there and
    compiles a grammar: most of the time that ``import nbformat`` takes. Each is meant to be left out where it is
    missing, so they are missing while nbformat is imported.
    """
    _without(_FORMATS, "nbformat")


def without_stores() -> None:
    """Import papermill without its way to a Hadoop file system, and with it without pyarrow and numpy.

    papermill does without where they are missing; a report is only ever written to a local path.
    """
    without_grammars()
    _without((_HADOOP,), "papermill")


def _without(unwanted: tuple[str, ...], wanted: str) -> None:
    """Import a package while others seem to be missing, but for those that are there already."""
    if wanted in sys.modules:
        return
    hidden = [name for name in unwanted if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        import_module(wanted)
    finally:
        for name in hidden:
            del sys.modules[name]
