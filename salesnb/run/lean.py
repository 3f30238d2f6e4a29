"""Lean: imports without the parts of them that are never used here and cost most."""

from __future__ import annotations

import sys

_GRAMMAR = "rfc3987_syntax"


def without_grammars() -> None:
    """Import nbformat without the grammar of URIs.

    ``jsonschema``, which nbformat imports and does not use for its own schema, compiles a grammar at import where the
    package ``rfc3987-syntax`` is there: most of the time that ``import nbformat`` takes. It is meant to be left out
    where it is missing, so it is missing while nbformat is imported.
    """
    if _GRAMMAR in sys.modules or "nbformat" in sys.modules:
        return
    sys.modules[_GRAMMAR] = None  # type: ignore[assignment]
    try:
        import nbformat  # noqa: F401
    finally:
        del sys.modules[_GRAMMAR]
