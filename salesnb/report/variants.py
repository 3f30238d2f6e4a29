"""Definitions to look at: each with its value and its interval, and the rows that make two of them differ."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from salesnb import formats
from salesnb.analysis.readings import called
from salesnb.analysis.variants import Variants
from salesnb.report import style
from salesnb.report.canvas import Chart, canvas, finish, plain
from salesnb.report.tables import Cell, Table, by_row, number, table, text

Row = Mapping[str, Any]
_LIGHT_INK, _LIGHT_MUTED = style.INK["light"], style.MUTED["light"]


def spread_table(found: Variants) -> Table:
    """Make the list of KPIs, the one that depends most on its definition first."""
    columns = {
        "label": by_row("KPI", lambda row: Cell(row["label"], detail=row["id"]), is_number=False),
        "value": by_row("By default", lambda row: _named(found, row["value"], row["default"], row["unit"])),
        "lowest": by_row("Lowest", lambda row: _named(found, row["lowest"], row["lowest_variant"], row["unit"])),
        "highest": by_row("Highest", lambda row: _named(found, row["highest"], row["highest_variant"], row["unit"])),
        "times": by_row("Apart", _apart),
    }
    rows = found.spreads
    widest = f": most apart is {rows['label'].iloc[0]}" if len(rows) else ""
    return table(
        rows,
        columns,
        caption=f"{formats.plural(len(rows), 'KPI')} by more than one definition in {found.period}{widest}",
        note="Lowest and highest are of the definitions that could be taken for one another: same unit, same sense.",
        empty="No KPI has two definitions with a value.",
    )


def _named(found: Variants, value: Any, variant: str, unit: str) -> Cell:
    return Cell(found.shown(value, unit), detail=variant)


def _apart(row: Row) -> Cell:
    gap = formats.change(row["highest"] - row["lowest"], row["unit"]).removeprefix("+")
    if row["lowest"] == row["highest"]:
        return Cell("the same")
    if formats.is_missing(row["times"]):
        return Cell(gap)
    return Cell(f"{row['times']:.{1 if row['times'] >= 1.1 else 2}f} times", detail=gap)


def definition_views(found: Variants) -> list[Chart | Table]:
    """Make a table of the definitions of each KPI, those that depend most on them first; a picture where it adds to it.

    It does where the definitions differ and have intervals: whether two values can be told apart is seen at a glance.
    """
    made: list[Chart | Table] = []
    for id in dict.fromkeys([*found.spreads["id"], *found.values["id"]]):
        if found.readings(id)["value"].nunique() > 1 and found.readings(id)["low"].notna().any():
            made.append(dots(found, id))
        made.append(definition_table(found, id))
    return made


def dots(found: Variants, id: str) -> Chart:
    """Draw what each definition of a KPI makes of the period, with its interval.

    Parameters
    ----------
    id
        One of the KPIs of which two definitions have a value.

    Raises
    ------
    IndexError
        It is none of those.
    """
    rows = found.readings(id)
    spread = found.spreads[found.spreads["id"] == id].iloc[0]
    unit, colour = str(spread["unit"]), style.measure_colour(id)
    title = _finding(found, id)
    subtitle = f"{spread['label']} by definition · {found.period} · line: {found.confidence:.0%} interval"
    if (rows["status"] == "immature").any():
        subtitle += f" · open mark: may still change after {formats.day(found.as_of)}"
    with canvas(title, subtitle, height=0.35 + 0.3 * len(rows)) as (figure, (ax,)):
        shown: list[Row] = [{str(k): v for k, v in row.items()} for row in rows.to_dict("records")]
        places = range(len(shown))
        faces = ["white" if row["status"] == "immature" else colour for row in shown]
        ax.hlines(places, rows["low"], rows["high"], color=colour, linewidth=2.2, alpha=0.55)
        ax.scatter(rows["value"], places, s=42, zorder=3, edgecolors=colour, facecolors=faces, clip_on=False)
        for y, row in enumerate(shown):
            ax.annotate(
                plain(_beside(found, row)),
                (1.01, y),
                xycoords=("axes fraction", "data"),
                va="center",
                fontsize=8.5,
                color=_LIGHT_INK,
                fontweight="bold" if row["is_default"] else "normal",
            )
        names = [plain(_variant(row)) for row in shown]
        ax.set_yticks(places, names, color=_LIGHT_INK)
        ax.set_ylim(len(rows) - 0.4, -0.6)
        ends = rows[["value", "low", "high"]].to_numpy(dtype="float64")
        low, high = (float(f(ends[~pd.isna(ends)])) for f in (min, max))
        ax.set_xlim(min(low, 0.0) * 1.05, max(high, 0.0) * 1.05 or 1.0)
        ax.axvline(0, color=_LIGHT_MUTED, linewidth=0.8)
        ax.set_xticks([0], [plain(formats.value(0, unit).replace("0.0 %", "0 %"))], color=_LIGHT_MUTED)
        ax.spines["left"].set_visible(False)
        figure.subplots_adjust(left=0.2, right=0.7, bottom=0.26 / figure.get_figheight())
        told = "; ".join(f"{_variant(row)} {_beside(found, row)}" for row in shown)
        return finish(figure, title, f"{title} {subtitle}. {told}.")


def _finding(found: Variants, id: str) -> str:
    spread = found.spreads[found.spreads["id"] == id].iloc[0]
    low, high = (found.shown(spread[end], spread["unit"]) for end in ("lowest", "highest"))
    names = [str(spread[f"{end}_variant"]).replace("_", " ") for end in ("lowest", "highest")]
    return f"{spread['label']}: {low} is {names[0]}, {high} is {names[1]}"


def _variant(row: Row) -> str:
    return str(row["variant"]).replace("_", " ") + (" (default)" if row["is_default"] else "")


def _beside(found: Variants, row: Row) -> str:
    open_mark = " so far" if row["status"] == "immature" else ""
    return f"{found.shown(row['value'], row['unit'])}{open_mark}, n = {formats.exact(row['n'])}"


def definition_table(found: Variants, id: str) -> Table:
    """Make the table of the definitions of a KPI: value, parts, n, interval, formula and what each is for.

    Parameters
    ----------
    id
        One of the KPIs of the result.
    """
    rows = found.values[found.values["id"] == id]
    columns = {
        "variant": by_row("Definition", _definition, is_number=False),
        "value": by_row("Value", lambda row: _value(found, row)),
        "numerator": by_row("Numerator", lambda row: _part(row, "numerator")),
        "denominator": by_row("Denominator", lambda row: _part(row, "denominator")),
        "n": number("n", formats.exact),
        "formula": by_row("What it answers", lambda row: Cell(row["meaning"], detail=row["formula"]), is_number=False),
    }
    if rows["denominator"].isna().all():
        columns.pop("numerator")
        columns.pop("denominator")
    told = [f"{row['variant']}: {row['reason']}" for row in rows.to_dict("records") if row["reason"]]
    note = f"{'; '.join(told)}." if told else ""
    sure = f", {found.confidence:.0%} intervals" if rows["low"].notna().any() else ""
    return table(
        rows,
        columns,
        caption=f"{called(id)} by {formats.plural(len(rows), 'definition')}{sure}",
        note=note,
        empty="It has no definition that can be computed from this source.",
    )


def _definition(row: Row) -> Cell:
    kind = "the default" if row["is_default"] else "" if row["is_reading"] else "answers another question"
    return Cell(str(row["variant"]), detail=kind)


def _value(found: Variants, row: Row) -> Cell:
    if formats.is_missing(row["value"]):
        return Cell(formats.NOT_AVAILABLE, "muted")
    state = "so far" if row["status"] == "immature" else ""
    interval = formats.interval(row["low"], row["high"], row["unit"])
    return Cell(found.shown(row["value"], row["unit"]), detail=", ".join(filter(None, [interval, state])))


def _part(row: Row, name: str) -> str:
    value = row[name]
    if formats.is_missing(value):
        return ""
    return formats.exact(value) if math.isclose(value, round(value)) and abs(value) < 1e6 else formats.compact(value)


def difference_tables(found: Variants) -> list[Table]:
    """Make a table a KPI of the rows that its default counts and another definition does not, or the other way."""
    made = []
    for id in dict.fromkeys([*found.spreads["id"], *found.pairs["id"]]):
        pairs = found.pairs[found.pairs["id"] == id]
        rows = [row for other in pairs["other"] for row in _parting(found, str(other))]
        frame = pd.DataFrame(rows, columns=["pair", "side", "reason", "rows", "worth", "examples"]).astype(object)
        has_rows = bool(frame["rows"].notna().any())
        columns = {"pair": text("Definitions"), "side": text("Counted"), "reason": text("Because")}
        if has_rows:
            columns["rows"] = number("Rows", lambda n: "" if formats.is_missing(n) else formats.exact(n))
            columns["worth"] = number("Worth", lambda v: "" if formats.is_missing(v) else formats.money(v))
            columns["examples"] = text("For example")
        made.append(
            table(
                frame,
                columns,
                caption=f"{called(id)}: {_said_of(has_rows, set(pairs['how']))}",
                note=f"Worth is the sum of the amounts, in {found.currency}." if has_rows else "",
            )
        )
    return made


def _said_of(has_rows: bool, hows: set[str]) -> str:
    if has_rows:
        return "the rows that make the definitions differ"
    return "the definitions count rows of two kinds" if "kinds" in hows else "the same rows by every definition"


def _parting(found: Variants, other: str) -> list[dict[str, Any]]:
    pair = found.pairs[found.pairs["other"] == other].iloc[0]
    names = {side: str(pair[side]).partition(".")[2] for side in ("default", "other")}
    against = f"{names['default']} / {names['other']}"
    nothing = {"pair": against, "rows": None, "worth": None, "examples": ""}
    if pair["how"] == "kinds":
        told = found.pair(other).partition(": ")[2]
        return [nothing | {"side": "not row by row", "reason": told}]
    rows = found.differences[found.differences["other"] == other]
    if rows.empty:
        same = formats.plural(int(pair["shared"]), pair["noun"])
        return [nothing | {"side": "in both", "reason": f"the same {same}; only the arithmetic differs"}]
    words = {"default": f"only in {names['default']}", "other": f"only in {names['other']}", "otherwise": "in both"}
    return [
        {
            "pair": against,
            "side": words[row["side"]],
            "reason": row["reason"],
            "rows": row["rows"],
            "worth": row["worth"],
            "examples": ", ".join(row["examples"]),
        }
        for row in rows.to_dict("records")
    ]


def stated_table(found: Variants) -> Table:
    """Make the list of definitions of which the catalogue states another name or a source."""
    columns = {
        "name": by_row("Definition", lambda row: Cell(row["name"], detail=row["formula"]), is_number=False),
        "also": text("Also called", lambda names: ", ".join(names)),
        "source": text("Source"),
    }
    return table(
        found.stated,
        columns,
        caption="Other names and sources that the catalogue states",
        note=(
            "The catalogue states no tool's definition, so none is claimed here. To find a tool's own: look among the "
            "formulas above for the one that its manual gives, or for the value that it shows."
        ),
        empty=(
            "There are none. To find a tool's definition: look among the formulas above for the one that its manual "
            "gives, or for the value that it shows."
        ),
    )


def needs_table(found: Variants) -> Table:
    """Make the list of definitions that this source cannot give, and what each needs."""
    total = len(found.needs) + len(found.values)
    return table(
        found.needs,
        {"name": text("Definition"), "needs": text("Needs")},
        caption=f"{len(found.needs)} of {total} definitions cannot be computed from this source",
        empty="Every definition of these KPIs can be computed from this source.",
    )


def elsewhere_table(found: Variants) -> Table:
    """Make the list of variants that are not compared here, with their formulas."""
    return table(
        found.elsewhere,
        {
            "name": by_row("Variant", lambda row: Cell(row["label"], detail=row["name"]), is_number=False),
            "formula": text("Formula"),
        },
        caption=f"{formats.plural(len(found.elsewhere), 'other variant')}, not compared here",
        note=(
            "They are parts or other forms of their default, or take long to compute; salesnb kpi NAME computes each."
        ),
    )
