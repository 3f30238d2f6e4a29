"""Backend: DuckDB for Ibis, with SQL that was written once taken from where it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ibis
import ibis.expr.types as ir
from ibis.backends.duckdb import Backend as DuckDB

from salesnb.data.queries import sql_of


class Backend(DuckDB):  # type: ignore[misc]
    """The backend of an embedded DuckDB; see :mod:`salesnb.data.queries` for which texts are kept, and where."""

    def compile(
        self, expr: ir.Expr, /, *, limit: Any = None, params: Mapping[Any, Any] | None = None,
        pretty: bool = False,
    ) -> str:  # fmt: skip
        """Return the SQL of an expression: what is kept of a table's, else written now.

        Parameters
        ----------
        expr
            The expression.
        limit, params, pretty
            As Ibis has them; with any of them nothing is kept.
        """
        is_whole = limit is None or (limit == "default" and ibis.options.sql.default_limit is None)
        if isinstance(expr, ir.Table) and is_whole and not params and not pretty:
            kept = sql_of(expr)
            if kept is not None:
                return kept
        return str(super().compile(expr, limit=limit, params=params, pretty=pretty))

    def written(self, expr: ir.Expr) -> str:
        """Return the SQL of an expression, written now."""
        return str(super().compile(expr))
