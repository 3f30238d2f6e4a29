"""Results as text for a terminal and for other programs: tables, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesnb import formats
from salesnb.analysis.restatement import PARTS, rounded

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from salesnb.analysis.restatement import Restatement
    from salesnb.data.book import Book
    from salesnb.kpis.registry import Kpi

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def records(frame: pd.DataFrame) -> str:
    """Write a frame as a JSON array of objects; what is missing is null."""
    rows = [{str(name): _plain(value) for name, value in row.items()} for row in frame.to_dict("records")]
    return json.dumps(rows, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, (str, bool)):
        return value
    if value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, Decimal):
        return float(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def columns(rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Write rows of texts, the first of them the heading, as columns two blanks apart; ``right`` ones flush right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [cell.rjust(widths[i]) if i in right else cell.ljust(widths[i]) for i, cell in enumerate(row)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines) + "\n"


def kpi(frame: pd.DataFrame, currency: str) -> str:
    """Write what ``registry.compute`` gave: the value with its interval and n, a line a segment."""
    unit = str(frame["unit"].iloc[0])
    first = frame.iloc[0]
    rows = [["segment", "value", "interval", "n", "status", ""]]
    for row in frame.to_dict("records"):
        has_value = not formats.is_missing(row["value"])
        shown = formats.value(row["value"], unit, currency) if has_value else formats.NOT_AVAILABLE
        has_interval = not (formats.is_missing(row["low"]) or formats.is_missing(row["high"]))
        span = formats.interval(row["low"], row["high"], unit) if has_interval else ""
        n = "" if formats.is_missing(row["n"]) else formats.exact(row["n"])
        segment = "all" if row["segment"] is None or row["segment"] != row["segment"] else _safe(str(row["segment"]))
        rows.append([segment, shown, span, n, str(row["status"]), str(row["reason"] or "")])
    return f"{first['id']}.{first['variant']}  {first['period']}\n" + columns(rows, right=(1, 2, 3))


def _safe(text: str) -> str:
    """A text from the data without what a terminal would obey: control and direction characters."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def rows(table: ir.Table, *, as_json: bool = False) -> str:
    """Write the rows behind a number as CSV, or as JSON; a text that a spreadsheet would compute gets an apostrophe."""
    shown = [name for name in table.columns if not name.startswith("_")]
    frame = table.select(*shown).order_by(shown[0]).execute()
    if as_json:
        return records(frame)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(frame.columns)
    for row in frame.itertuples(index=False):
        writer.writerow([_cell(value) for value in row])
    return out.getvalue()


def _cell(value: Any) -> Any:
    if value is None or (not isinstance(value, (str, bool)) and pd.isna(value)):
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if hasattr(value, "isoformat"):
        return value.isoformat().removesuffix("T00:00:00")
    return value


def catalogue(entries: Sequence[Kpi], *, as_json: bool = False) -> str:
    """Write the catalogue: name, unit and meaning of every KPI and variant."""
    if as_json:
        names = (
            "id",
            "variant",
            "is_default",
            "family",
            "meaning",
            "formula",
            "unit",
            "better",
            "needs",
            "by",
            "grain",
        )
        return records(pd.DataFrame([{name: getattr(entry, name) for name in names} for entry in entries]))
    text = []
    for family in dict.fromkeys(entry.family for entry in entries):
        own = [entry for entry in entries if entry.family == family]
        lines = [[f"  {e.name}" + (" *" if e.is_default else ""), e.unit, e.meaning] for e in own]
        text.append(f"{family}\n" + columns(lines))
    return "\n".join(text) + "\n* is meant where no variant is named\n"


def audit(book: Book, *, as_json: bool = False) -> str:
    """Write what was read, used and rejected of each table, by rule, with the money."""
    counts, money, problems = book.audit.reconciliation, book.audit.money, book.audit.problems
    if as_json:
        content = {
            "source": book.name, "as_of": book.as_of, "currency": book.currency, "fingerprint": book.fingerprint,
            "tables": counts.to_dict("records"), "money": money.to_dict("records"),
            "problems": problems.to_dict("records"), "notes": list(book.audit.notes),
        }  # fmt: skip
        return json.dumps(_plain(content), ensure_ascii=False, indent=1) + "\n"
    text = [f"{book.name}, as of {book.as_of}, amounts in {book.currency}\n"]
    names = [name for name in ("read", "used", "rejected", "flagged", "filtered") if name in counts]
    rows = [
        ["table", *names],
        *([r["table"], *(formats.exact(r[n]) for n in names)] for r in counts.to_dict("records")),
    ]
    text.append(columns(rows, right=range(1, len(names) + 1)))
    if len(money):
        rows = [["money of", "currency", "read", "used", "rejected", "unreadable amounts"]]
        rows += [
            [
                r["table"],
                r["currency"] or "",
                *(formats.cents(r[n]) for n in ("read", "used", "rejected")),
                str(r["unreadable"]),
            ]
            for r in money.to_dict("records")
        ]
        text.append(columns(rows, right=(2, 3, 4, 5)))
    if len(problems):
        rows = [["table", "rows", "what happened", "column", "for example", "why; how to mend"]]
        rows += [
            [r["table"], formats.exact(r["rows"]), r["action"], _safe(r["column"]), _safe(str(r["example"]))[:40],
             f"{r['reason']}; {r['mend']}"]
            for r in problems.to_dict("records")
        ]  # fmt: skip
        text.append(columns(rows, right=(1,)))
    text += [f"note: {_safe(note)}\n" for note in book.audit.notes]
    return "\n".join(text)


