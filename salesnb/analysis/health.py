"""Health: can we trust the numbers? What was read, used, rejected and flagged, why, and what is missing.

Everything here is the book's own audit, told so that a reader can decide: which rules were broken by how many rows and
how much money, the rows themselves with file and line, how the source was read where nobody said how, and which KPIs
the tables and columns that are not there cost.
"""

from __future__ import annotations

import datetime as dtm
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import ibis
import pandas as pd

from salesnb import formats
from salesnb.analysis.needs import costs, lost, missing
from salesnb.data.book import Book
from salesnb.data.contract import CONTRACT
from salesnb.data.history import history_limit
from salesnb.kpis import registry
from salesnb.periods import Period

_ACTIONS = {"rejected": "not used", "flagged": "used, but flagged,", "repaired": "used after a repair"}


@dataclass(frozen=True)
class Health:
    """What became of every row of a source.

    Attributes
    ----------
    name, currency, fingerprint
        Of the book.
    as_of, data_end
        The last day that is known to the report, and the last day in the data.
    tables
        One row a table: ``table, a_row_is, read, used, rejected, flagged, rejected_share, ties`` (read = used +
        rejected).
    money
        One row a table and currency: ``table, currency, read, used, rejected, unreadable, ties`` (to the cent).
    problems
        One row a broken rule: ``table, rule, action, column, rows, share`` (of the table's rows read) ``, money,
        example, reason, mend``; rejected first, then most rows.
    offenders
        The first rows of each broken rule: ``table, file, row, column, value, rule, action, reason``.
    examples
        How many rows of each rule ``offenders`` has at most.
    notes
        How the source was read where that was not said.
    absent
        One row a table or column of the contract that is not there and that a KPI needs: ``needs, meaning, kpis,
        count``; the most costly first.
    kpi_count, lost_count
        How many KPIs there are, and how many of them cannot be computed.
    history
        What the deals' history cannot tell; empty with a change log, or without deals.
    """

    name: str
    currency: str
    fingerprint: str
    as_of: dtm.date
    data_end: dtm.date
    tables: pd.DataFrame
    money: pd.DataFrame
    problems: pd.DataFrame
    offenders: pd.DataFrame
    examples: int
    notes: tuple[str, ...]
    absent: pd.DataFrame
    kpi_count: int
    lost_count: int
    history: str

    @property
    def ties(self) -> bool:
        """Whether read = used + rejected, in every table, in rows and in money."""
        return bool(self.tables["ties"].all()) and bool(self.money["ties"].all())

    def headlines(self) -> list[str]:
        """Say whether the numbers can be trusted, what is wrong with the rows, and what is missing."""
        told = [self._rows(), self._ties(), *self._worst(), self._lost(), self.history]
        return [f"{text[0].upper()}{text[1:]}{'' if text.endswith('.') else '.'}" for text in told if text]

    def numbers(self) -> pd.DataFrame:
        """List rows and money of every table in the shape of results.json: ``id`` is ``rows`` or ``money``.

        Returns
        -------
        pandas.DataFrame
            ``id, variant`` (read, used, rejected, flagged) ``, period, by`` (None) ``, segment`` (the table, and for
            money its currency) ``, value, n, unit, status, reason``.
        """
        rows: list[dict[str, Any]] = []
        for kind, frame, variants in (
            ("rows", self.tables, ("read", "used", "rejected", "flagged")),
            ("money", self.money, ("read", "used", "rejected")),
        ):
            for record in frame.to_dict("records"):
                name = " ".join(filter(None, [record["table"], record.get("currency") or ""]))
                rows += [
                    {
                        "id": kind,
                        "variant": variant,
                        "period": None,
                        "by": None,
                        "segment": name,
                        "value": float(record[variant]),
                        "n": None,
                        "unit": "count" if kind == "rows" else "money",
                        "status": "ok",
                        "reason": "",
                    }
                    for variant in variants
                ]
        return pd.DataFrame(
            rows, columns=["id", "variant", "period", "by", "segment", "value", "n", "unit", "status", "reason"]
        )

    def _rows(self) -> str:
        if not len(self.tables):
            return "the source has no table of the contract"
        read, rejected, flagged = (int(self.tables[c].sum()) for c in ("read", "rejected", "flagged"))
        if read == 0:
            return f"{formats.plural(len(self.tables), 'table')} and not one row"
        lost = (
            "every one is used"
            if rejected == 0
            else (
                f"{formats.exact(read - rejected)} are used and {formats.exact(rejected)} "
                f"({formats.share(rejected / read)}) are rejected"
            )
        )
        doubts = (
            f"; {formats.exact(flagged)} of those used {'has' if flagged == 1 else 'have'} a flag" if flagged else ""
        )
        return f"of {formats.plural(read, 'row')} read from {formats.plural(len(self.tables), 'table')}, {lost}{doubts}"

    def _ties(self) -> str:
        if self.ties:
            also = " and money to the cent" if len(self.money) else ""
            return f"nothing is unaccounted for: read = used + rejected in every table, in rows{also}"
        frames = (("rows", self.tables), ("money", self.money))
        broken = [f"{kind} of {t}" for kind, frame in frames for t in frame.loc[~frame["ties"].astype(bool), "table"]]
        return f"do not trust these numbers: read is not used + rejected in {formats.listed(broken)}"

    def _worst(self, most: int = 4) -> list[str]:
        told = []
        for row in self.problems.head(most).to_dict("records"):
            share = f" ({formats.share(row['share'])})" if not formats.is_missing(row["share"]) else ""
            example = f", for example {row['example']!r}" if row["example"] else ""
            action = _ACTIONS.get(row["action"], row["action"])
            told.append(
                f"{row['table']}: {formats.plural(int(row['rows']), 'row')}{share} {action}"
                f" because {row['reason'].rstrip('.')}{example}"
            )
        return told

    def _lost(self) -> str:
        if not self.lost_count:
            return f"all {self.kpi_count} KPIs can be computed from this source"
        return costs(self.absent, self.kpi_count)


