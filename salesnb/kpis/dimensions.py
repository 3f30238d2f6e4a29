"""What a KPI can be split by, and where each segment comes from.

A dimension is found in a column of the measure's own rows, else through a seller (``rep_id`` or ``owner_id``), an
account (``account_id``) or a lead (``lead_id``; else the first lead of the deal; else the first lead of the account).
Where several can be reached, a row takes the first that has a value: a region is the seller's, else the account's.
Rows that have no segment are shown as ``"(none)"``, so that parts always sum to the whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from salesnb.errors import NeedsData, ParameterError, did_you_mean

if TYPE_CHECKING:
    from salesnb.data.book import Book

NONE = "(none)"
_REP_KEYS = ("rep_id", "owner_id")
_KEYS = {"reps": _REP_KEYS, "accounts": ("account_id",), "leads": ("lead_id", "opportunity_id", "account_id")}
_NAMED_BY = {"rep": _REP_KEYS, "account": ("account_id",)}


@dataclass(frozen=True)
class Dimension:
    """One thing that numbers can be split by.

    Attributes
    ----------
    name
        What ``by=`` calls it.
    meaning
        One phrase that says what a segment is.
    own
        The columns of the measure's rows that hold it, the first that is there counts.
    through
        The look-up columns that hold it elsewhere, as ``"reps.team"``, the first with a value counts.
    """

    name: str
    meaning: str
    own: tuple[str, ...] = ()
    through: tuple[str, ...] = ()


DIMENSIONS: MappingProxyType[str, Dimension] = MappingProxyType(
    {
        dimension.name: dimension
        for dimension in (
            Dimension("rep", "the seller's name, or the id where there is no name", (), ("reps.name",)),
            Dimension("rep_id", "the seller's id", _REP_KEYS),
            Dimension("team", "the seller's team", ("team",), ("reps.team",)),
            Dimension("manager", "the seller's manager", (), ("reps.manager_id",)),
            Dimension(
                "region", "the seller's region, else the account's", ("region",), ("reps.region", "accounts.region")
            ),
            Dimension("role", "the seller's role", ("role",), ("reps.role",)),
            Dimension("account", "the account's name, or the id where there is no name", (), ("accounts.name",)),
            Dimension("account_id", "the account's id", ("account_id",)),
            Dimension("segment", "the account's market segment", (), ("accounts.segment",)),
            Dimension("industry", "the account's industry", ("industry",), ("accounts.industry",)),
            Dimension("size_band", "the account's size", ("size_band",), ("accounts.size_band",)),
            Dimension("country", "the account's country", ("country",), ("accounts.country",)),
            Dimension("product", "the product", ("product",)),
            Dimension("kind", "new business, expansion or renewal", ("kind",)),
            Dimension("stage", "the deal's stage", ("stage",)),
            Dimension("movement", "what became of the deal in the period", ("movement",)),
            Dimension("outcome", "open, won, lost or disqualified", ("outcome",)),
            Dimension("loss_reason", "why the deal was lost", ("loss_reason",)),
            Dimension("forecast_category", "the owner's call", ("forecast_category",)),
            Dimension("move", "what became of a deal: forward, stayed, back, won or lost", ("move",)),
            Dimension("weeks_before", "how many weeks before the period's end a call was made", ("weeks_before",)),
            Dimension("revenue_type", "one_time, subscription or service", ("revenue_type",)),
            Dimension("plan", "the subscription's plan", ("plan",)),
            Dimension("source", "the lead's source", ("source",), ("leads.source",)),
            Dimension("campaign", "the lead's campaign", ("campaign",), ("leads.campaign",)),
            Dimension("channel", "the channel: the row's own, else the lead's source", ("channel",), ("leads.source",)),
            Dimension("month", "the month of the row's date", ("_on",)),
            Dimension("quarter", "the quarter of the row's date, fiscal where the year is", ("_on",)),
        )
    }
)


def carried(rows: ir.Table, by: str) -> list[str]:
    """Return the columns of some rows that a dimension may come from; none for a name that is no dimension."""
    dimension = DIMENSIONS.get(by, Dimension(by, ""))
    keys = [key for source in dimension.through for key in _KEYS[source.partition(".")[0]]]
    wanted = dict.fromkeys((*dimension.own, *keys, *_NAMED_BY.get(by, ())))
    return [name for name in wanted if name in rows.columns]


def with_dimension(book: Book, rows: ir.Table, by: str) -> ir.Table:
    """Return the rows with a text column ``segment``: where each stands in a dimension, ``"(none)"`` where nowhere.

    Raises
    ------
    ParameterError
        No dimension has that name.
    NeedsData
        The rows carry nothing from which the dimension could come, or the source does not give it.
    """
    if by not in DIMENSIONS:
        raise ParameterError(f"no dimension is called {by!r}", where="by", mend=did_you_mean(by, list(DIMENSIONS)))
    dimension = DIMENSIONS[by]
    own = [_label(rows[c], by, book.fiscal_year_start) for c in dimension.own if c in rows.columns][:1]
    lookups = [
        (key, labels)
        for source in dimension.through
        for key in _KEYS[source.partition(".")[0]]
        if key in rows.columns and (labels := _labels(book, source, key)) is not None
    ]
    ids = [rows[key] for key in _NAMED_BY.get(by, ()) if key in rows.columns][:1]
    if not (own or lookups or ids):
        reachable = [s for s in dimension.through if any(key in rows.columns for key in _KEYS[s.partition(".")[0]])]
        what = f"{by} needs {reachable[0]}" if reachable else f"the rows of this measure carry no {by}"
        needs = reachable[0] if reachable else by
        raise NeedsData(what, where=book.name, mend="split it by another dimension, or map the column", needs=needs)
    rows = rows.mutate(**{f"_label_{i}": label.cast("string") for i, label in enumerate(own + ids)})
    labels = [f"_label_{i}" for i in range(len(own))]
    rows = rows.drop("segment") if "segment" in rows.columns else rows
    kept = [column for column in rows.columns if not column.startswith("_label_")]
    for i, (key, named) in enumerate(lookups):
        labels.append(f"_found_{i}")
        named = named.rename({f"_key_{i}": "_key", f"_found_{i}": "_label"})
        rows = rows.left_join(named, [(key, f"_key_{i}")])
    labels += [f"_label_{i}" for i in range(len(own), len(own + ids))]
    return rows.select(*kept, segment=ibis.coalesce(*(rows[label] for label in labels), ibis.literal(NONE)))


def _labels(book: Book, source: str, key: str) -> ir.Table | None:
    """Return what a look-up column says for each key, as ``_key, _label``; None where the source does not give it."""
    table, _, column = source.partition(".")
    if not book.gives(source):
        return None
    if table == "reps" and column == "manager_id":
        managers = book.reps.select(_manager="rep_id", _name="name")
        joined = book.reps.select("rep_id", "manager_id").left_join(managers, [("manager_id", "_manager")])
        return joined.select(_key="rep_id", _label=ibis.coalesce(joined["_name"], joined["manager_id"]))
    if table != "leads":
        return book.table(table).select(_key="rep_id" if table == "reps" else key, _label=column)
    if not book.gives(f"leads.{key}"):
        return None
    known = book.leads.filter(lambda t: t[key].notnull())
    place = ibis.row_number().over(ibis.window(group_by=key, order_by=["created_at", "lead_id"]))
    return known.mutate(_place=place).filter(lambda t: t["_place"] == 0).select(_key=key, _label=column)


def _label(column: ir.Value, by: str, fiscal_year_start: int) -> ir.Value:
    """Return a row's own column as the text of its segment; dates as the label of their period."""
    if by not in ("month", "quarter"):
        return column
    year, month = column.year().cast("int64"), column.month().cast("int64")
    if by == "month":
        return year.cast("string") + "-" + month.cast("string").lpad(2, "0")
    if fiscal_year_start == 1:
        return year.cast("string") + "Q" + column.quarter().cast("string")
    place = (month + (12 - fiscal_year_start)) % 12
    fiscal_year = year + (month >= fiscal_year_start).cast("int32")
    quarter = (place - place % 3) / 3 + 1
    return "FY" + fiscal_year.cast("string") + "Q" + quarter.cast("int64").cast("string")
