"""Tables of a scorecard: every KPI by family, the segments of each dimension, the bridge, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from salesnb import formats
from salesnb.analysis import drivers
from salesnb.analysis.apart import FEWEST
from salesnb.analysis.labels import label as label_of
from salesnb.analysis.needs import lost
from salesnb.analysis.scorecard import Scorecard
from salesnb.report.canvas import Chart
from salesnb.report.dots import segments
from salesnb.report.tables import Cell, Column, Table, by_row, number, table, text

Row = Mapping[str, Any]


def kpi_tables(card: Scorecard) -> list[Table]:
    """Make one table a family of every KPI that has a value or says why not.

    Those that need data are left to :func:`missing_table`.
    """
    known = card.kpis[card.kpis["status"] != "needs"]
    columns = {
        "label": by_row("KPI", lambda row: Cell(row["label"], detail=row["name"]), is_number=False),
        "value": by_row("Value", lambda row: _value(row, card)),
        "n": number("n", formats.exact),
        "low": by_row(
            f"{card.confidence:.0%} interval", lambda row: formats.interval(row["low"], row["high"], row["unit"])
        ),
        "previous": by_row(
            "Before", lambda row: "" if _no(row["previous"]) else formats.value(row["previous"], row["unit"])
        ),
        "change": by_row("Change", _change),
    }
    made = []
    for family, rows in known.groupby("family", sort=False):
        more = int(((card.kpis["family"] == family) & (card.kpis["status"] == "needs")).sum())
        note = f"{formats.plural(more, 'more KPI')} of this family cannot be computed from this source." if more else ""
        made.append(
            table(
                rows,
                columns,
                caption=f"{str(family).capitalize()}: {formats.plural(len(rows), 'KPI')} in {card.period}",
                note=note,
            )
        )
    return made


def _value(row: Row, card: Scorecard) -> Cell:
    if row["status"] == "table":
        return Cell("in parts", "muted", detail="only by segment")
    if _no(row["value"]):
        return Cell(formats.NOT_AVAILABLE, "muted", detail=_brief(row["reason"]))
    return Cell(
        formats.value(row["value"], row["unit"], card.currency), detail="so far" if row["status"] == "immature" else ""
    )


def _brief(reason: Any, most: int = 60) -> str:
    words = str(reason or "")
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


def _change(row: Row) -> str | Cell:
    if _no(row["change"]):
        return ""
    shown = formats.change(row["change"], row["unit"])
    if not _no(row["change_relative"]) and row["unit"] not in ("ratio", "percent"):
        shown = formats.relative(row["change_relative"])
    return Cell(shown, detail=_sure(row["is_change_real"]))


def _sure(is_real: Any) -> str:
    if is_real is None or is_real != is_real:
        return ""
    return "more than chance" if is_real else "may be chance"


def trend_table(card: Scorecard, name: str = "") -> Table:
    """Make the table behind a trend: each period with its change, the interval of the change, and its target.

    Parameters
    ----------
    name
        One of the KPIs of the trend; the amount sold where it is left out.
    """
    rows = card.trend[card.trend["name"] == (name or card.main)]
    columns = {
        "period": by_row("Period", lambda row: Cell(row["period"], detail=_state(row, card)), is_number=False),
        "value": by_row("Value", lambda row: formats.value(row["value"], row["unit"])),
        "n": number("n", formats.exact),
        "target": by_row("Target", lambda row: "" if _no(row["target"]) else formats.value(row["target"], row["unit"])),
        "change": by_row(
            "Change", lambda row: "" if _no(row["change"]) else formats.change(row["change"], row["unit"])
        ),
        "low": by_row(f"{card.confidence:.0%} interval of the change", _change_interval),
        "is_real": text("Told from chance", _sure),
    }
    if rows["target"].isna().all():
        columns.pop("target")
    label = str(rows["label"].iloc[0]) if len(rows) else label_of(name or card.main)
    return table(
        rows,
        columns,
        caption=f"{label} by {card.period.grain}",
        note=f"Money in {card.currency}.",
        empty=card.nothing() or "No period is on record.",
    )


def _state(row: Row, card: Scorecard) -> str:
    if not row["is_complete"]:
        return f"not over on {card.as_of}"
    return f"on record from {card.first_day}" if row["coverage"] == "part" else ""


def _change_interval(row: Row) -> str:
    if _no(row["change_low"]):
        return ""
    return f"{formats.change(row['change_low'], row['unit'])} to {formats.change(row['change_high'], row['unit'])}"


def segment_views(card: Scorecard) -> list[Chart | Table]:
    """Make a picture and a table of every dimension that the rows carry, in the order asked for."""
    made: list[Chart | Table] = []
    for by, cut in card.segments.items():
        if cut.rows["rate"].notna().sum() > 1:
            made.append(segments(card, by))
        made.append(segment_table(card, by))
    return made


def segment_table(card: Scorecard, by: str, *, most: int = 50) -> Table:
    """Make the table of one dimension: amount with share, change and target, and the rate with interval and mark.

    Raises
    ------
    KeyError
        The scorecard has no such dimension.
    """
    cut = card.segments[by]
    columns: dict[str, Column] = {
        "segment": text(by.replace("_", " ").capitalize()),
        "amount": number("Sold", formats.money),
        "amount_share": number("Share", lambda v: formats.share(v, 0)),
        "amount_change": number(f"On {card.named()}", lambda v: "" if _no(v) else formats.change(v, "money")),
        "target": number("Quota", lambda v: "" if _no(v) else formats.money(v)),
        "attainment": number("Attained", lambda v: "" if _no(v) else formats.share(v, 0)),
        "rate": by_row(
            cut.rate_label,
            lambda row: Cell(
                formats.value(row["rate"], cut.unit), detail=formats.interval(row["low"], row["high"], cut.unit)
            ),
        ),
        "n": number("n", formats.exact),
        "flag": by_row("Against the rest", _flag, is_number=False),
    }
    if cut.rows["target"].isna().all():
        columns = {k: c for k, c in columns.items() if k not in ("target", "attainment")}
    if cut.rows["amount_change"].isna().all():
        columns.pop("amount_change")
    few = f" Too few: fewer than {FEWEST} {cut.counted}." if (cut.rows["flag"] == "few").any() else ""
    return table(
        cut.rows,
        columns,
        caption=f"By {by}, {card.period}: {_first(cut.rows)}",
        note=f"Amounts in {card.currency}. {_marks_note(card, cut.tested)}{few}",
        most=most,
        empty=card.nothing() or f"No {by} sold anything or decided a deal.",
    )


def _marks_note(card: Scorecard, tested: int) -> str:
    if not tested:
        return "Too few rows to compare segments with each other."
    return (
        f"Marks hold the expected share of false ones below {1 - card.confidence:.0%} over "
        f"{formats.plural(tested, 'comparison')} (Benjamini-Hochberg)."
    )


def _first(rows: pd.DataFrame) -> str:
    if rows.empty:
        return "nothing to show"
    top = rows.iloc[0]
    if len(rows) == 1 or _no(top["amount_share"]):
        return formats.plural(len(rows), "segment")
    return f"{top['segment']} sold most, {formats.share(top['amount_share'], 0)} of the whole"


def _flag(row: Row) -> Cell:
    words = {"above": Cell("▲ above", "good"), "below": Cell("▼ below", "bad"), "few": Cell("too few", "muted")}
    return words.get(row["flag"], Cell("not told apart", "muted") if not _no(row["p"]) else Cell("", "muted"))


def bridge_table(card: Scorecard) -> Table:
    """Make the table of what moved the amount sold in each segment; the parts sum to the change, to the cent."""
    names = {step.label.lower() for step in card.bridge_steps() if not step.is_level} if len(card.bridge) else set()
    has_rate = "win rate" in names
    columns = {
        "segment": text(card.bridge_by.capitalize() or "All"),
        "before": number(_sentence(card.named()), formats.cents),
        "volume": number("Deals decided" if has_rate else "Orders", _moved),
        "rate": number("Win rate", _moved),
        "size": number("Deal size" if has_rate else "Order size", _moved),
        "after": number(str(card.period), formats.cents),
        "change": number("Change", _moved),
    }
    if not has_rate:
        columns.pop("rate")
    rows = card.bridge
    if len(rows) > 1:
        rows = pd.concat([rows, pd.DataFrame([{"segment": "all", **drivers.total(rows)}])], ignore_index=True)
    return table(
        rows,
        columns,
        caption=f"What moved the amount sold, in {card.currency}",
        note="In each row the parts between the two periods sum to the change.",
        empty=card.nothing() or "There is no period to compare with.",
    )


def _sentence(words: str) -> str:
    return words[0].upper() + words[1:]


def _moved(amount: Any) -> str:
    return formats.with_sign(formats.cents(amount), amount)


def missing_table(card: Scorecard) -> Table:
    """Make the table of what the source does not give, and which KPIs and dimensions that costs."""
    rows = [{"needs": row["needs"], "costs": ", ".join(row["kpis"])} for row in card.missing.to_dict("records")]
    rows += [{"needs": why, "costs": f"the breakdown by {by}"} for by, why in card.no_dimension.items()]
    count = lost(card.missing)
    return table(
        pd.DataFrame(rows, columns=["needs", "costs"]),
        {"needs": text("Missing"), "costs": text("What it costs")},
        caption=f"{count} of {card.kpi_count} KPIs cannot be computed from this source" if count else "What is missing",
        note="A KPI that lacks two things is listed under both.",
        empty="Nothing: every KPI and every dimension asked for can be computed.",
    )


def vanity_table(card: Scorecard) -> Table:
    """Make the table of KPIs that nobody can act on: no target, no owner and no action."""
    listed = card.vanity()
    vain = listed[listed["is_vanity"]]
    without = int((~listed["has_target"]).sum())
    return table(
        vain,
        {"label": text("KPI"), "name": text("Name")},
        caption=f"{formats.plural(len(vain), 'KPI')} with neither target, owner nor action",
        note=f"{without} of {len(listed)} KPIs with a value have no target.",
        empty=f"Every KPI has an owner or an action; {without} of {len(listed)} with a value have no target.",
    )


def _no(value: Any) -> bool:
    return formats.is_missing(value)
