"""Sales analytics that people can trust: one definition a KPI, the rows behind it, and reports that work off-line."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from salesnb.data.book import Book
    from salesnb.data.load import open_book as open
    from salesnb.kpis.registry import all_kpis, compute
    from salesnb.params import Params
    from salesnb.periods import Period
    from salesnb.report.sheet import sheet

__version__ = "0.1.0"

__all__ = ["Book", "Params", "Period", "__version__", "all_kpis", "compute", "open", "sheet"]

_FROM = {
    "Book": "salesnb.data.book",
    "Params": "salesnb.params",
    "Period": "salesnb.periods",
    "all_kpis": "salesnb.kpis.registry",
    "compute": "salesnb.kpis.registry",
    "open": "salesnb.data.load",
    "sheet": "salesnb.report.sheet",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for, so that ``import salesnb`` stays quick."""
    if name not in _FROM:
        raise AttributeError(f"module 'salesnb' has no attribute {name!r}")
    value = getattr(import_module(_FROM[name]), "open_book" if name == "open" else name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