def scores(found: pd.DataFrame) -> str:
    """Write how far off each forecaster was, by weeks before the end; a sentence where there is nothing to score."""
    if found.empty:
        return "No forecast of a past run can be held against what came yet: run again when its period is over.\n"
    heads = ("weeks before", "forecaster", "periods", "off", "MASE", "too high or low", "held", "better than naive")
    rows = [
        [formats.exact(r["weeks"]), r["forecaster"], formats.exact(r["n"]), formats.share(r["wape"]),
         formats.value(r["mase"], "number"), formats.relative(r["bias"]), formats.share(r["coverage"], 0),
         formats.share(r["value_added"], 0)]
        for r in found.to_dict("records")
    ]  # fmt: skip
    return columns([heads, *rows], right=(0, 2, 3, 4, 5, 6, 7)) + "\n"


def restatement(restated: Restatement, *, every: bool = False, as_json: bool = False) -> str:
    """Write what changed between two runs: the finding, then a line a number with its parts, then what differs.

    Parameters
    ----------
    restated
        The comparison.
    every
        Whether to list the numbers that are the same, too.
    as_json
        Whether to write it as JSON.
    """
    numbers = restated.numbers if every else restated.moved
    if as_json:
        frames = {"numbers": numbers, "inputs": restated.inputs, "tables": restated.tables, "rows": restated.rows}
        content = {
            "period": restated.period, "earlier": restated.earlier, "later": restated.later,
            "currency": restated.currency, "headlines": restated.headlines(),
            **{name: frame.to_dict("records") for name, frame in frames.items()},
        }  # fmt: skip
        return json.dumps(_plain(content), ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    text = ["\n".join(_safe(line) for line in restated.headlines()) + "\n"]
    if len(numbers):
        text.append(_numbers(numbers))
    why = [[_named(row), _safe(row["reason"])] for row in _records(numbers) if row["reason"]]
    if why:
        text.append(columns([["number", "why"], *why]))
    if len(restated.rows):
        rows = [["table", "row", "key", "dated", "what changed"]]
        for row in _records(restated.rows):
            dated = "" if row["dated"] is None or row["dated"] is pd.NaT else str(row["dated"])
            rows.append([row["table"], row["what"], _safe(row["key"]), dated, _safe(row["detail"])])
        text.append(columns(rows))
    if len(restated.inputs):
        rows = [["differs", "of the", "was", "is"]]
        rows += [
            [_safe(r["input"]), r["part"], *(_short(r[side]) for side in ("old", "new"))]
            for r in _records(restated.inputs)
        ]
        text.append(columns(rows))
    return "\n".join(text)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _numbers(frame: pd.DataFrame) -> str:
    found = [part for part in PARTS if any(value for value in frame[part] if value is not None)]
    lines = [["number", "was", "is", "change", "", *found]]
    for row in _records(frame):
        unit, change = row["unit"], row["change"]
        if not isinstance(change, Decimal):
            told = "" if row["what"] == "same" else row["what"]
            both = [_exactly(row[side], unit, 2) for side in ("old", "new")]
            lines.append([_named(row), *both, told, "", *("" for _ in found)])
            continue
        scale = 2 if unit == "ratio" else 0
        parts = {part: row[part].scaleb(scale) for part in PARTS}
        places = _places(change.scaleb(scale), [*parts.values(), *(_decimal(row[s], unit) for s in ("old", "new"))])
        whole, parts = rounded(change.scaleb(scale), parts, places)
        relative = formats.relative(row["relative"]) if change and not formats.is_missing(row["relative"]) else ""
        lines.append(
            [
                _named(row),
                *(_exactly(row[side], unit, places) for side in ("old", "new")),
                _signed(whole, unit) if change else "",
                relative,
                *(_signed(parts[part], "") if parts[part] else "" for part in found),
            ]
        )
    return columns(lines, right=range(1, len(lines[0])))


def _places(change: Decimal, values: Sequence[Decimal]) -> int:
    """Return how many decimals to write: two, more where the change is smaller, no more than there are."""
    there = max((-int(value.normalize().as_tuple().exponent) for value in values), default=0)
    return max(0, min(there, max(2, 1 - change.adjusted() if change else 2)))


def _named(row: Mapping[str, Any]) -> str:
    segment = f", {row['by']} {row['segment']}" if row["by"] is not None else ""
    return _safe(f"{row['id']}.{row['variant']} {row['period']}{segment}")


def _exactly(value: float | None, unit: str, places: int) -> str:
    """A value with so many decimals that the changes beside it can be checked."""
    if value is None or formats.is_missing(value):
        return formats.NOT_AVAILABLE
    text = f"{_decimal(value, unit):,.{places}f}".replace("-", formats.MINUS)
    return f"{text} %" if unit in ("ratio", "percent") else text


def _decimal(value: float, unit: str) -> Decimal:
    return Decimal(repr(float(value))).scaleb(2 if unit == "ratio" else 0)


def _signed(change: Decimal, unit: str) -> str:
    text = f"{change:+,f}".replace("-", formats.MINUS)
    return f"{text} points" if unit in ("ratio", "percent", "points") else text


def _short(value: Any, most: int = 24) -> str:
    """An input; of a digest its first figures."""
    if value is None or value != value:
        return "not known"
    text = _safe(str(value))
    is_digest = len(text) >= 16 and set(text) <= set("0123456789abcdef")
    return text[:10] if is_digest else text if len(text) <= most else f"{text[: most - 3]}..."
