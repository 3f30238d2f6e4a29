"""Controls: what a manager turns of a plan: sliders in a live notebook, a packed grid where a run makes a page."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import pandas as pd

from salesnb.planning.quota import Quota
from salesnb.report.offline import offline
from salesnb.report.sheet import RESULTS_VARIABLE
from salesnb.report.tables import Table, table

APP_VARIABLE = "SALESNB_APP"
"""Set where several people use one server: then nothing is written on it."""


@dataclass(frozen=True)
class Live:
    """Sliders of a live notebook.

    Attributes
    ----------
    alt
        What they are.
    widget
        The widget that holds them all.
    """

    alt: str
    widget: Any

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return dict(self.widget._repr_mimebundle_()) | {"text/plain": self.alt}


def controls(found: Quota) -> Any:
    """Return what a notebook shows to turn a plan.

    Parameters
    ----------
    found
        The plan.

    Returns
    -------
    Showable
        Sliders where a notebook is live and ipywidgets is installed; where a run makes a page, the grid for the page's
        own controls; a sentence where nothing is planned.
    """
    if found.capacity is None or found.day >= found.target.last_day:
        return _none(found)
    if os.environ.get(RESULTS_VARIABLE) or find_spec("ipywidgets") is None:
        return offline(found) or _none(found)
    from salesnb.report.widgets import Panel

    made = Panel(found, is_shared=bool(os.environ.get(APP_VARIABLE)))
    return Live(f"Controls of the plan of {found.target}: they need a live notebook.", made.widget)


def _none(found: Quota) -> Table:
    why = found.nothing or f"{found.target} is over"
    return table(pd.DataFrame(), {}, caption=f"There is nothing to turn: {why}.")