def health(book: Book, period: Period, *, examples: int = 5) -> Health:
    """Answer "can we trust the numbers?" for a source.

    Parameters
    ----------
    book
        The book; what was read and rejected is of the whole source, whatever the period.
    period
        The period that the KPIs would be computed for.
    examples
        How many offending rows of each rule are fetched.
    """
    absent, kpi_count, lost_count = _absent(book, period)
    tables = _tables(book)
    return Health(
        name=book.name,
        currency=book.currency,
        fingerprint=book.fingerprint,
        as_of=book.as_of,
        data_end=book.data_end,
        tables=tables,
        money=_money(book),
        problems=_problems(book, tables),
        offenders=_offenders(book, examples),
        examples=examples,
        notes=book.audit.notes,
        absent=absent,
        kpi_count=kpi_count,
        lost_count=lost_count,
        history=history_limit(book) if book.has("opportunities") else "",
    )


def _tables(book: Book) -> pd.DataFrame:
    counts = book.audit.reconciliation
    frame = counts[["table", "read", "used", "rejected", "flagged"]].copy()
    frame.insert(1, "a_row_is", [CONTRACT[name].a_row_is for name in frame["table"]])
    frame["rejected_share"] = frame["rejected"] / frame["read"].where(frame["read"] > 0)
    frame["ties"] = frame["read"] == frame["used"] + frame["rejected"]
    return frame.reset_index(drop=True)


def _money(book: Book) -> pd.DataFrame:
    frame = book.audit.money[["table", "currency", "read", "used", "rejected", "unreadable"]].copy()
    frame["currency"] = [currency or book.currency for currency in frame["currency"]]
    parts = zip(frame["read"], frame["used"], frame["rejected"], strict=True)
    frame["ties"] = [
        abs(_exact(read) - _exact(used) - _exact(rejected)) < Decimal("0.005") for read, used, rejected in parts
    ]
    return frame.reset_index(drop=True)


def _exact(amount: Any) -> Decimal:
    return Decimal(0) if formats.is_missing(amount) else Decimal(str(amount))


def _problems(book: Book, tables: pd.DataFrame) -> pd.DataFrame:
    frame = book.audit.problems.copy()
    read = dict(zip(tables["table"], tables["read"], strict=True))
    frame.insert(
        5,
        "share",
        [
            rows / read[t] if read.get(t) else float("nan")
            for t, rows in zip(frame["table"], frame["rows"], strict=True)
        ],
    )
    frame["_place"] = frame["action"].map({"rejected": 0, "repaired": 1, "flagged": 2}).fillna(3)
    ranked = frame.sort_values(["_place", "rows", "table", "rule"], ascending=[True, False, True, True], kind="stable")
    return ranked.drop(columns="_place").reset_index(drop=True)


def _offenders(book: Book, examples: int) -> pd.DataFrame:
    rejects = book.rejects
    place = ibis.row_number().over(
        group_by=[rejects["table"], rejects["rule"]], order_by=[rejects["file"], rejects["row"], rejects["column"]]
    )
    kept = rejects.mutate(_place=place).filter(lambda t: t["_place"] < examples).drop("_place")
    found: pd.DataFrame = kept.order_by(["table", "rule", "file", "row", "column"]).execute()
    return found


def _absent(book: Book, period: Period) -> tuple[pd.DataFrame, int, int]:
    entries = registry.all_kpis()
    frame = missing(book, period, entries)
    frame.insert(1, "meaning", [_meaning(need) for need in frame["needs"]])
    return frame, len(entries), lost(frame)


def _meaning(need: str) -> str:
    name = need.split(" or ")[0].split(",")[0].strip()
    table, _, column = name.partition(".")
    if table not in CONTRACT:
        return ""
    if not column:
        return CONTRACT[table].a_row_is
    return CONTRACT[table].column(column).meaning if column in CONTRACT[table].names else ""
