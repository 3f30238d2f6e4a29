"""Warm: what the first notebook of a process pays for, done once in the process that kernels are forked from.

Only imports and what they cache: nothing is opened, no thread is started, and no number depends on it.
"""

from __future__ import annotations

from importlib import import_module

_USED_LATER = (
    "IPython.core.display_functions",
    "charset_normalizer",
    "duckdb",
    "ibis.backends.duckdb",
    "ibis.formats.pandas",
    "matplotlib.backends.backend_svg",
    "numpy.testing",
    "pyarrow.pandas_compat",
    "pyarrow_hotfix",
    "salesnb.data.stored",
    "salesnb.params",
    "salesnb.report.sheet",
    "scipy.special",
)


def warm() -> None:
    """Import what notebooks use only later, find the fonts, read the words of our own queries, and write SQL once."""
    for name in _USED_LATER:
        import_module(name)
    from salesnb.data import texts
    from salesnb.kpis.definitions import definitions
    from salesnb.kpis.registry import all_kpis

    definitions(kpi.name for kpi in all_kpis())
    texts.are_own(["won"])
    _draw()
    _query()


def warm_voice() -> None:
    """Load what tells languages and how comments sound, which some notebooks read."""
    from salesnb.kpis import voice_words

    voice_words.read(["Support takes days and then closes the ticket."])


def warm_learners() -> None:
    """Import what chances of deals are fitted with."""
    import_module("sklearn.linear_model")


def warm_models() -> None:
    """Import what forecasts are fitted with."""
    from salesnb.forecast import prophets, statistical

    statistical.warm()
    prophets.warm()


def _draw() -> None:
    from salesnb.report.canvas import canvas, finish

    with canvas("A chart", "that nobody sees", height=2.0) as (figure, (axes,)):
        axes.bar(["A", "B"], [1, 2], label="bars", hatch="//")
        axes.plot([0, 1], [1, 2], marker="o", label="a line")
        axes.legend()
        finish(figure, "A chart", "A chart that nobody sees.")


def _query() -> None:
    import ibis

    rows = ibis.table({"day": "date", "name": "string", "amount": "decimal(18, 4)"}, name="rows")
    kept = rows.filter(rows.day >= ibis.date(2026, 7, 1), rows.name.notnull())
    ibis.to_sql(kept.group_by("name").aggregate(total=kept.amount.sum(), rows=kept.count()), dialect="duckdb")
